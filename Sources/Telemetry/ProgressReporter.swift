import Synchronization
import System

/// Shows a run's progress: a bar that is redrawn in place on a terminal, a line now and then elsewhere. From any thread.
package final class ProgressReporter: Sendable {
    /// Seconds between redraws, and between lines where nothing can be redrawn.
    static let barInterval = 0.1
    static let lineInterval = 5.0

    private struct State {
        var meter = RateMeter()
        var lastShown: Double?
        var straggler: String?
    }

    private let console: Console
    private let epochs: Int
    private let steps: Int
    private let now: @Sendable () -> Double
    private let state = Mutex(State())

    /// `steps`: of the whole run.
    package init(
        console: Console = .standardError, epochs: Int, steps: Int,
        now: @escaping @Sendable () -> Double = { Clock.monotonicSeconds() }
    ) {
        (self.console, self.epochs, self.steps, self.now) = (console, epochs, steps, now)
    }

    /// `step` steps of the run are done; the last one, in `epoch` (from 1), had `samples` samples.
    package func update(epoch: Int, step: Int, samples: Int, loss: Double?, metrics: [NamedValue] = []) {
        let time = now()
        let progress: Progress? = state.withLock { state in
            state.meter.record(step: step, samples: samples, at: time)
            let interval = console.isTerminal ? ProgressReporter.barInterval : ProgressReporter.lineInterval
            // A file gets its first line after an interval: the start of a run is in the log already.
            guard let last = state.lastShown ?? (console.isTerminal ? -.infinity : nil) else {
                state.lastShown = time
                return nil
            }
            guard time - last >= interval else { return nil }
            state.lastShown = time
            return Progress(
                epoch: epoch, epochs: epochs, step: step, steps: steps, loss: loss, metrics: metrics,
                samplesPerSecond: state.meter.samplesPerSecond,
                secondsLeft: state.meter.stepsPerSecond.map { Double(max(0, steps - step)) / $0 },
                straggler: state.straggler)
        }
        guard let progress else { return }
        if console.isTerminal {
            console.drawBar(ProgressFormat.bar(progress, width: console.width))
        } else {
            console.writeLine(ProgressFormat.line(progress))
        }
    }

    /// Who is slow from now on, at which part of the others' speed; nil: nobody.
    package func straggler(_ name: String?, speed: Double) {
        state.withLock {
            $0.straggler = name.map { "\($0) (\(TextFormat.fixed(speed, 2)) of the others' speed)" }
        }
    }

    /// A line that stays.
    package func endEpoch(_ summary: EpochSummary) {
        state.withLock { $0.lastShown = console.isTerminal ? nil : now() }
        console.writeLine(ProgressFormat.line(summary))
    }

    /// Removes the bar.
    package func finish() { console.drawBar("") }
}
