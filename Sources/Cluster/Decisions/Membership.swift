import Telemetry

/// Decides which workers take part: a value that takes events and the time, and returns actions with their
/// reasons. The coordinator carries them out with sockets.
///
/// A worker is *admitted* (connected), *prepared* (job compiled, data at hand, platform accepted), then a
/// *member* of the running generation or a *spare*. Start, join, leave and death are one thing: a generation
/// ends, and the next one forms from the newest snapshot. A worker that comes or leaves waits for a step
/// boundary, where a snapshot is taken, so that nothing is computed twice; a death ends the generation at
/// once.
///
/// For example, a job for one worker:
///
///     membership.handle(.admitted(1, name: "w1", machine: "m1"), at: 0)
///     // []
///     membership.handle(.prepared(1), at: 1)
///     // [.form(number: 1, members: [1])]
///     membership.handle(.connected(1, generation: 1), at: 1)
///     // [.start(number: 1, members: [1])]
package struct Membership: Equatable {
    package typealias WorkerID = Int

    package struct Limits: Equatable {
        /// The first generation forms when so many workers are prepared. Later ones form from those that
        /// live.
        package var minimum: Int
        package var maximum: Int
        /// Microbatches of a step. Members beyond that number would have nothing to do: they are spares.
        package var microbatches: Int
        /// Samples of a batch: the most microbatches that it can have.
        package var batchSize = Int.max
        /// Seconds of silence that count as death.
        package var peerTimeout: Double
        /// Seconds in which bytes that were sent must have begun to arrive. Longer than `peerTimeout`,
        /// because silence says more.
        package var deliveryTimeout: Double { 2 * peerTimeout }

        package init(minimum: Int, maximum: Int, microbatches: Int, peerTimeout: Double) {
            self.minimum = minimum
            self.maximum = maximum
            self.microbatches = microbatches
            self.peerTimeout = peerTimeout
        }
    }

    /// The step and phase of a worker's compute thread, as its heartbeats tell them.
    package struct WorkerStatus: Equatable {
        package var step: Int
        package var phase: String
        /// True if it computes. Otherwise it waits for others, and a stall is not its fault.
        package var isComputing: Bool
        /// Bytes that other members and the coordinator have sent it.
        package var received: UInt64

        package init(step: Int, phase: String, isComputing: Bool, received: UInt64 = 0) {
            self.step = step
            self.phase = phase
            self.isComputing = isComputing
            self.received = received
        }
    }

    /// One direction of a worker's connection for messages: bytes that one side has sent, and that the other
    /// side has received. Each side tells its numbers on the connection for heartbeats.
    struct Delivery: Equatable {
        private var sent: UInt64 = 0
        private var arrived: UInt64 = 0
        /// The last time at which everything had arrived, or something did.
        var since: Double

        init(now: Double) { since = now }

        mutating func note(sent: UInt64, arrived: UInt64, _ now: Double) {
            if arrived >= sent || arrived != self.arrived { since = now }
            (self.sent, self.arrived) = (sent, arrived)
        }

        func isStuck(for timeout: Double, _ now: Double) -> Bool { arrived < sent && now - since > timeout }
    }

    package enum Event: Equatable {
        /// A worker has joined. `machine` is the same for all workers of one machine.
        case admitted(WorkerName, machine: String)
        case prepared(WorkerID)
        /// Any byte counts.
        case heard(WorkerID)
        case active(WorkerID, WorkerStatus)
        /// Bytes of the connection for messages, in both directions.
        case delivered(
            WorkerID, sentToIt: UInt64, arrivedThere: UInt64, sentByIt: UInt64, arrivedHere: UInt64)
        case connected(WorkerID, generation: Int)
        /// A member that could not dial another one (by rank).
        case cannotReach(WorkerID, rank: Int, generation: Int, reason: String)
        case suspected(by: WorkerID, rank: Int, generation: Int, reason: String)
        /// A worker is lost. `step` (from 1) and `phase` say where it was.
        case lost(WorkerID, reason: String, step: Int? = nil, phase: String? = nil)
        case leaving(WorkerID)
        /// A member has come to the generation's end by the control word. Everything that it sends in the
        /// generation, its part of the snapshot too, has come before.
        case ended(WorkerID, generation: Int)
        /// The members' work should be divided anew.
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
        /// End the generation now: the steps after the newest snapshot are computed again.
        case abandon(number: Int, members: [WorkerID], reason: String)
        /// Let `dialler` try to reach `target`, which could not reach it.
        case dialBack(dialler: WorkerID, targetRank: Int, number: Int)
        /// Close the worker's connections; the sentence is for the worker, which ends.
        case dismiss(WorkerID, reason: String)
        /// Close the worker's connections; the sentence is for the worker, which joins anew if it still
        /// lives.
        case drop(WorkerID, reason: String)
        /// Tell the log.
        case record(RunEvent)
    }

    package enum Phase: Equatable {
        case waiting
        case forming(members: [WorkerID], connected: Set<WorkerID>, unreachable: Set<Pair>)
        case running(members: [WorkerID])
        /// Ending at a boundary.
        case ending(members: [WorkerID], ended: Set<WorkerID>)
        case over
    }

    /// A pair of ranks, the lower of which the higher one could not reach; or a pair of workers.
    package struct Pair: Hashable {
        let higher: Int
        let lower: Int

        init(_ one: Int, _ other: Int) {
            higher = max(one, other)
            lower = min(one, other)
        }
    }

    struct Suspicion: Equatable {
        var since: Double
        let pair: Pair
        let reason: String
    }

    struct Worker: Equatable {
        var name: WorkerName
        var machine: String
        var lastHeard: Double
        var isPrepared = false
        /// Whether it was told that it is a spare, since it last took part.
        var isToldSpare = false
        var isLeaving = false
        /// The worker takes no part before this time: it could not reach another one, or its machine's
        /// workers die as soon as they take part.
        var parkedUntil = 0.0
        var parkings = 0
        /// The time since which it has taken part; nil for one that has not.
        var memberSince: Double?
        var status: WorkerStatus?
        /// The time since which its status has been the same.
        var activeSince = 0.0
        var toIt: Delivery
        var fromIt: Delivery

        init(name: WorkerName, machine: String, parkedUntil: Double, now: Double) {
            self.name = name
            self.machine = machine
            self.parkedUntil = parkedUntil
            lastHeard = now
            toIt = Delivery(now: now)
            fromIt = Delivery(now: now)
        }
    }

    package private(set) var limits: Limits
    package internal(set) var phase = Phase.waiting
    /// The number of the current generation, or of the last one.
    package internal(set) var number = 0
    /// True once a generation has run: from now on the workers that live continue.
    package internal(set) var hasBegun = false
    var workers: [WorkerID: Worker] = [:]
    /// The first broken connection between members of this generation.
    var suspicion: Suspicion?
    /// The number of times that two living workers have lost their connection, by pair.
    var pairFailures: [Pair: Int] = [:]
    var crashes = CrashBackoff()
    /// Seconds that a compute thread may be busy with one activity before it counts as hanging.
    var hangTimeout: Double
    /// Seconds that all members may wait for each other while nothing arrives, counted from `formedAt` at the
    /// earliest.
    var stallTimeout: Double
    var formedAt = 0.0
    var nextWaitingReport: Double
    var lastTick: Double

    /// Seconds between two reports that workers are missing.
    package static let waitingReportInterval = 10.0

    package init(limits: Limits, now: Double) {
        self.limits = limits
        hangTimeout = 60 * limits.peerTimeout
        stallTimeout = limits.deliveryTimeout
        nextWaitingReport = now + Self.waitingReportInterval
        lastTick = now
    }

    package var members: [WorkerID] {
        switch phase {
        case .forming(let members, _, _), .running(let members), .ending(let members, _): members
        case .waiting, .over: []
        }
    }

    package var isRunning: Bool { if case .running = phase { true } else { false } }
    /// The number of workers that are waited for before anything can be computed; nil while none is.
    package var missing: Int? {
        guard case .waiting = phase else { return nil }
        return max(1, needed - preparedCount)
    }
    package var preparedCount: Int { workers.values.count { $0.isPrepared } }
    package func name(_ id: WorkerID) -> WorkerName { workers[id]?.name ?? WorkerName(id) }

    /// No more workers than these will come: the beginning waits for no others.
    package mutating func expectAtMost(_ workers: Int) {
        limits.minimum = min(limits.minimum, max(1, workers))
    }

    package mutating func handle(_ event: Event, at now: Double) -> [Action] {
        if phase == .over { return [] }
        switch event {
        case .admitted(let name, let machine):
            workers[name.number] = Worker(
                name: name, machine: machine, parkedUntil: crashes.pauseEnd(machine), now: now)
            return []
        case .prepared(let id):
            workers[id]?.isPrepared = true
            return preparedChanged(id, now)
        case .heard(let id):
            workers[id]?.lastHeard = now
            return []
        case .active(let id, let status):
            updateStatus(id, status, now)
            return []
        case .delivered(let id, let sentToIt, let arrivedThere, let sentByIt, let arrivedHere):
            workers[id]?.toIt.note(sent: sentToIt, arrived: arrivedThere, now)
            workers[id]?.fromIt.note(sent: sentByIt, arrived: arrivedHere, now)
            return []
        case .connected(let id, let generation):
            return connected(id, generation, now)
        case .cannotReach(let id, let rank, let generation, let reason):
            return cannotReach(id, rank: rank, generation: generation, reason: reason, now)
        case .suspected(let id, let rank, let generation, let reason):
            return suspected(by: id, rank: rank, generation: generation, reason: reason, now)
        case .lost(let id, let reason, let step, let phase):
            return lost([Loss(id: id, reason: reason, step: step, phase: phase)], now)
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
