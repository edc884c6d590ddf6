import System
import Telemetry

// How generations form and end.

extension Membership {
    /// Prepared workers that may be members now, the longest there first.
    func candidates(_ now: Double) -> [WorkerID] {
        let fit = workers.filter { $0.value.isPrepared && !$0.value.isLeaving && $0.value.parkedUntil <= now }
            .keys.sorted()
        return Array(fit.prefix(min(limits.maximum, limits.microbatches)))
    }

    /// The number of prepared workers that the next generation needs.
    var needed: Int { hasBegun ? 1 : limits.minimum }

    mutating func formIfPossible(_ now: Double) -> [Action] {
        guard case .waiting = phase else { return [] }
        let members = candidates(now)
        guard members.count >= max(1, min(needed, limits.microbatches, limits.maximum)),
            preparedCount >= needed
        else { return [] }
        number += 1
        (suspicion, formedAt) = (nil, now)
        phase = .forming(members: members, connected: [], unreachable: [])
        for id in members { workers[id]?.isToldSpare = false }
        return [.form(number: number, members: members)] + tellSpares(beside: members, now)
    }

    /// Tells prepared workers for which there is no work that they are spares, once.
    private mutating func tellSpares(beside members: [WorkerID], _ now: Double) -> [Action] {
        let idle = workers.filter {
            $0.value.isPrepared && !$0.value.isLeaving && $0.value.parkedUntil <= now
                && !$0.value.isToldSpare && !members.contains($0.key)
        }
        return idle.keys.sorted().map { id in
            workers[id]?.isToldSpare = true
            let reason = limits.spareReason
            return .record(.worker(.spare(name(id), members: members.count, reason: reason)))
        }
    }

    mutating func preparedChanged(_ id: WorkerID, _ now: Double) -> [Action] {
        guard let worker = workers[id] else { return [] }
        if worker.parkedUntil > now {
            let pause = Int((worker.parkedUntil - now).rounded(.up))
            return [.record(.worker(.paused(worker.name, seconds: pause)))]
        }
        switch phase {
        case .waiting: return formIfPossible(now)
        case .running(let members)
        where candidates(now).count > members.count && candidates(now).contains(id):
            return endAtBoundary(members, reason: "\(name(id)) has joined")
        case .forming, .running, .ending:
            return candidates(now).contains(id) ? [] : tellSpares(beside: members, now)
        case .over: return []
        }
    }

    mutating func endAtBoundary(_ members: [WorkerID], reason: String) -> [Action] {
        phase = .ending(members: members, ended: [])
        return [
            .endAtBoundary(number: number, reason: reason),
            .record(.generation(.ending(number: number, reason: reason))),
        ]
    }

    mutating func reformIfEnded(_ now: Double) -> [Action] {
        guard case .ending(let members, let ended) = phase, ended.isSuperset(of: members) else { return [] }
        phase = .waiting
        return dismissLeaving(members) + formIfPossible(now)
    }

    /// Ends a generation that cannot continue at once for all; the next one forms from the workers that live.
    mutating func abandon(reason: String, _ now: Double) -> [Action] {
        let survivors = members.filter { workers[$0] != nil }
        phase = .waiting
        suspicion = nil
        return [.abandon(number: number, members: survivors, reason: reason)] + dismissLeaving(survivors)
            + formIfPossible(now)
    }

    private mutating func dismissLeaving(_ members: [WorkerID]) -> [Action] {
        members.filter { workers[$0]?.isLeaving == true }.flatMap { dismissLeaving($0) }
    }

    private mutating func dismissLeaving(_ id: WorkerID) -> [Action] {
        let name = name(id)
        forget(id)
        return [.record(.worker(.left(name))), .dismiss(id, reason: "it left as it was asked to")]
    }

    mutating func leaving(_ id: WorkerID, _ now: Double) -> [Action] {
        guard workers[id] != nil else { return [] }
        workers[id]?.isLeaving = true
        guard members.contains(id) else { return dismissLeaving(id) }
        switch phase {
        case .running(let members): return endAtBoundary(members, reason: "\(name(id)) leaves")
        case .forming: return abandon(reason: "\(name(id)) leaves", now)
        case .waiting, .ending, .over: return []
        }
    }

