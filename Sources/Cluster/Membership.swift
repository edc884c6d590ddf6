/// Who takes part, decided purely: events and the time in, actions and their reasons out. The coordinator acts on them with sockets.
///
/// A worker is *admitted* (connected), *prepared* (job compiled, data at hand, platform accepted), then a *member* of the running generation or a *spare*. Start,
/// join and leave are one thing: the generation ends at a step boundary, and the next one forms from the snapshot taken there.
package struct Membership: Equatable {
    package typealias WorkerID = Int

    package struct Limits: Equatable {
        /// A generation forms when so many workers are prepared.
        package var minimum: Int
        package var maximum: Int
        /// V: more members than microbatches would have nothing to do; further workers are spares.
        package var microbatches: Int
        /// Seconds of silence that count as death.
        package var peerTimeout: Double

        package init(minimum: Int, maximum: Int, microbatches: Int, peerTimeout: Double) {
            (self.minimum, self.maximum) = (minimum, maximum)
            (self.microbatches, self.peerTimeout) = (microbatches, peerTimeout)
        }
    }

    package enum Event: Equatable {
        case admitted(WorkerID, name: String)
        case prepared(WorkerID)
        /// Any byte counts.
        case heard(WorkerID)
        case connected(WorkerID, generation: Int)
        /// A member that could not dial another one (by rank).
        case cannotReach(WorkerID, rank: Int, generation: Int, reason: String)
        case suspected(by: WorkerID, rank: Int, generation: Int, reason: String)
        case lost(WorkerID, reason: String)
        case leaving(WorkerID)
        /// A member has come to the generation's end by the control word.
        case ended(WorkerID, generation: Int)
        /// The snapshot of the boundary at which the generation ended is complete.
        case boundarySnapshot(generation: Int)
        case jobFinished
        case tick
    }

    package enum Action: Equatable {
        /// Tell these workers to form generation `number`; ranks in order.
        case form(number: Int, members: [WorkerID])
        case start(number: Int, members: [WorkerID])
        /// End the generation at the next step boundary, with a snapshot.
        case endAtBoundary(number: Int, reason: String)
        /// End the generation now: nothing of it is needed.
        case abandon(number: Int, members: [WorkerID], reason: String)
        /// Let `dialler` try to reach `target`, which could not reach it.
        case dialBack(dialler: WorkerID, targetRank: Int, number: Int)
        /// Close the worker's connections; the sentence is for the worker.
        case dismiss(WorkerID, reason: String)
        /// Close the worker's connections without a word: if it still lives, it joins anew.
        case drop(WorkerID)
        /// The run cannot go on.
        case fail(reason: String)
        /// For the log.
        case note(String)
    }

    package enum Phase: Equatable {
        case waiting
        case forming(members: [WorkerID], connected: Set<WorkerID>, unreachable: Set<Pair>)
        case running(members: [WorkerID])
        /// Ending at a boundary.
        case ending(members: [WorkerID], ended: Set<WorkerID>, hasSnapshot: Bool)
        case over
    }

    /// Two ranks of which the lower one was not reached by the higher one.
    package struct Pair: Hashable {
        let higher: Int
        let lower: Int
    }

    private struct Suspicion: Equatable {
        var since: Double
        let text: String
    }

    struct Worker: Equatable {
        var name: String
        var lastHeard: Double
        var isPrepared = false
        var isLeaving = false
        /// Not asked again before this time: it could not reach somebody.
        var parkedUntil = 0.0
        var parkings = 0
    }

    package let limits: Limits
    package private(set) var phase = Phase.waiting
    /// The generation's number: of the one that is there, or the last one.
    package private(set) var number = 0
    private(set) var workers: [WorkerID: Worker] = [:]
    /// The first broken connection between members of this generation.
    private var suspicion: Suspicion?
    private var nextComplaint: Double
    private var lastTick: Double

    /// How often the lack of workers is said again.
    package static let complaintInterval = 10.0

    package init(limits: Limits, now: Double) {
        self.limits = limits
        nextComplaint = now + Self.complaintInterval
        lastTick = now
    }

    package var members: [WorkerID] {
        switch phase {
        case .forming(let members, _, _), .running(let members), .ending(let members, _, _): members
        case .waiting, .over: []
        }
    }

    package var isRunning: Bool { if case .running = phase { true } else { false } }
    package var preparedCount: Int { workers.values.count { $0.isPrepared } }
    package func name(_ id: WorkerID) -> String { workers[id]?.name ?? "worker \(id)" }

    package mutating func handle(_ event: Event, at now: Double) -> [Action] {
        if phase == .over { return [] }
        switch event {
        case .admitted(let id, let name):
            workers[id] = Worker(name: name, lastHeard: now)
            return []
        case .prepared(let id):
            workers[id]?.isPrepared = true
            return preparedChanged(id, now)
        case .heard(let id):
            workers[id]?.lastHeard = now
            return []
        case .connected(let id, let generation):
            return connected(id, generation)
        case .cannotReach(let id, let rank, let generation, let reason):
            return cannotReach(id, rank, generation, reason, now)
        case .suspected(let id, let rank, let generation, let reason):
            guard generation == number, members.indices.contains(rank) else { return [] }
            suspicion = suspicion ?? Suspicion(since: now, text: "\(name(id)) lost its connection to \(name(members[rank])) (\(reason))")
            return [.note("\(name(id)) suspects \(name(members[rank])): \(reason)")]
        case .lost(let id, let reason):
            return lost(id, reason, now)
        case .leaving(let id):
            return leaving(id, now)
        case .ended(let id, let generation):
            guard generation == number, case .ending(let members, var ended, let hasSnapshot) = phase else { return [] }
            ended.insert(id)
            phase = .ending(members: members, ended: ended, hasSnapshot: hasSnapshot)
            return reformIfEnded(now)
        case .boundarySnapshot(let generation):
            guard generation == number, case .ending(let members, let ended, _) = phase else { return [] }
            phase = .ending(members: members, ended: ended, hasSnapshot: true)
            return reformIfEnded(now)
        case .jobFinished:
            phase = .over
            return []
        case .tick:
            return tick(now)
        }
    }
}

