import Synchronization
import System
import Telemetry
import Threads
import Training

/// The progress line of a worker on a terminal. A thread of its own looks a few times a second at what the
/// compute thread does: that costs the compute thread nothing, and a terminal that takes no output (Ctrl-S)
/// stops neither it nor the communication.
final class WorkerProgress: Sendable {
    /// Seconds between two looks.
    private static let interval = 0.1

    private let reporter: ProgressReporter
    private let activity: ActivityBeacon
    private let stepsPerEpoch: Int
    /// Samples of a step, on average.
    private let samples: Double
    private let isClosed = Atomic(false)
    private let thread = Mutex<Thread?>(nil)

    /// Begins to look; nil where no line can be redrawn.
    init?(_ console: Console, _ plan: TrainingPlan, _ activity: ActivityBeacon) throws {
        guard console.isTerminal else { return nil }
        self.activity = activity
        stepsPerEpoch = max(1, plan.geometry.stepsPerEpoch)
        samples = Double(plan.facts.trainCount) / Double(stepsPerEpoch)
        reporter = ProgressReporter(console: console, epochs: plan.job.epochs, steps: plan.totalSteps)
        let thread = try Thread(named: "progress") { [self] in watch() }
        self.thread.withLock { $0 = thread }
    }

    private func watch() {
        /// The steps that were done at the last look; nil while nothing is computed.
        var done: Int?
        while !isClosed.load(ordering: .relaxed) {
            let (phase, step) = activity.current
            if phase == .idle {
                done = nil
                reporter.wait(for: "the coordinator")
            } else if let before = done {
                if step != before { advance(to: step, from: before) }
                done = step
            } else {
                done = step
                reporter.compute(from: step)
            }
            Clock.sleep(seconds: Self.interval)
        }
        reporter.finish()
    }

    private func advance(to step: Int, from before: Int) {
        let summary = StepSummary(
            step: step, epoch: max(0, step - 1) / stepsPerEpoch + 1,
            samples: Int(samples * Double(max(1, step - before))), values: [])
        reporter.receive(.training(.stepFinished(summary)), at: 0, from: "")
    }

    /// Removes the line.
    func close() {
        isClosed.store(true, ordering: .relaxed)
        thread.withLock { $0 }?.join()
    }
}
