extension RunEvent {
    /// Measured times: of each epoch, and at the run's end.
    package enum Timing: Equatable, Sendable {
        /// The times of an epoch, a line of `metrics.jsonl`.
        case epoch(EpochTimes)
        /// Milliseconds per step of each worker, and what they were spent on: a table as text.
        case steps(table: String)
        /// Milliseconds per step of each layer, with `--trace`: a table as text.
        case layers(table: String)
        /// The trace of `--trace` is written; `extent` names its steps.
        case traceWritten(path: String, extent: String)
        /// The trace could not be written.
        case traceFailed(reason: String)
        /// The times of an epoch could not be written to `metrics.jsonl`.
        case missing(epoch: Int, reason: String)
    }
}

extension RunEvent.Timing {
    var facts: EventFacts {
        switch self {
        case .epoch(let times): times.facts
        case .steps(let table):
            EventFacts(
                "step_times", .info, "where the time went, in ms per step:\n\(table)",
                fields: ["table": .text(table)]
            )
        case .layers(let table):
            EventFacts(
                "layer_times", .info,
                "each layer, in ms per step of a worker, exchanges of statistics included:\n\(table)",
                fields: ["table": .text(table)])
        case .traceWritten(let path, let extent):
            EventFacts(
                "trace_written", .info,
                "the trace of \(extent) is in \(path); open it at https://ui.perfetto.dev or"
                    + " chrome://tracing",
                fields: ["path": .text(path), "extent": .text(extent)])
        case .traceFailed(let reason):
            EventFacts(
                "trace_failed", .error, "the trace could not be written: \(reason)",
                fields: ["reason": .text(reason)]
            )
        case .missing(let epoch, let reason):
            EventFacts(
                "times_missing", .warning, "metrics.jsonl lacks the times of epoch \(epoch): \(reason)",
                fields: ["epoch": .integer(epoch), "reason": .text(reason)])
        }
    }
}
