import System

extension RunEvent {
    /// The end of a run, whatever it is.
    package enum Ending: Equatable, Sendable {
        /// A signal asked the run to stop.
        case stopRequested
        /// A run that is to stop came to no step boundary in half of the grace period. It stops with its
        /// newest snapshot.
        case boundaryGivenUp(step: Int)
        /// The run has stopped as asked; its checkpoint is written.
        case stopped(step: Int, steps: Int, resumeCommand: String)
        /// The run cannot continue. `checkpoint` is the newest one, or null if there is none. If it has left
        /// the finite numbers, resuming would fail in the same way, and `retry_command` begins a run that
        /// need not.
        case failed(reason: String, checkpoint: String?, resumeCommand: String, retryCommand: String? = nil)
        /// The job has reached its end, and `result.json` is written.
        case finished(Finish)
        /// The report of a finished run is written. `left_out` says what it lacks, and why.
        case reportWritten(path: String, leftOut: [String])
        /// There is no report. The result of the run is as good as with one.
        case reportFailed(reason: String, directory: String)
    }

    /// The figures of a finished run.
    package struct Finish: Equatable, Sendable {
        package var steps: Int
        package var epochs: Int
        /// The most workers that took part at the same time.
        package var workers: Int
        package var recoveries: Int
        /// Since the first generation formed; waiting for workers does not count.
        package var seconds: Double
        package var stateSHA256: String
        /// False if workers of different numeric platforms took part.
        package var isExact: Bool

        package init(
            steps: Int, epochs: Int, workers: Int, recoveries: Int, seconds: Double, stateSHA256: String,
            isExact: Bool
        ) {
            self.steps = steps
            self.epochs = epochs
            self.workers = workers
            self.recoveries = recoveries
            self.seconds = seconds
            self.stateSHA256 = stateSHA256
            self.isExact = isExact
        }
    }
}

extension RunEvent.Ending {
    var facts: EventFacts {
        switch self {
        case .stopRequested:
            EventFacts(
                "stop_requested", .info, "stopping after this step; a second signal ends the process at once")
        case .boundaryGivenUp(let step):
            EventFacts(
                "boundary_given_up", .warning,
                "the step at hand takes too long (--grace): stopping with the snapshot of step"
                    + " \(TextFormat.grouped(step)); what came after it is computed again",
                fields: ["step": .integer(step)])
        case .stopped(let step, let steps, let command):
            EventFacts(
                "run_stopped", .info,
                "stopped after step \(TextFormat.grouped(step)) of \(TextFormat.grouped(steps)); resume"
                    + " with:  \(command)",
                fields: ["step": .integer(step), "steps": .integer(steps), "resume_command": .text(command)])
        case .failed(let reason, let checkpoint, let command, let retry):
            EventFacts(
                "run_failed", .error,
                "\(reason)\n" + Self.wayOn(checkpoint, command, retry),
                fields: [
                    "reason": .text(reason), "checkpoint": .optional(checkpoint),
                    "resume_command": .text(command), "retry_command": .optional(retry),
                ])
        case .reportWritten(let path, let leftOut):
            EventFacts(
                "report_written", .info,
                "report: \(path)"
                    + (leftOut.isEmpty ? "" : "; left out: \(leftOut.joined(separator: "; "))"),
                fields: ["path": .text(path), "left_out": .list(leftOut.map { .text($0) })])
        case .reportFailed(let reason, let directory):
            EventFacts(
                "report_failed", .warning,
                "there is no report: \(reason); make it with:  dist-train report"
                    + " \(ShellWords.quoted(directory))",
                fields: ["reason": .text(reason), "directory": .text(directory)])
        case .finished(let finish):
            EventFacts(
                "run_finished", .debug,
                "finished: \(TextFormat.count(finish.steps, "step"))"
                    + " (\(TextFormat.count(finish.epochs, "epoch"))) with"
                    + " \(TextFormat.count(finish.workers, "worker")) in"
                    + " \(TextFormat.duration(finish.seconds))",
                fields: [
                    "steps": .integer(finish.steps), "epochs": .integer(finish.epochs),
                    "workers": .integer(finish.workers), "recoveries": .integer(finish.recoveries),
                    "seconds": .number(finish.seconds), "state_sha256": .text(finish.stateSHA256),
                    "exact": .flag(finish.isExact),
                ])
        }
    }

    private static func wayOn(_ checkpoint: String?, _ resume: String, _ retry: String?) -> String {
        if let retry {
            let from = checkpoint.map { ", from the newest checkpoint \($0)" } ?? ""
            return
                "resuming would fail in the same way. Begin a new run with a lower learning rate\(from): "
                + " \(retry)"
        }
        return checkpoint.map { "the newest checkpoint is \($0); resume with:  \(resume)" }
            ?? "there is no checkpoint yet; start again with:  \(resume)"
    }
}
