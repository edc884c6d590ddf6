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
        var meter = SpeedMeter()
        var epochLines = EpochLines()
        /// The time of the newest bar or line.
        var lastShown: Double?
        var progress: Progress
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
        let progress = Progress(epoch: begin.epoch, epochs: epochs, step: begin.step, steps: steps)
        state = Mutex(State(progress: progress))
    }

    package func receive(_ event: RunEvent, at time: Double, from source: String) {
        switch event {
        case .training(.stepFinished(let report)): update(report)
        case .training(.epochFinished(let report)): endEpoch(report)
        case .training(.slowestChanged(let worker, let speed)):
            let text = worker.map {
                "worker \($0.number) (\(TextFormat.fixed(speed, 2)) of the others' speed)"
            }
            state.withLock { $0.progress.slowest = text }
        case .generation(.started(_, _, let step)): compute(from: step)
        case .generation(.ending), .generation(.recoveryStarted): state.withLock { $0.meter.pause() }
        default: break
        }
    }

    /// The training computes from now on; `step` steps are done.
    package func compute(from step: Int) {
        let time = now()
        state.withLock { state in
            state.meter.start(step: step, at: time)
            state.progress.waitsFor = nil
        }
    }

    /// The training waits for something, such as `a worker`. That counts neither for the speed nor for the
    /// time that is left.
    package func wait(for what: String) {
        let changed: Progress? = state.withLock { state in
            state.meter.pause()
            guard state.progress.waitsFor != what else { return nil }
            state.progress.waitsFor = what
            return state.progress
        }
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
            state.meter.record(step: report.step, epoch: report.epoch, samples: report.samples, at: time)
            let interval = console.isTerminal ? ProgressReporter.barInterval : ProgressReporter.lineInterval
            // A file gets its first line after an interval: the start of a run is in the log already.
            guard let last = state.lastShown ?? (console.isTerminal ? -.infinity : nil) else {
                state.lastShown = time
                return nil
            }
            guard time - last >= interval else { return nil }
            state.lastShown = time
            let steps = state.progress.steps - report.step
            let epochs = state.progress.epochs - report.epoch + 1
            state.progress.epoch = report.epoch
            state.progress.step = report.step
            state.progress.values = report.epochValues
            state.progress.samplesPerSecond = state.meter.samplesPerSecond
            state.progress.secondsLeft = state.meter.secondsLeft(steps: steps, epochs: epochs)
            state.progress.waitsFor = nil
            return state.progress
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
