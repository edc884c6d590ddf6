import System

extension RunEvent {
    /// The worker processes that `dist-train run` starts on its own machine.
    package enum Process: Equatable, Sendable {
        /// A worker process crashed, was killed or failed. `restart_seconds` is the pause before another
        /// process takes its place, or null if none does.
        case ended(process: Int, status: String, lastWords: String, restartSeconds: Int?)
        /// Another worker process was started in the place of one that ended.
        case replaced(process: Int)
    }
}

extension RunEvent.Process {
    var facts: EventFacts {
        switch self {
        case .ended(let process, let status, let words, let pause):
            EventFacts(
                "process_ended", .warning,
                "a worker process of this machine \(status)" + (words.isEmpty ? "" : ": \(words)")
                    + Self.hint(status)
                    + (pause.map { $0 > 0 ? "; another one takes its place in \($0) s" : "" } ?? ""),
                fields: [
                    "process": .integer(process), "status": .text(status), "last_words": .text(words),
                    "restart_seconds": .optional(pause),
                ])
        case .replaced(let process):
            EventFacts(
                "process_replaced", .info, "another worker process takes its place",
                fields: ["process": .integer(process)])
        }
    }

    /// Nothing of the program sends SIGKILL to a worker: the usual cause is that the system has none left.
    private static func hint(_ status: String) -> String {
        guard status == "was killed by SIGKILL" else { return "" }
        return
            " (if nobody did so by hand, memory has run out: `dmesg` says so; take fewer workers, a smaller"
            + " batch or model, or a higher memory limit)"
    }
}