// MARK: - Coming and going

extension Membership {
    /// Prepared workers that may be members now, the longest there first.
    private func candidates(_ now: Double) -> [WorkerID] {
        let fit = workers.filter { $0.value.isPrepared && !$0.value.isLeaving && $0.value.parkedUntil <= now }.keys.sorted()
        return Array(fit.prefix(min(limits.maximum, limits.microbatches)))
    }

    private mutating func formIfPossible(_ now: Double) -> [Action] {
        guard case .waiting = phase else { return [] }
        let members = candidates(now)
        guard members.count >= min(limits.minimum, limits.microbatches, limits.maximum),
            preparedCount >= limits.minimum
        else { return [] }
        number += 1
        suspicion = nil
        phase = .forming(members: members, connected: [], unreachable: [])
        return [.form(number: number, members: members)]
    }

    private mutating func preparedChanged(_ id: WorkerID, _ now: Double) -> [Action] {
        switch phase {
        case .waiting: return formIfPossible(now)
        case .running(let members) where candidates(now).count > members.count && candidates(now).contains(id):
            return endAtBoundary(members, reason: "\(name(id)) has joined")
        case .forming, .running, .ending:
            return candidates(now).contains(id) ? [] : [.note("\(name(id)) is a spare: \(members.count) workers are enough")]
        case .over: return []
        }
    }

    private mutating func endAtBoundary(_ members: [WorkerID], reason: String) -> [Action] {
        phase = .ending(members: members, ended: [], hasSnapshot: false)
        return [.endAtBoundary(number: number, reason: reason), .note("the workers regroup at the next step: \(reason)")]
    }

    private mutating func reformIfEnded(_ now: Double) -> [Action] {
        guard case .ending(let members, let ended, true) = phase, ended.isSuperset(of: members) else { return [] }
        phase = .waiting
        var actions: [Action] = []
        for id in members where workers[id]?.isLeaving == true {
            workers[id] = nil
            actions.append(.dismiss(id, reason: "it left as it was asked to"))
        }
        return actions + formIfPossible(now)
    }

    private mutating func leaving(_ id: WorkerID, _ now: Double) -> [Action] {
        guard workers[id] != nil else { return [] }
        workers[id]?.isLeaving = true
        guard members.contains(id) else {
            workers[id] = nil
            return [.dismiss(id, reason: "it left as it was asked to")]
        }
        switch phase {
        case .running(let members): return endAtBoundary(members, reason: "\(name(id)) leaves")
        case .forming: return abandonForming(reason: "\(name(id)) leaves", now)
        case .waiting, .ending, .over: return []
        }
    }

    private mutating func abandonForming(reason: String, _ now: Double) -> [Action] {
        guard case .forming(let members, _, _) = phase else { return [] }
        phase = .waiting
        var actions: [Action] = [.abandon(number: number, members: members.filter { workers[$0] != nil }, reason: reason)]
        for id in members where workers[id]?.isLeaving == true {
            workers[id] = nil
            actions.append(.dismiss(id, reason: "it left as it was asked to"))
        }
        return actions + formIfPossible(now)
    }

