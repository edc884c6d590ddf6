import Synchronization
import System

/// Shows a run's progress: a line for each epoch, and on a terminal below it a bar that is redrawn in place.
/// A file gets a line within an epoch only where there was none for a minute.
///
/// A sink of the events of steps and epochs. It may be used from any thread.
package final class ProgressReporter: EventSink {
    /// Seconds between redraws of the bar.
    static let barInterval = 0.1
    /// Seconds without a line, after which a file gets one.
    static let lineInterval = 60.0

    private struct State {
        var meter: ProgressMeter
        var epochLines = EpochLines()
        /// The time of the newest bar or line.
        var lastShown: Double?
    }

    private let console: Console
    private let now: @Sendable () -> Double
    private let state: Mutex<State>

    /// - Parameters:
    ///   - epochs: of the whole run.
    ///   - steps: of the whole run.
    ///   - begin: the epoch, from 1, and the steps that are done, of a run that is resumed.
    ///   - now: seconds of a clock that never goes back.
    package init(
        console: Console = .standardError, epochs: Int, steps: Int,
        begin: (epoch: Int, step: Int) = (epoch: 1, step: 0),
        now: @escaping @Sendable () -> Double = { Clock.monotonicSeconds() }
    ) {
        self.console = console
        self.now = now
        state = Mutex(State(meter: ProgressMeter(epochs: epochs, steps: steps, begin: begin)))
    }

    package func receive(_ event: RunEvent, at time: Double, from source: String) {
        switch event {
        case .training(.stepFinished(let report)): update(report)
        case .training(.epochFinished(let report)): endEpoch(report)
        default: takeOther(event)
        }
    }

    private func takeOther(_ event: RunEvent) {
        let time = now()
        state.withLock { $0.meter.take(event, at: time) }
    }

    /// The training computes from now on; `step` steps are done.
    package func compute(from step: Int) {
        let time = now()
        state.withLock { $0.meter.compute(from: step, at: time) }
    }

    /// The training waits for something, such as `a worker`. That counts neither for the speed nor for the
    /// time that is left.
    package func wait(for what: String) {
        let changed = state.withLock { $0.meter.wait(for: what) ? $0.meter.progress : nil }
        if let changed { draw(changed) }
    }

    /// Removes the bar.
    package func finish() { console.drawBar("") }

    private func update(_ report: StepSummary) {
        guard let progress = progress(report) else { return }
        if console.isTerminal { draw(progress) } else { console.writeLine(ProgressFormat.line(progress)) }
    }

    private func draw(_ progress: Progress) {
        guard console.isTerminal else { return }
        console.drawBar(ProgressFormat.bar(progress, width: console.width, style: console.style))
    }

    /// The progress with this step; nil while the newest bar or line is recent.
    private func progress(_ report: StepSummary) -> Progress? {
        let time = now()
        return state.withLock { state in
            state.meter.take(report, at: time)
            let interval = console.isTerminal ? ProgressReporter.barInterval : ProgressReporter.lineInterval
            // A file gets its first line after an interval: the start of a run is in the log already.
            guard let last = state.lastShown ?? (console.isTerminal ? -.infinity : nil) else {
                state.lastShown = time
                return nil
            }
            guard time - last >= interval else { return nil }
            state.lastShown = time
            return state.meter.progress
        }
    }

    /// Writes the line of an epoch, which stays.
    private func endEpoch(_ report: EpochSummary) {
        let width = console.isTerminal ? console.width : nil
        let line = state.withLock { state in
            state.lastShown = console.isTerminal ? nil : now()
            return state.epochLines.line(report, width: width, style: console.style)
        }
        console.writeLine(line)
    }
}
