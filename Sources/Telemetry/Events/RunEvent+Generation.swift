import System

extension RunEvent {
    /// Generations (periods of constant membership), and the recovery after one that ended before its time.
    package enum Generation: Equatable, Sendable {
        /// The coordinator chose the workers of the next generation. `kept_bytes` of the state are where they
        /// are needed already; `sent_bytes` are sent.
        case formed(number: Int, workers: [Int], step: Int, sentBytes: Int, keptBytes: Int)
        /// All workers of a generation are connected to each other and compute from this step on.
        case started(number: Int, workers: Int, step: Int)
        /// A generation ends after the step at hand, and nothing is lost.
        case ending(number: Int, reason: String)
        /// The work is divided anew by speed; `microbatches` counts those of each worker's number.
        case workShared(microbatches: [WorkerShare])
        /// A generation ended before its time. The training goes back to the snapshot of `step`, and computes
        /// `lost_steps` again.
        case recoveryStarted(step: Int, lostSteps: Int)
        /// The first step after a loss is done.
        case recoveryContinued(step: Int, seconds: Double)
        /// All steps that were lost are done again, `seconds` after the loss.
        case recovered(step: Int, lostSteps: Int, seconds: Double)
    }
}

/// The number of microbatches per step that a worker computes.
package struct WorkerShare: Equatable, Sendable {
    package var worker: WorkerName
    package var microbatches: Int

    package init(_ worker: WorkerName, microbatches: Int) {
        self.worker = worker
        self.microbatches = microbatches
    }
}

extension RunEvent.Generation {
    var facts: EventFacts {
        switch self {
        case .formed(let number, let workers, let step, let sent, let kept):
            EventFacts(
                "generation_formed", .debug,
                "generation \(number) forms at step \(TextFormat.grouped(step)) with"
                    + " \(TextFormat.count(workers.count, "worker")); \(TextFormat.bytes(sent)) of the state"
                    + " are sent, \(TextFormat.bytes(kept)) are where they are needed",
                fields: [
                    "generation": .integer(number), "workers": .list(workers.map { .integer($0) }),
                    "step": .integer(step), "sent_bytes": .integer(sent), "kept_bytes": .integer(kept),
                ])
        case .started(let number, let workers, let step):
            EventFacts(
                "generation_started", .info,
                "training with \(TextFormat.count(workers, "worker")) from step \(TextFormat.grouped(step))"
                    + " (generation \(number))",
                fields: [
                    "generation": .integer(number), "workers": .integer(workers), "step": .integer(step),
                ])
        case .ending(let number, let reason):
            EventFacts(
                "generation_ending", .info, "the workers regroup after this step: \(reason)",
                fields: ["generation": .integer(number), "reason": .text(reason)])
        case .workShared(let shares):
            EventFacts(
                "work_shared", .info,
                "the work is divided by speed; microbatches per step: "
                    + shares.map { "\($0.worker) \($0.microbatches)" }.joined(separator: ", "),
                fields: [
                    "microbatches": .object(
                        shares.map { EventField("\($0.worker.number)", .integer($0.microbatches)) })
                ])
        case .recoveryStarted(let step, let lost):
            EventFacts(
                "recovery_started", .info,
                "going back to step \(TextFormat.grouped(step)): \(TextFormat.count(lost, "step")) to compute"
                    + " again",
                fields: ["step": .integer(step), "lost_steps": .integer(lost)])
        case .recoveryContinued(let step, let seconds):
            EventFacts(
                "recovery_continued", .debug,
                "step \(TextFormat.grouped(step)), the first one after the loss, was done"
                    + " \(TextFormat.fixed(seconds, 3)) s after it",
                fields: ["step": .integer(step), "seconds": .number(seconds)])
        case .recovered(let step, let lost, let seconds):
            EventFacts(
                "recovered", .info,
                "recovered in \(TextFormat.duration(seconds)),"
                    + " \(lost == 0 ? "no step" : TextFormat.count(lost, "step")) computed again",
                fields: ["step": .integer(step), "lost_steps": .integer(lost), "seconds": .number(seconds)])
        }
    }
}
