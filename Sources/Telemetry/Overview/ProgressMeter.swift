import System

/// The progress of a run, from its events: what the bar and the pages show of it. A value: the time is a
/// parameter.
package struct ProgressMeter: Sendable {
    package let epochs: Int
    package let steps: Int
    private let begin: (epoch: Int, step: Int)
    private var speed = SpeedMeter()
    /// The newest step; nil before the first one.
    package private(set) var newest: StepSummary?
    private var slowest: String?
    /// The thing that the training waits for, such as `a worker`; nil: it computes.
    package private(set) var waitsFor: String?

    /// - Parameters:
    ///   - epochs: of the whole run.
    ///   - steps: of the whole run.
    ///   - begin: the epoch, from 1, and the steps that are done, of a run that is resumed.
    package init(epochs: Int, steps: Int, begin: (epoch: Int, step: Int) = (epoch: 1, step: 0)) {
        self.epochs = epochs
        self.steps = steps
        self.begin = begin
    }

    package mutating func take(_ event: RunEvent, at time: Double) {
        switch event {
        case .training(.stepFinished(let step)): take(step, at: time)
        case .training(.slowestChanged(let worker, let speed)):
            slowest = worker.map {
                "worker \($0.number) (\(TextFormat.fixed(speed, 2)) of the others' speed)"
            }
        case .generation(.started(_, _, let step)): compute(from: step, at: time)
        case .generation(.ending), .generation(.recoveryStarted): speed.pause()
        default: break
        }
    }

    package mutating func take(_ step: StepSummary, at time: Double) {
        speed.record(step: step.step, epoch: step.epoch, samples: step.samples, at: time)
        newest = step
        waitsFor = nil
    }

    /// The training computes from now on; `step` steps are done.
    package mutating func compute(from step: Int, at time: Double) {
        speed.start(step: step, at: time)
        waitsFor = nil
    }

    /// The training waits for something, such as `a worker`. That counts neither for the speed nor for the
    /// time that is left. Returns whether it is news.
    package mutating func wait(for what: String) -> Bool {
        speed.pause()
        defer { waitsFor = what }
        return waitsFor != what
    }

    package var step: Int { newest?.step ?? begin.step }

    package var progress: Progress {
        let epoch = newest?.epoch ?? begin.epoch
        return Progress(
            epoch: epoch, epochs: epochs, step: step, steps: steps, values: newest?.epochValues ?? [],
            samplesPerSecond: speed.samplesPerSecond,
            secondsLeft: speed.secondsLeft(steps: steps - step, epochs: epochs - epoch + 1),
            slowest: slowest, waitsFor: waitsFor)
    }
}
