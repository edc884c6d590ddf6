import System

extension RunEvent {
    /// The fate of a run's records: lines that wait for room on the disk, and records that were
    /// dropped.
    package enum Records: Equatable, Sendable {
        /// Lines of a file of which none is dropped cannot be written, and wait in memory. If more than
        /// `limit_bytes` wait, the run ends.
        case waiting(file: String, limitBytes: Int, reason: String)
        /// All lines that have waited are written.
        case caughtUp(file: String)
        /// The process ends, and so many lines still wait: they are lost. A resumed run writes those of steps
        /// and epochs again.
        case lost(file: String, lines: Int, reason: String)
        /// A sink has dropped its first record.
        case dropping(sink: String, reason: String)
        /// At the run's end, the number of records that a sink has dropped.
        case dropped(sink: String, count: Int)
    }
}

extension RunEvent.Records {
    var facts: EventFacts {
        switch self {
        case .waiting(let file, let limit, let reason):
            EventFacts(
                "records_waiting", .warning,
                "\(reason). The lines of \(file) wait in memory, up to \(TextFormat.bytes(limit)), and are"
                    + " written when there is room; no checkpoint is written before them",
                fields: ["file": .text(file), "limit_bytes": .integer(limit), "reason": .text(reason)])
        case .caughtUp(let file):
            EventFacts(
                "records_caught_up", .info, "the lines of \(file) that waited are written",
                fields: ["file": .text(file)])
        case .lost(let file, let lines, let reason):
            EventFacts(
                "records_lost", .error,
                "\(TextFormat.count(lines, "line")) of \(file) could not be written: \(reason). A resumed run"
                    + " writes those of steps and epochs again",
                fields: ["file": .text(file), "lines": .integer(lines), "reason": .text(reason)])
        case .dropping(let sink, let reason):
            EventFacts(
                "records_dropping", .warning,
                "\(sink) is incomplete from now on: \(reason). The training continues, and the records that"
                    + " are dropped are counted",
                fields: ["sink": .text(sink), "reason": .text(reason)])
        case .dropped(let sink, let count):
            EventFacts(
                "records_dropped", .warning,
                "\(sink) lacks \(TextFormat.count(count, "record")) that could not be written",
                fields: ["sink": .text(sink), "count": .integer(count)])
        }
    }
}
