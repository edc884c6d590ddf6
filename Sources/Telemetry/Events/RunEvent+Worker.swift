import System

extension RunEvent {
    /// Workers, as the coordinator sees them come and go.
    package enum Worker: Equatable, Sendable {
        /// A worker has connected and proved that it knows the token.
        case joined(WorkerName)
        /// A worker has the job and the data, and its numeric platform is accepted.
        case ready(WorkerName, platform: String)
        /// A worker was sent away: its arithmetic would change the result's bits.
        case refused(WorkerName, reason: String)
        /// A worker of another numeric platform takes part, as `--allow-inexact` permits.
        case inexact(WorkerName, reason: String)
        /// A worker computes nothing and stands by for one that is lost, because enough others (`members`)
        /// take part.
        case spare(WorkerName, members: Int, reason: String)
        /// More workers of one machine take part than it has cores.
        case crowded(machine: String, workers: Int, cores: Int)
        /// A worker waits before it may take part: workers of its machine died again and again.
        case paused(WorkerName, seconds: Int)
        /// A worker left in good order after a step.
        case left(WorkerName)
        /// A worker is lost: its connection broke, it was silent, or it failed. `rank`, `step` and `phase`
        /// say where it was; `rank` is null if it did not take part.
        case lost(WorkerName, reason: String, rank: Int? = nil, step: Int? = nil, phase: String? = nil)
        /// No generation can form. Repeated every 10 s. `paused` workers must wait before they may take part.
        case missing(ready: Int, needed: Int, paused: Int, hasBegun: Bool)
        /// The state of all workers, about once a second. Never in `log.jsonl`.
        case observed(Observation)
    }
}

extension RunEvent.Worker {
    var facts: EventFacts {
        switch self {
        case .joined(let worker):
            EventFacts(
                "worker_joined", .info, "\(worker) has joined",
                fields: [
                    "worker": .worker(worker), "name": .text(worker.name), "address": .text(worker.address),
                ])
        case .ready(let worker, let platform):
            EventFacts(
                "worker_ready", .debug, "\(worker) is ready (\(platform))",
                fields: ["worker": .worker(worker), "platform": .text(platform)])
        case .refused(let worker, let reason):
            EventFacts(
                "worker_refused", .warning, "\(worker) is refused: its arithmetic differs (\(reason))",
                fields: ["worker": .worker(worker), "reason": .text(reason)])
        case .inexact(let worker, let reason):
            EventFacts(
                "worker_inexact", .warning,
                "\(worker) computes other bits (\(reason)); the result will not be exact",
                fields: ["worker": .worker(worker), "reason": .text(reason)])
        case .spare(let worker, let members, let reason):
            EventFacts(
                "worker_spare", .warning,
                "\(worker) is a spare and computes nothing: \(TextFormat.count(members, "worker"))"
                    + " \(members == 1 ? "takes" : "take") part, because \(reason)",
                fields: [
                    "worker": .worker(worker), "members": .integer(members), "reason": .text(reason),
                ])
        case .crowded(let machine, let workers, let cores):
            EventFacts(
                "machine_crowded", .warning,
                "\(workers) workers share the \(TextFormat.count(cores, "core")) of \(machine), which is"
                    + " slower than one worker for each core: start \(cores) there",
                fields: ["machine": .text(machine), "workers": .integer(workers), "cores": .integer(cores)])
        case .paused(let worker, let seconds):
            EventFacts(
                "worker_paused", .warning,
                "\(worker) waits for \(seconds) s, because workers of its machine died again and again as"
                    + " soon as they took part",
                fields: ["worker": .worker(worker), "seconds": .integer(seconds)])
        case .left(let worker):
            EventFacts("worker_left", .info, "\(worker) has left", fields: ["worker": .worker(worker)])
        case .lost(let worker, let reason, let rank, let step, let phase):
            EventFacts(
                "worker_lost", .warning, "\(worker) is lost\(Self.moment(step, phase)): \(reason)",
                fields: [
                    "worker": .worker(worker), "reason": .text(reason), "rank": .optional(rank),
                    "step": .optional(step), "phase": .optional(phase),
                ])
        case .missing(let ready, let needed, let paused, let hasBegun):
            EventFacts(
                "workers_missing", .warning,
                Self.waiting(ready: ready, needed: needed, paused: paused, hasBegun: hasBegun),
                fields: ["ready": .integer(ready), "needed": .integer(needed), "paused": .integer(paused)])
        case .observed(let observation): observation.facts
        }
    }

    private static func moment(_ step: Int?, _ phase: String?) -> String {
        guard let step else { return "" }
        return " in step \(TextFormat.grouped(step))" + (phase.map { " (\($0))" } ?? "")
    }

    private static func waiting(ready: Int, needed: Int, paused: Int, hasBegun: Bool) -> String {
        guard ready < needed else {
            return paused > 0
                ? "no progress: \(paused) of \(TextFormat.count(ready, "worker")) must wait before they may"
                    + " take part"
                : "no progress: \(TextFormat.count(ready, "worker")) are ready, but too few can reach each"
                    + " other"
        }
        return "no progress: waiting for \(TextFormat.count(needed - ready, "more worker"))"
            + " (\(ready) of \(needed) are ready); "
            + (hasBegun
                ? "start one, and the training continues"
                : needed > 1 ? "start them, or restart with a smaller --min-workers" : "start one")
    }
}