    private mutating func lost(_ id: WorkerID, _ reason: String, _ now: Double) -> [Action] {
        guard let worker = workers.removeValue(forKey: id) else { return [] }
        let text = "\(worker.name) is gone: \(reason)"
        switch phase {
        case .forming(let members, _, _) where members.contains(id):
            return [.note(text)] + abandonForming(reason: text, now)
        case .running(let members) where members.contains(id), .ending(let members, _, _) where members.contains(id):
            phase = .over
            return [.fail(reason: text)]
        case .waiting, .forming, .running, .ending, .over:
            return [.note(text)]
        }
    }
}

// MARK: - Connecting

extension Membership {
    private mutating func connected(_ id: WorkerID, _ generation: Int) -> [Action] {
        guard generation == number, case .forming(let members, var connected, let unreachable) = phase else { return [] }
        connected.insert(id)
        if connected.isSuperset(of: members) {
            phase = .running(members: members)
            return [.start(number: number, members: members)]
        }
        phase = .forming(members: members, connected: connected, unreachable: unreachable)
        return []
    }

    /// The higher rank dials first; if it fails, the lower one tries; if that fails too, the pair is named and the later-joined worker parked.
    private mutating func cannotReach(_ id: WorkerID, _ rank: Int, _ generation: Int, _ reason: String, _ now: Double) -> [Action] {
        guard generation == number, case .forming(let members, let connected, var unreachable) = phase,
            let own = members.firstIndex(of: id), members.indices.contains(rank), own != rank
        else { return [] }
        let pair = Pair(higher: max(own, rank), lower: min(own, rank))
        if unreachable.insert(pair).inserted {
            phase = .forming(members: members, connected: connected, unreachable: unreachable)
            return [.dialBack(dialler: members[rank], targetRank: own, number: number)]
        }
        let (later, earlier) = (max(id, members[rank]), min(id, members[rank]))
        let pause = min(600, 5 * Double(1 << min(7, workers[later]?.parkings ?? 0)))
        workers[later]?.parkedUntil = now + pause
        workers[later]?.parkings += 1
        let text =
            "\(name(later)) and \(name(earlier)) cannot reach each other in either direction (\(reason)); \(name(later)) waits for \(Int(pause)) s:"
            + " open the firewall between them, or give --listen a port that it lets through"
        return [.note(text)] + abandonForming(reason: text, now)
    }

    /// A worker that was prepared while the generation formed, or whose pause is over, may join what runs without it.
    private mutating func takeInLatecomers(_ now: Double) -> [Action] {
        guard case .running(let members) = phase, let id = candidates(now).first(where: { !members.contains($0) }),
            candidates(now).count > members.count
        else { return [] }
        let isAgain = (workers[id]?.parkings ?? 0) > 0
        return endAtBoundary(members, reason: "\(name(id)) \(isAgain ? "tries again to reach the others" : "has joined")")
    }

    /// A suspected member that is dead is known to be within the timeout. If nobody is, two living members have lost each other, and
    /// all would wait for ever: no message comes twice.
    private mutating func judgeSuspicion(_ now: Double) -> [Action] {
        guard let suspicion, now - suspicion.since > limits.peerTimeout else { return [] }
        self.suspicion = nil
        let text = "\(suspicion.text), although both are there"
        switch phase {
        case .forming: return [.note(text)] + abandonForming(reason: text, now)
        case .running, .ending:
            phase = .over
            return [.fail(reason: "\(text); check the network between them")]
        case .waiting, .over: return []
        }
    }

    private mutating func tick(_ now: Double) -> [Action] {
        // A coordinator that was itself asleep must not judge others by that.
        if now - lastTick > limits.peerTimeout / 2 {
            for id in workers.keys { workers[id]?.lastHeard = now }
            suspicion?.since = now
        }
        lastTick = now
        var actions: [Action] = []
        for (id, worker) in workers.sorted(by: { $0.key < $1.key }) where now - worker.lastHeard > limits.peerTimeout {
            actions.append(.drop(id))
            actions += lost(id, "nothing was heard of it for \(Int(now - worker.lastHeard)) s", now)
        }
        actions += judgeSuspicion(now)
        actions += formIfPossible(now)
        actions += takeInLatecomers(now)
        if case .waiting = phase, now >= nextComplaint {
            nextComplaint = now + Self.complaintInterval
            let missing = max(1, limits.minimum) - preparedCount
            actions.append(
                .note(
                    missing > 0
                        ? "no progress: waiting for \(missing) more worker\(missing == 1 ? "" : "s") (\(preparedCount) of \(limits.minimum) are ready); start them, or restart with a smaller --min-workers"
                        : "no progress: \(workers.count) workers are there, but too few can reach each other"))
        }
        return actions
    }
}
