/// Who takes part, decided purely: events and the time in, actions and their reasons out. The coordinator acts on them with sockets.
///
/// A worker is *admitted* (connected), *prepared* (job compiled, data at hand, platform accepted), then a *member* of the running generation or a *spare*. Start,
/// join, leave and death are one thing: a generation ends, and the next one forms from the newest snapshot. Who comes or leaves waits for a step boundary, where a snapshot is
/// taken, so that nothing is computed twice; a death ends the generation at once.
package struct Membership: Equatable {
    package typealias WorkerID = Int

    package struct Limits: Equatable {
        /// The first generation forms when so many workers are prepared. Later ones form from whoever lives.
        package var minimum: Int
        package var maximum: Int
        /// V: more members than microbatches would have nothing to do; further workers are spares.
        package var microbatches: Int
        /// Seconds of silence that count as death.
        package var peerTimeout: Double
        /// Seconds in which bytes that were sent must have begun to arrive. Longer than silence, which says more.
        package var patienceWithBytes: Double { 2 * peerTimeout }

        package init(minimum: Int, maximum: Int, microbatches: Int, peerTimeout: Double) {
            (self.minimum, self.maximum) = (minimum, maximum)
            (self.microbatches, self.peerTimeout) = (microbatches, peerTimeout)
        }
    }

    /// What a worker's compute thread does, as its heartbeats say.
    package struct Activity: Equatable {
        package var step: Int
        package var phase: String
        /// It computes; otherwise it waits for others, and a standstill is not its fault.
        package var isComputing: Bool
        /// Bytes that other members and the coordinator have sent it.
        package var received: UInt64

        package init(step: Int, phase: String, isComputing: Bool, received: UInt64 = 0) {
            (self.step, self.phase, self.isComputing, self.received) = (step, phase, isComputing, received)
        }
    }

    /// What one side of a worker's connection for messages has sent, and what the other side has received of it; each side says so on the connection for heartbeats.
    struct Delivery: Equatable {
        private var sent: UInt64 = 0
        private var arrived: UInt64 = 0
        /// When everything had arrived, or something did.
        var since: Double

        init(now: Double) { since = now }

        mutating func note(sent: UInt64, arrived: UInt64, _ now: Double) {
            if arrived >= sent || arrived != self.arrived { since = now }
            (self.sent, self.arrived) = (sent, arrived)
        }

        func isStuck(for patience: Double, _ now: Double) -> Bool { arrived < sent && now - since > patience }
    }

    package enum Event: Equatable {
        /// `machine`: the same for all workers of one.
        case admitted(WorkerID, name: String, machine: String)
        case prepared(WorkerID)
        /// Any byte counts.
        case heard(WorkerID)
        case active(WorkerID, Activity)
        /// Bytes of the connection for messages, in both directions.
        case delivered(
            WorkerID, sentToIt: UInt64, arrivedThere: UInt64, sentByIt: UInt64, arrivedHere: UInt64)
        case connected(WorkerID, generation: Int)
        /// A member that could not dial another one (by rank).
        case cannotReach(WorkerID, rank: Int, generation: Int, reason: String)
        case suspected(by: WorkerID, rank: Int, generation: Int, reason: String)
        case lost(WorkerID, reason: String)
        case leaving(WorkerID)
        /// A member has come to the generation's end by the control word. What it had to send, its part of the snapshot too, came before.
        case ended(WorkerID, generation: Int)
        /// The members' work should be shared out anew.
        case unevenWork(reason: String)
        /// Members differ about what one of them computed: the step is computed again.
        case disagreement(reason: String)
        case jobFinished
        case tick
    }

    package enum Action: Equatable {
        /// Tell these workers to form generation `number`; ranks in order.
        case form(number: Int, members: [WorkerID])
        case start(number: Int, members: [WorkerID])
        /// End the generation at the next step boundary, with a snapshot.
        case endAtBoundary(number: Int, reason: String)
        /// End the generation now: what came after the newest snapshot is computed again.
        case abandon(number: Int, members: [WorkerID], reason: String)
        /// Let `dialler` try to reach `target`, which could not reach it.
        case dialBack(dialler: WorkerID, targetRank: Int, number: Int)
        /// Close the worker's connections; the sentence is for the worker, which ends.
        case dismiss(WorkerID, reason: String)
        /// Close the worker's connections; the sentence is for the worker, which joins anew if it still lives.
        case drop(WorkerID, reason: String)
        /// For the log.
        case note(String)
    }

    package enum Phase: Equatable {
        case waiting
        case forming(members: [WorkerID], connected: Set<WorkerID>, unreachable: Set<Pair>)
        case running(members: [WorkerID])
        /// Ending at a boundary.
        case ending(members: [WorkerID], ended: Set<WorkerID>)
        case over
    }

    /// Two ranks of which the lower one was not reached by the higher one; or two workers.
    package struct Pair: Hashable {
        let higher: Int
        let lower: Int

        init(_ one: Int, _ other: Int) { (higher, lower) = (max(one, other), min(one, other)) }
    }

    struct Suspicion: Equatable {
        var since: Double
        let pair: Pair
        let text: String
    }

    struct Worker: Equatable {
        var name: String
        var machine: String
        var lastHeard: Double
        var isPrepared = false
        var isLeaving = false
        /// Not asked again before this time: it could not reach somebody, or its machine's workers die as soon as they take part.
        var parkedUntil = 0.0
        var parkings = 0
        /// Since when it has taken part.
        var memberSince: Double?
        var activity: Activity?
        /// Since when its activity has been the same.
        var activeSince = 0.0
        var toIt: Delivery
        var fromIt: Delivery

        init(name: String, machine: String, parkedUntil: Double, now: Double) {
            (self.name, self.machine, self.parkedUntil, lastHeard) = (name, machine, parkedUntil, now)
            (toIt, fromIt) = (Delivery(now: now), Delivery(now: now))
        }
    }

    package let limits: Limits
    package internal(set) var phase = Phase.waiting
    /// The generation's number: of the one that is there, or the last one.
    package internal(set) var number = 0
    /// A generation has run: from now on whoever lives goes on.
    package internal(set) var hasBegun = false
    var workers: [WorkerID: Worker] = [:]
    /// The first broken connection between members of this generation.
    var suspicion: Suspicion?
    /// How often two living workers have lost each other.
    var quarrels: [Pair: Int] = [:]
    var crashes = CrashDamping()
    /// Seconds that a compute thread may be busy with one thing.
    var patience: Double
    /// Seconds that all members may wait for each other while nothing arrives, since `formedAt` at the earliest.
    var stillness: Double
    var formedAt = 0.0
    var nextComplaint: Double
    var lastTick: Double

    /// How often the lack of workers is said again.
    package static let complaintInterval = 10.0

    package init(limits: Limits, now: Double) {
        self.limits = limits
        (patience, stillness) = (60 * limits.peerTimeout, limits.patienceWithBytes)
        nextComplaint = now + Self.complaintInterval
        lastTick = now
    }

    package var members: [WorkerID] {
        switch phase {
        case .forming(let members, _, _), .running(let members), .ending(let members, _): members
        case .waiting, .over: []
        }
    }

    package var isRunning: Bool { if case .running = phase { true } else { false } }
    package var preparedCount: Int { workers.values.count { $0.isPrepared } }
    package func name(_ id: WorkerID) -> String { workers[id]?.name ?? "worker \(id)" }

    package mutating func handle(_ event: Event, at now: Double) -> [Action] {
        if phase == .over { return [] }
        switch event {
        case .admitted(let id, let name, let machine):
            workers[id] = Worker(
                name: name, machine: machine, parkedUntil: crashes.pauseEnd(machine), now: now)
            return []
        case .prepared(let id):
            workers[id]?.isPrepared = true
            return preparedChanged(id, now)
        case .heard(let id):
            workers[id]?.lastHeard = now
            return []
        case .active(let id, let activity):
            noteActivity(id, activity, now)
            return []
        case .delivered(let id, let sentToIt, let arrivedThere, let sentByIt, let arrivedHere):
            workers[id]?.toIt.note(sent: sentToIt, arrived: arrivedThere, now)
            workers[id]?.fromIt.note(sent: sentByIt, arrived: arrivedHere, now)
            return []
        case .connected(let id, let generation):
            return connected(id, generation, now)
        case .cannotReach(let id, let rank, let generation, let reason):
            return cannotReach(id, rank, generation, reason, now)
        case .suspected(let id, let rank, let generation, let reason):
            return suspected(by: id, rank, generation, reason, now)
        case .lost(let id, let reason):
            return lost([(id, reason)], now)
        case .leaving(let id):
            return leaving(id, now)
        case .ended(let id, let generation):
            guard generation == number, case .ending(let members, var ended) = phase, members.contains(id)
            else { return [] }
            ended.insert(id)
            phase = .ending(members: members, ended: ended)
            return reformIfEnded(now)
        case .unevenWork(let reason):
            guard case .running(let members) = phase else { return [] }
            return endAtBoundary(members, reason: reason)
        case .disagreement(let reason):
            return members.isEmpty ? [] : abandon(reason: reason, now)
        case .jobFinished:
            phase = .over
            return []
        case .tick:
            return tick(now)
        }
    }
}
