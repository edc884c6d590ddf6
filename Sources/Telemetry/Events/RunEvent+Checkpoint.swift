import System

extension RunEvent {
    /// Snapshots (in memory) and checkpoints (on the disk).
    package enum Checkpoint: Equatable, Sendable {
        /// All parts of a snapshot have arrived: no recovery goes back behind this step.
        case snapshotCompleted(step: Int)
        /// A signal (SIGUSR1) asked for a checkpoint.
        case requested
        /// A checkpoint is on the disk. The level is info if a signal asked for it.
        case written(step: Int, path: String, isRequested: Bool)
        /// A checkpoint could not be written; earlier ones are intact.
        case failed(step: Int, reason: String)
        /// Checkpoints that the job asks for are left out, because the disk is slower than the training: the
        /// first one, and at the run's end the number of all and the step of the last.
        case passedOver(count: Int, step: Int)
        /// A resume passed over a checkpoint that is damaged.
        case skipped(reason: String)
        /// A resume found no valid checkpoint.
        case missing(directory: String)
    }
}

extension RunEvent.Checkpoint {
    var facts: EventFacts {
        switch self {
        case .snapshotCompleted(let step):
            EventFacts(
                "snapshot_completed", .debug, "the snapshot of step \(TextFormat.grouped(step)) is complete",
                fields: ["step": .integer(step)])
        case .requested: EventFacts("checkpoint_requested", .info, "a checkpoint was requested")
        case .written(let step, let path, let isRequested):
            EventFacts(
                "checkpoint_written", isRequested ? .info : .debug,
                "the checkpoint of step \(TextFormat.grouped(step)) is written (\(path))",
                fields: ["step": .integer(step), "path": .text(path), "requested": .flag(isRequested)])
        case .failed(let step, let reason):
            EventFacts(
                "checkpoint_failed", .error,
                "the checkpoint of step \(TextFormat.grouped(step)) could not be written: \(reason). The"
                    + " checkpoints before it are intact",
                fields: ["step": .integer(step), "reason": .text(reason)])
        case .passedOver(let count, let step):
            EventFacts(
                "checkpoint_passed_over", .warning,
                (count == 1
                    ? "writing a checkpoint takes longer than the steps between two: that of step"
                        + " \(TextFormat.grouped(step)) is left out for a newer one"
                    : "\(TextFormat.grouped(count)) checkpoints were left out, the last one of step"
                        + " \(TextFormat.grouped(step)), because writing one takes longer than the steps"
                        + " between two") + "; raise `checkpoint.every`",
                fields: ["count": .integer(count), "step": .integer(step)])
        case .skipped(let reason):
            EventFacts("checkpoint_skipped", .warning, reason, fields: ["reason": .text(reason)])
        case .missing(let directory):
            EventFacts(
                "checkpoint_missing", .warning,
                "`\(directory)` has no valid checkpoint: the run starts from its beginning",
                fields: ["run_directory": .text(directory)])
        }
    }
}
