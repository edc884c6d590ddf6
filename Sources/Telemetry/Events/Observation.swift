import System

/// The state of the workers and of the coordinator at a moment, as the coordinator sees it.
package struct Observation: Equatable, Sendable {
    /// The workers that are connected, by number.
    package var workers: [WorkerStatus]
    /// The times of all workers since the coordinator started, those that are gone too.
    package var times: [EpochTimes.Worker]
    /// Bytes of memory that the coordinator occupies.
    package var memory: Int
    /// Bytes of memory that it may occupy.
    package var memoryLimit: Int
    /// Bytes that the coordinator has sent to workers and received from them since it started.
    package var sent: Int
    package var received: Int

    package init(
        workers: [WorkerStatus], times: [EpochTimes.Worker] = [], memory: Int = 0, memoryLimit: Int = 0,
        sent: Int = 0, received: Int = 0
    ) {
        self.workers = workers
        self.times = times
        self.memory = memory
        self.memoryLimit = memoryLimit
        self.sent = sent
        self.received = received
    }

    var facts: EventFacts {
        EventFacts(
            "workers_observed", .debug,
            "\(TextFormat.count(workers.count, "worker")) connected; the coordinator occupies"
                + " \(TextFormat.bytes(memory))",
            fields: [
                "workers": .list(workers.map(\.value)), "memory_bytes": .integer(memory),
                "sent_bytes": .integer(sent), "received_bytes": .integer(received),
            ])
    }
}

/// A worker at a moment, as its heartbeats and the coordinator's measurements tell it.
package struct WorkerStatus: Equatable, Sendable {
    package enum State: String, Sendable {
        /// It prepares job and data.
        case joining
        /// It computes.
        case member
        /// It is ready and computes nothing.
        case spare
        case left, lost
    }

    package var worker: WorkerName
    package var state: State
    package var rank: Int?
    /// Microbatches that it computes in each step.
    package var microbatches: Int?
    /// Its part of a step's microbatches, 0 … 1.
    package var share: Double?
    /// Its computing speed as a part of the median worker's.
    package var speed: Double?
    /// Seconds since its last heartbeat.
    package var heartbeat: Double?
    /// Bytes of memory that its process occupies.
    package var memory: Int?
    /// Bytes that it has received from the coordinator and from other members.
    package var received: Int?
    /// The step at hand, from 1, and what it does in it.
    package var step: Int?
    package var phase: String?

    package init(_ worker: WorkerName, _ state: State) {
        self.worker = worker
        self.state = state
    }

    fileprivate var value: EventValue {
        .object([
            EventField("worker", .worker(worker)), EventField("state", .text(state.rawValue)),
            EventField("rank", .optional(rank)), EventField("microbatches", .optional(microbatches)),
            EventField("speed", .optional(speed)), EventField("heartbeat_seconds", .optional(heartbeat)),
            EventField("memory_bytes", .optional(memory)), EventField("step", .optional(step)),
            EventField("phase", .optional(phase)),
        ])
    }
}