    /// Forgets a worker: if it comes again, it has another number.
    private mutating func forget(_ id: WorkerID) {
        workers[id] = nil
        pairFailures = pairFailures.filter { $0.key.higher != id && $0.key.lower != id }
    }

    /// A worker that is lost.
    struct Loss {
        let id: WorkerID
        let reason: String
        var step: Int?
        var phase: String?
    }

    /// Removes workers that are lost. The death of a member ends its generation.
    mutating func lost(_ losses: [Loss], _ now: Double) -> [Action] {
        var actions: [Action] = []
        var first: String?
        for loss in losses {
            let id = loss.id
            guard let worker = workers[id] else { continue }
            forget(id)
            let rank = members.firstIndex(of: id)
            let event = RunEvent.worker(
                .lost(
                    worker.name, reason: loss.reason, rank: rank, step: rank == nil ? nil : loss.step,
                    phase: rank == nil ? nil : loss.phase))
            actions.append(.record(event))
            guard rank != nil else { continue }
            first = first ?? event.sentence
            if let since = worker.memberSince {
                let isLast = !members.contains { workers[$0]?.machine == worker.machine }
                crashes.died(on: worker.machine, after: now - since, isLast: isLast, now: now)
            }
        }
        return first.map { actions + abandon(reason: $0, now) } ?? actions
    }

    /// A worker that was prepared while the generation formed, or whose pause is over, joins at the next
    /// boundary.
    mutating func takeInLatecomers(_ now: Double) -> [Action] {
        guard case .running(let members) = phase,
            let id = candidates(now).first(where: { !members.contains($0) }),
            candidates(now).count > members.count
        else { return [] }
        let isAgain = (workers[id]?.parkings ?? 0) > 0
        return endAtBoundary(
            members, reason: "\(name(id)) \(isAgain ? "tries again to reach the others" : "has joined")")
    }
}

// MARK: - Connecting

extension Membership {
    mutating func connected(_ id: WorkerID, _ generation: Int, _ now: Double) -> [Action] {
        guard generation == number, case .forming(let members, var connected, let unreachable) = phase,
            members.contains(id)
        else {
            return []
        }
        connected.insert(id)
        guard connected.isSuperset(of: members) else {
            phase = .forming(members: members, connected: connected, unreachable: unreachable)
            return []
        }
        phase = .running(members: members)
        hasBegun = true
        for id in members where workers[id]?.memberSince == nil { workers[id]?.memberSince = now }
        return [.start(number: number, members: members)]
    }

    /// The higher rank dials first; if it fails, the lower one tries; if that fails too, the pair is named
    /// and the worker that joined later is parked.
    mutating func cannotReach(
        _ id: WorkerID, rank: Int, generation: Int, reason: String, _ now: Double
    ) -> [Action] {
        guard generation == number, case .forming(let members, let connected, var unreachable) = phase,
            let own = members.firstIndex(of: id), members.indices.contains(rank), own != rank
        else { return [] }
        if unreachable.insert(Pair(own, rank)).inserted {
            phase = .forming(members: members, connected: connected, unreachable: unreachable)
            return [.dialBack(dialler: members[rank], targetRank: own, number: number)]
        }
        let pair = Pair(id, members[rank])
        let pause = park(pair.higher, now)
        let event = RunEvent.network(
            .unreachable(name(pair.higher), other: name(pair.lower), reason: reason, pauseSeconds: pause))
        return [.record(event)] + abandon(reason: event.sentence, now)
    }

    /// Keeps a worker out for a while, each time for longer; returns the seconds.
    mutating func park(_ id: WorkerID, _ now: Double) -> Int {
        let pause = min(600, 5 << min(7, workers[id]?.parkings ?? 0))
        workers[id]?.parkedUntil = now + Double(pause)
        workers[id]?.parkings += 1
        return pause
    }
}

extension Membership.Limits {
    /// Why a worker that is ready has nothing to do, and what would give it work.
    var spareReason: String {
        guard microbatches <= maximum else {
            return "--max-workers \(maximum) take part; raise it to use more"
        }
        let have =
            "a batch has \(TextFormat.count(microbatches, "microbatch", plural: "microbatches")), and each"
            + " worker needs one"
        return microbatches < batchSize
            ? "\(have); set `batch.microbatches` to at least the number of workers"
            : "\(have); raise `batch.size` and `batch.microbatches`"
    }
}
