import System

extension RunEvent {
    /// The worker processes that `dist-train run` starts, on its own machine (`host` is null) and, with
    /// `--hosts`, on others.
    package enum Process: Equatable, Sendable {
        /// A worker process crashed, was killed or failed. `host` is null on this machine; elsewhere
        /// `process` is ssh. `restart_seconds` is the pause before another process takes its place, or null
        /// if none does.
        case ended(process: Int, host: String?, status: String, lastWords: String, restartSeconds: Int?)
        /// Another worker process was started in the place of one that ended.
        case replaced(process: Int, host: String?)
        /// A host of `--hosts` has its worker. `copied_bytes` is the size of the program if it was copied
        /// there, or null.
        case hostStarted(host: String, copiedBytes: Int?)
        /// No worker can be started on a host of `--hosts`. `restart_seconds` is the pause before it is tried
        /// again, or null if it is given up.
        case hostFailed(host: String, reason: String, restartSeconds: Int?)
    }
}

extension RunEvent.Process {
    var facts: EventFacts {
        switch self {
        case .ended(let process, let host, let status, let words, let pause):
            EventFacts(
                "process_ended", .warning,
                (host.map { "the worker on \($0)" } ?? "a worker process of this machine") + " \(status)"
                    + (words.isEmpty ? "" : ": \(words)") + Self.hint(status)
                    + (pause.map { $0 > 0 ? "; another one takes its place in \($0) s" : "" } ?? ""),
                fields: [
                    "process": .integer(process), "host": .optional(host), "status": .text(status),
                    "last_words": .text(words), "restart_seconds": .optional(pause),
                ])
        case .replaced(let process, let host):
            EventFacts(
                "process_replaced", .info,
                "another worker process takes its place" + (host.map { " on \($0)" } ?? ""),
                fields: ["process": .integer(process), "host": .optional(host)])
        case .hostStarted(let host, let copiedBytes):
            EventFacts(
                "host_started", .info,
                "a worker runs on \(host)"
                    + (copiedBytes.map { "; the program was copied there, \(TextFormat.bytes($0))" } ?? ""),
                fields: ["host": .text(host), "copied_bytes": .optional(copiedBytes)])
        case .hostFailed(let host, let reason, let pause):
            EventFacts(
                "host_failed", .warning,
                "no worker on \(host): \(reason)" + (pause.map { "; it is tried again in \($0) s" } ?? ""),
                fields: [
                    "host": .text(host), "reason": .text(reason), "restart_seconds": .optional(pause),
                ])
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
