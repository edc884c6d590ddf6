import Synchronization
import System

/// Shows a run's progress: on a terminal a bar that is redrawn in place, elsewhere a line every few seconds.
///
/// A sink of the events of steps and epochs. It may be used from any thread.
package final class ProgressReporter: EventSink {
    /// Seconds between redraws of the bar.
    static let barInterval = 0.1
    /// Seconds between lines where nothing can be redrawn.
    static let lineInterval = 5.0

    private struct State {
        var meter = RateMeter()
        /// The time of the newest bar or line.
        var lastShown: Double?
        var slowest: String?
    }

    private let console: Console
    private let epochs: Int
    private let steps: Int
    private let now: @Sendable () -> Double
    private let state = Mutex(State())

    /// - Parameters:
    ///   - epochs: of the whole run.
    ///   - steps: of the whole run.
    ///   - now: seconds of a clock that never goes back.
    package init(
        console: Console = .standardError, epochs: Int, steps: Int,
        now: @escaping @Sendable () -> Double = { Clock.monotonicSeconds() }
    ) {
        self.console = console
        self.epochs = epochs
        self.steps = steps
        self.now = now
    }

    package func receive(_ event: RunEvent, at time: Double, from source: String) {
        switch event {
        case .training(.stepFinished(let report)): update(report)
        case .training(.epochFinished(let report)): endEpoch(report)
        case .training(.slowestChanged(let worker, let speed)):
            let text = worker.map { "\($0) (\(TextFormat.fixed(speed, 2)) of the others' speed)" }
            state.withLock { $0.slowest = text }
        default: break
        }
    }

    /// Removes the bar.
    package func finish() { console.drawBar("") }

    private func update(_ report: StepSummary) {
        guard let progress = progress(report) else { return }
        if console.isTerminal {
            console.drawBar(ProgressFormat.bar(progress, width: console.width))
        } else {
            console.writeLine(ProgressFormat.line(progress))
        }
    }

    /// The progress with this step; nil while the newest bar or line is recent.
    private func progress(_ report: StepSummary) -> Progress? {
        let time = now()
        return state.withLock { state in
            state.meter.record(step: report.step, samples: report.samples, at: time)
            let interval = console.isTerminal ? ProgressReporter.barInterval : ProgressReporter.lineInterval
            // A file gets its first line after an interval: the start of a run is in the log already.
            guard let last = state.lastShown ?? (console.isTerminal ? -.infinity : nil) else {
                state.lastShown = time
                return nil
            }
            guard time - last >= interval else { return nil }
            state.lastShown = time
            return Progress(
                epoch: report.epoch, epochs: epochs, step: report.step, steps: steps, values: report.values,
                samplesPerSecond: state.meter.samplesPerSecond,
                secondsLeft: state.meter.stepsPerSecond.map { Double(max(0, steps - report.step)) / $0 },
                slowest: state.slowest)
        }
    }

    /// Writes the line of an epoch, which stays.
    private func endEpoch(_ report: EpochSummary) {
        state.withLock { $0.lastShown = console.isTerminal ? nil : now() }
        console.writeLine(ProgressFormat.line(report))
    }
}
