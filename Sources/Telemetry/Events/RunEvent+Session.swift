import System

extension RunEvent {
    /// A worker process, as it sees itself: its sessions with a coordinator.
    package enum Session: Equatable, Sendable {
        /// A data set is fetched from the coordinator, because the cache lacks it.
        case fetchingData(set: String, bytes: Int)
        /// The process starts over, to compute with the OpenBLAS core of the job.
        case coreChanged(core: String, from: String)
        /// The worker has joined and is ready to compute. `worker` is the number that the coordinator gave
        /// it.
        case ready(worker: Int, platform: String)
        /// A generation starts, in which this worker has this rank.
        case training(rank: Int, workers: Int, generation: Int, step: Int)
        /// This worker computes nothing and stands by for one that is lost.
        case spare(reason: String)
        /// OPENBLAS_CORETYPE keeps this worker from the job's OpenBLAS core.
        case coreKept(core: String, wanted: String)
        /// A generation has ended, and another one forms.
        case regrouping(reason: String)
        /// The worker joins anew, because the coordinator told it to.
        case rejoining(reason: String)
        /// The coordinator is lost; the worker tries to rejoin for `rejoin_seconds`.
        case coordinatorLost(address: String, reason: String?, rejoinSeconds: Double)
        /// The coordinator is not there yet; the worker tries again for `seconds` more. Repeated every
        /// minute.
        case waiting(address: String, reason: String, seconds: Double)
        /// A job is over, and the worker waits for the coordinator's next one (`--keep`).
        case staying(reason: String, address: String)
        /// The worker was asked to leave, and leaves in the middle of a step that took too long.
        case leftWithinStep(seconds: Double)
        /// The worker's work is done.
        case finished(reason: String)
        /// The worker gives up: it was refused, failed, or found no coordinator.
        case failed(reason: String)
    }
}

extension RunEvent.Session {
    var facts: EventFacts {
        switch self {
        case .fetchingData(let set, let bytes):
            EventFacts(
                "fetching_data", .info, "fetching \(TextFormat.bytes(bytes)) of \(set) data",
                fields: ["set": .text(set), "bytes": .integer(bytes)])
        case .coreChanged(let core, let old):
            EventFacts(
                "core_changed", .info, "starting over with the job's OpenBLAS core \(core) instead of \(old)",
                fields: ["core": .text(core), "from": .text(old)])
        case .ready(let worker, let platform):
            EventFacts(
                "session_ready", .info, "joined as worker \(worker), ready",
                fields: ["worker": .integer(worker), "platform": .text(platform)])
        case .training(let rank, let workers, let generation, let step):
            EventFacts(
                "session_training", .info,
                "training with \(TextFormat.count(workers, "worker")) from step \(TextFormat.grouped(step))"
                    + " (rank \(rank), generation \(generation))",
                fields: [
                    "rank": .integer(rank), "workers": .integer(workers), "generation": .integer(generation),
                    "step": .integer(step),
                ])
        case .spare(let reason):
            EventFacts(
                "session_spare", .warning,
                "this worker is a spare and computes nothing: \(reason); it takes the place of one that is"
                    + " lost",
                fields: ["reason": .text(reason)])
        case .coreKept(let core, let wanted):
            EventFacts(
                "core_kept", .warning,
                "OPENBLAS_CORETYPE=\(core) comes before the job's OpenBLAS core \(wanted): unset it if this"
                    + " worker is refused",
                fields: ["core": .text(core), "wanted": .text(wanted)])
        case .regrouping(let reason):
            EventFacts(
                "session_regrouping", .info, "the workers regroup: \(reason)",
                fields: ["reason": .text(reason)])
        case .rejoining(let reason):
            EventFacts(
                "session_rejoining", .info, "\(reason); joining again", fields: ["reason": .text(reason)])
        case .coordinatorLost(let address, let reason, let seconds):
            EventFacts(
                "coordinator_lost", .warning,
                "the coordinator at \(address) is lost\(reason.map { " (\($0))" } ?? ""); trying to rejoin"
                    + " for \(TextFormat.duration(seconds))",
                fields: [
                    "address": .text(address), "reason": .optional(reason),
                    "rejoin_seconds": .number(seconds),
                ])
        case .waiting(let address, let reason, let seconds):
            EventFacts(
                "session_waiting", .warning,
                "\(reason); waiting for the coordinator"
                    + (seconds.isFinite ? " for \(TextFormat.duration(seconds))" : ""),
                fields: [
                    "address": .text(address), "reason": .text(reason),
                    "seconds": seconds.isFinite ? .number(seconds) : .null,
                ])
        case .staying(let reason, let address):
            EventFacts(
                "session_staying", .info, "\(reason); waiting for the next job at \(address)",
                fields: ["reason": .text(reason), "address": .text(address)])
        case .leftWithinStep(let seconds):
            EventFacts(
                "session_left_within_step", .warning,
                "the step at hand did not end within \(TextFormat.duration(seconds)) (--grace); leaving in"
                    + " the middle of it", fields: ["seconds": .number(seconds)])
        case .finished(let reason):
            EventFacts("session_finished", .info, reason, fields: ["reason": .text(reason)])
        case .failed(let reason):
            EventFacts("session_failed", .error, reason, fields: ["reason": .text(reason)])
        }
    }
}
