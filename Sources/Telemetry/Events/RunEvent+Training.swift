import System

extension RunEvent {
    /// The training itself: the same whoever computes it. `metrics.jsonl` and the progress line show these
    /// events.
    package enum Training: Equatable, Sendable {
        /// A step is done. Never in `log.jsonl`.
        case stepFinished(StepSummary)
        /// A step is done that the job logs: it is a line of `metrics.jsonl`, and never in `log.jsonl`.
        case stepLogged(StepSummary)
        /// An epoch is done, and with it the evaluation of the validation set, if there is one: a line of
        /// `metrics.jsonl`.
        case epochFinished(EpochSummary)
        /// A whole data set was evaluated after a step; `set` is validation or test.
        case evaluationFinished(set: String, step: Int, values: [NamedValue])
        /// Early stopping ends the job before its last step. `best` was measured after `best_step`.
        case stoppedEarly(step: Int, monitor: String, best: Double?, bestStep: Int)
        /// A language model has written a text with the parameters after a step, as `logging.samples` asks.
        case textSampled(step: Int, prompt: String, text: String)
        /// Such a text could not be written.
        case sampleFailed(step: Int, reason: String)
        /// One worker is much slower than the others, or, where `worker` is null, none is any more. `speed`
        /// is its part of the median speed.
        case slowestChanged(worker: WorkerName?, speed: Double)
    }
}

extension RunEvent.Training {
    var facts: EventFacts {
        switch self {
        case .stepFinished(let report): report.facts
        case .stepLogged(let report): report.loggedFacts
        case .epochFinished(let report): report.facts
        case .evaluationFinished(let set, let step, let values):
            EventFacts(
                "evaluation_finished", .debug,
                "\(set) after step \(TextFormat.grouped(step)):"
                    + " \(values.map(\.text).joined(separator: ", "))",
                fields: ["set": .text(set), "step": .integer(step), "values": .numbers(values)])
        case .stoppedEarly(let step, let monitor, let best, let bestStep):
            EventFacts(
                "stopped_early", .info,
                "early stopping: the job ends with step \(TextFormat.grouped(step)), because \(monitor) has"
                    + " not improved"
                    + (best.map { " since step \(TextFormat.grouped(bestStep)) (\(TextFormat.measure($0)))" }
                        ?? ""),
                fields: [
                    "step": .integer(step), "monitor": .text(monitor), "best": .optional(best),
                    "best_step": .integer(bestStep),
                ])
        case .textSampled(let step, let prompt, let text):
            EventFacts(
                "text_sampled", .info, "after step \(TextFormat.grouped(step)) it writes: \(prompt)\(text)",
                fields: ["step": .integer(step), "prompt": .text(prompt), "text": .text(text)])
        case .sampleFailed(let step, let reason):
            EventFacts(
                "sample_failed", .warning,
                "no text was written after step \(TextFormat.grouped(step)): \(reason)",
                fields: ["step": .integer(step), "reason": .text(reason)])
        case .slowestChanged(let worker, let speed):
            EventFacts(
                "slowest_changed", .debug,
                worker.map { "\($0) is slow: \(TextFormat.fixed(speed, 2)) of the others' speed" }
                    ?? "no worker is much slower than the others any more",
                fields: ["worker": .optional(worker?.number), "speed": .number(speed)])
        }
    }
}
