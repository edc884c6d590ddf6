import System

extension RunEvent {
    /// Connections that fail, are refused or carry nothing.
    package enum Network: Equatable, Sendable {
        /// A worker lost its connection to another one (`other`). The coordinator waits to see whether that
        /// one lives.
        case suspected(WorkerName, other: WorkerName, reason: String)
        /// Two workers lost their connection to each other, although both live. If it was not the first time,
        /// `worker` waits for `pause_seconds` before it takes part again; otherwise that is null.
        case disconnected(WorkerName, other: WorkerName, reason: String, pauseSeconds: Int?)
        /// Two workers cannot connect to each other, whichever dials. `worker` waits for `pause_seconds`.
        case unreachable(WorkerName, other: WorkerName, reason: String, pauseSeconds: Int)
        /// Every worker waits for another one, and for so long nothing has arrived anywhere: a message was
        /// lost.
        case stalled(seconds: Int)
        /// A connection was refused before it had proved that it knows the token.
        case rejected(reason: String)
        /// The number of refused connections in the last `seconds`, if it was large; `kinds` counts what they
        /// did.
        case rejectedMany(count: Int, seconds: Int, kinds: [NamedCount])
    }
}

/// How often something happened.
package struct NamedCount: Equatable, Sendable {
    package var name: String
    package var count: Int

    package init(_ name: String, _ count: Int) {
        self.name = name
        self.count = count
    }
}

extension RunEvent.Network {
    var facts: EventFacts {
        switch self {
        case .suspected(let worker, let other, let reason):
            EventFacts(
                "worker_suspected", .info, "\(worker) lost its connection to \(other): \(reason)",
                fields: ["worker": .worker(worker), "other": .worker(other), "reason": .text(reason)])
        case .disconnected(let worker, let other, let reason, let pause):
            EventFacts(
                "workers_disconnected", .warning,
                "\(worker) and \(other) lost their connection to each other, although both live (\(reason))"
                    + (pause.map {
                        ". It is not the first time: \(worker) waits for \($0) s; check the network between"
                            + " them"
                    } ?? ""),
                fields: [
                    "worker": .worker(worker), "other": .worker(other), "reason": .text(reason),
                    "pause_seconds": .optional(pause),
                ])
        case .unreachable(let worker, let other, let reason, let pause):
            EventFacts(
                "workers_unreachable", .warning,
                "\(worker) and \(other) cannot reach each other in either direction (\(reason)); \(worker)"
                    + " waits for \(pause) s: open the firewall between them, or give --listen a port that it"
                    + " lets through",
                fields: [
                    "worker": .worker(worker), "other": .worker(other), "reason": .text(reason),
                    "pause_seconds": .integer(pause),
                ])
        case .stalled(let seconds):
            EventFacts(
                "workers_stalled", .warning,
                "nothing moves: every worker waits for another one, and for \(seconds) s nothing has arrived"
                    + " anywhere",
                fields: ["seconds": .integer(seconds)])
        case .rejected(let reason):
            EventFacts(
                "connection_rejected", .warning, "a connection was refused: \(reason)",
                fields: ["reason": .text(reason)])
        case .rejectedMany(let count, let seconds, let kinds):
            EventFacts(
                "connections_rejected", .warning,
                "\(TextFormat.grouped(count)) connections in the last \(seconds) s did not prove that they"
                    + " know the token: \(kinds.map { "\($0.count) \($0.name)" }.joined(separator: ", "))",
                fields: [
                    "count": .integer(count), "seconds": .integer(seconds),
                    "kinds": .object(kinds.map { EventField($0.name, .integer($0.count)) }),
                ])
        }
    }
}
