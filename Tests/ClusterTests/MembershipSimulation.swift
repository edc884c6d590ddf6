import Cluster
import Telemetry
import TestSupport

/// A cluster in virtual time: the real `Membership`, a coordinator's record that is a number, and workers
/// that compute by mixing the step's number into theirs.
///
/// Every message is delivered in the order of its connection, and in any order among connections; what
/// happens next is drawn from the seed. Workers are killed with and without
/// a word to the coordinator, freeze and wake, lose each other, cannot reach each other, join, leave;
/// connections swallow what they are given and look sound; the coordinator ticks. Then the faults stop, and
/// the job must come to its end.
struct MembershipSimulation {
    struct Failure: Error, CustomStringConvertible { let description: String }

    private enum Message: Equatable {
        // To a worker.
        case form(Int, members: [Int], step: Int, state: UInt64)
        case start(Int)
        case request(Int, ends: Bool)
        case endGeneration(Int)
        case dial(Int, rank: Int)
        case finish, again
        // To the coordinator.
        case prepared
        case connected(Int)
        case cannotReach(Int, rank: Int)
        case suspicion(Int, rank: Int)
        case report(Int, done: Int)
        case part(Int, done: Int, state: UInt64)
        case ended(Int)
        case leaving
        case closed
    }

    private struct Control: Equatable {
        var snapshot = false
        var ends = false
    }

    /// A worker's part in a generation.
    private struct Part {
        let number: Int
        let members: [Int]
        let rank: Int
        var step: Int
        var state: UInt64
        var contributed: Int
        var reported: Set<Int> = []
        var isConnected = false
        var isStarted = false
        var wishes = Control()
    }

    private struct Process {
        var id: Int
        let machine: Int
        var isAlive = true
        var isFrozen = false
        /// Its connection to the coordinator stands, as far as it knows.
        var isAttached = true
        var isPrepared = false
        var inbox: [Message] = []
        var outbox: [Message] = []
        var part: Part?
        var toIt = Way()
        var fromIt = Way()
    }

    /// A direction of a worker's connection to the coordinator.
    private struct Way {
        /// From now on nothing arrives.
        var swallows = false
        var arrived: UInt64 = 0
        var swallowed: UInt64 = 0

        func sent(_ waiting: [Message]) -> UInt64 { arrived + swallowed + UInt64(waiting.count) }

        /// The next message is under way; true if it arrives.
        mutating func take() -> Bool {
            if swallows { swallowed += 1 } else { arrived += 1 }
            return !swallows
        }
    }

    private static let steps = 14
    private static let peerTimeout = 5.0

    private var random: SplitMix
    private var now = 0.0
    private var membership: Membership
    private var processes: [Process] = []
    private var nextID = 1
    /// The process of each admitted worker, as the coordinator knows them.
    private var admitted: [Int: Int] = [:]
    // The coordinator's record.
    private var snapshot: (step: Int, state: UInt64) = (0, 7)
    private var reports = 0
    private var parts: [Int: Set<Int>] = [:]
    private var isFinished = false
    private var lastStarted = 0
    // The members' knowledge of each other, by generation.
    private var contributions: [Int: [Int]] = [:]
    private var controls: [Int: [Int: Control]] = [:]
    private var broken: [Int: Set<[Int]>] = [:]
    /// Pairs of which neither hears the other, and neither knows it.
    private var silent: [Int: Set<[Int]>] = [:]
    private var unreachable: Set<[Int]> = []
    private let reference: [UInt64]
    private(set) var events = 0
    private(set) var generations = 0

    init(seed: UInt64) {
        var random = SplitMix(state: seed)
        let minimum = Int.random(in: 1...3, using: &random)
        membership = Membership(
            limits: Membership.Limits(
                minimum: minimum, maximum: Int.random(in: minimum...5, using: &random),
                microbatches: Int.random(in: minimum...6, using: &random),
                peerTimeout: Self.peerTimeout), now: 0)
        var states: [UInt64] = [7]
        for step in 1...Self.steps { states.append(Self.mix(states[step - 1], step)) }
        reference = states
        self.random = random
    }

    private static func mix(_ state: UInt64, _ step: Int) -> UInt64 {
        (state ^ UInt64(step)) &* 0x9E37_79B9_7F4A_7C15 &+ state >> 29
    }

    mutating func run() throws {
        for _ in 0..<membership.limits.minimum + Int.random(in: 0...2, using: &random) { join() }
        let faults = Int.random(in: 0...12, using: &random)
        for _ in 0..<faults {
            for _ in 0..<Int.random(in: 0...60, using: &random) where !isFinished { try happen() }
            if !isFinished { try disturb() }
        }
        unreachable = []
        for index in processes.indices { processes[index].isFrozen = false }
        for _ in 0..<membership.limits.minimum { join() }
        var turns = 0
        while !isFinished {
            turns += 1
            guard turns < 20_000 else {
                throw Failure(
                    description: "no end in sight: \(membership.phase) at step \(reports) of \(Self.steps)")
            }
            try happen()
        }
        guard snapshot.state == reference[Self.steps] else {
            throw Failure(description: "the final state is not the quiet one's")
        }
    }

    // MARK: What happens

    /// One thing that may happen next: a message arrives, a worker does something, or time passes.
    private mutating func happen() throws {
        events += 1
        let start = Int.random(in: 0..<max(1, processes.count), using: &random)
        let kinds = [0, 1, 2].shuffled(using: &random)
        for offset in processes.indices {
            let index = (start + offset) % processes.count
            for kind in kinds {
                switch kind {
                case 0 where !processes[index].outbox.isEmpty:
                    let message = processes[index].outbox.removeFirst()
                    return processes[index].fromIt.take() ? try receive(message, from: index) : ()
                case 1
                where processes[index].isAlive && !processes[index].isFrozen
                    && !processes[index].inbox.isEmpty:
                    let message = processes[index].inbox.removeFirst()
                    return processes[index].toIt.take() ? deliver(message, to: index) : ()
                case 2 where processes[index].isAlive && !processes[index].isFrozen:
                    if try work(index) { return }
                default: break
                }
            }
            if Int.random(in: 0..<40, using: &random) == 0 { break }
        }
        try tick()
    }

    private mutating func tick() throws {
        now += Double.random(in: 0.2...1, using: &random)
        for (id, index) in admitted
        where processes[index].id == id && processes[index].isAlive && !processes[index].isFrozen {
            try handle(.heard(id))
            try beat(id, processes[index])
        }
        try handle(.tick)
    }

    /// Delivers a heartbeat, which comes on a connection of its own.
    private mutating func beat(_ id: Int, _ process: Process) throws {
        try handle(
            .delivered(
                id, sentToIt: process.toIt.sent(process.inbox), arrivedThere: process.toIt.arrived,
                sentByIt: process.fromIt.sent(process.outbox), arrivedHere: process.fromIt.arrived))
        let part = process.part
        let computes = part.map { $0.isStarted && $0.contributed == $0.step } ?? false
        let received = part.map { (contributions[$0.number] ?? []).reduce(0, +) } ?? 0
        try handle(
            .active(
                id,
                .init(
                    step: part?.step ?? 0, phase: "waiting", isComputing: computes, received: UInt64(received)
                )))
    }

    private mutating func join() {
        processes.append(Process(id: 0, machine: Int.random(in: 0...2, using: &random)))
        attach(processes.count - 1)
    }

    private mutating func attach(_ index: Int) {
        let id = nextID
        nextID += 1
        (processes[index].id, processes[index].isAttached, processes[index].isPrepared) = (id, true, false)
        (processes[index].inbox, processes[index].outbox, processes[index].part) = ([], [.prepared], nil)
        (processes[index].toIt, processes[index].fromIt) = (Way(), Way())
        admitted[id] = index
        _ = membership.handle(.admitted(WorkerName(id), machine: "m\(processes[index].machine)"), at: now)
    }

    private mutating func disturb() throws {
        let alive = processes.indices.filter { processes[$0].isAlive }
        guard let victim = alive.randomElement(using: &random) else { return join() }
        switch Int.random(in: 0...13, using: &random) {
        case 0, 1, 2: die(victim, isNoticed: true)
        case 3: die(victim, isNoticed: false)
        case 4: processes[victim].isFrozen.toggle()
        case 5: join()
        case 6: if processes[victim].isAttached { processes[victim].outbox.append(.leaving) }
        case 7:
            guard let part = processes[victim].part, let other = part.members.randomElement(using: &random),
                other != victim
            else { return }
            broken[part.number, default: []].insert([min(victim, other), max(victim, other)])
            suspect(part.number, victim, other)
            suspect(part.number, other, victim)
        case 8:
            guard let other = alive.randomElement(using: &random), other != victim else { return }
            unreachable.insert([min(victim, other), max(victim, other)])
        case 9: try handle(.unevenWork(reason: "speed"))
        case 10: processes[victim].toIt.swallows = true
        case 11: processes[victim].fromIt.swallows = true
        case 12:
            guard let part = processes[victim].part, let other = part.members.randomElement(using: &random),
                other != victim
            else { return }
            silent[part.number, default: []].insert([min(victim, other), max(victim, other)])
        default:
            die(victim, isNoticed: true)
            join()
        }
    }

    private mutating func die(_ index: Int, isNoticed: Bool) {
        processes[index].isAlive = false
        guard isNoticed else { return processes[index].outbox.removeAll() }
        if processes[index].isAttached { processes[index].outbox.append(.closed) }
        guard let part = processes[index].part else { return }
        for other in part.members where other != index { suspect(part.number, other, index) }
    }

    /// `index` has lost its connection to `other`, if both are in that generation.
    private mutating func suspect(_ number: Int, _ index: Int, _ other: Int) {
        guard processes[index].isAlive, processes[index].isAttached, let part = processes[index].part,
            part.number == number,
            let rank = part.members.firstIndex(of: other)
        else { return }
        processes[index].outbox.append(.suspicion(number, rank: rank))
    }

    // MARK: A worker

    private mutating func deliver(_ message: Message, to index: Int) {
        switch message {
        case .form(let number, let members, let step, let state):
            processes[index].part = Part(
                number: number, members: members, rank: members.firstIndex(of: index) ?? 0, step: step,
                state: state, contributed: step)
        case .start(let number):
            if processes[index].part?.number == number { processes[index].part?.isStarted = true }
        case .request(let number, let ends):
            guard processes[index].part?.number == number else { return }
            processes[index].part?.wishes.snapshot = true
            if ends { processes[index].part?.wishes.ends = true }
        case .endGeneration(let number):
            if processes[index].part?.number == number { processes[index].part = nil }
        case .dial(let number, let rank):
            guard let part = processes[index].part, part.number == number else { return }
            let other = part.members[rank]
            if unreachable.contains([min(index, other), max(index, other)]) {
                processes[index].outbox.append(.cannotReach(number, rank: rank))
            }
        case .finish:
            (processes[index].isAlive, processes[index].isAttached, processes[index].part) = (
                false, false, nil
            )
        case .again: attach(index)
        default: break
        }
    }

    /// The next thing that a worker can do by itself; false if it waits.
    private mutating func work(_ index: Int) throws -> Bool {
        guard let part = processes[index].part, processes[index].isAttached else { return false }
        let others = part.members.filter { $0 != index }
        if !part.isConnected {
            for other in others where unreachable.contains([min(index, other), max(index, other)]) {
                guard let rank = part.members.firstIndex(of: other), rank < part.rank,
                    !part.reported.contains(rank)
                else { continue }
                processes[index].part?.reported.insert(rank)
                processes[index].outbox.append(.cannotReach(part.number, rank: rank))
                return true
            }
            guard
                others.allSatisfy({
                    processes[$0].part?.number == part.number
                        && !unreachable.contains([min(index, $0), max(index, $0)])
                })
            else { return false }
            processes[index].part?.isConnected = true
            processes[index].outbox.append(.connected(part.number))
            return true
        }
        guard part.isStarted else { return false }
        if part.contributed == part.step {
            processes[index].part?.contributed += 1
            contributions[part.number, default: Array(repeating: 0, count: part.members.count)][part.rank] =
                part.step + 1
            return true
        }
        return try complete(index, part)
    }

    private mutating func complete(_ index: Int, _ part: Part) throws -> Bool {
        let done = part.step + 1
        let links = (broken[part.number] ?? []).union(silent[part.number] ?? [])
        guard contributions[part.number]?.allSatisfy({ $0 >= done }) == true,
            !part.members.contains(where: { links.contains([min(index, $0), max(index, $0)]) })
        else { return false }
        if part.rank == 0 {
            var control = part.wishes
            processes[index].part?.wishes = Control()
            control.snapshot = control.snapshot || control.ends || done % 4 == 0 || done == Self.steps
            control.ends = control.ends || done == Self.steps
            controls[part.number, default: [:]][done] = control
            processes[index].outbox.append(.report(part.number, done: done))
        }
        guard let control = controls[part.number]?[done] else { return false }
        let state = Self.mix(part.state, done)
        guard state == reference[done] else {
            throw Failure(description: "w\(processes[index].id) has another state after step \(done)")
        }
        processes[index].part?.step = done
        processes[index].part?.state = state
        if control.snapshot { processes[index].outbox.append(.part(part.number, done: done, state: state)) }
        if control.ends {
            processes[index].outbox.append(.ended(part.number))
            processes[index].part?.isStarted = false
        }
        return true
    }

    // MARK: The coordinator

    private mutating func receive(_ message: Message, from index: Int) throws {
        let id = processes[index].id
        guard admitted[id] == index else { return }
        switch message {
        case .prepared: try handle(.prepared(id))
        case .connected(let number): try handle(.connected(id, generation: number))
        case .cannotReach(let number, let rank):
            try handle(.cannotReach(id, rank: rank, generation: number, reason: "refused"))
        case .suspicion(let number, let rank):
            try handle(.suspected(by: id, rank: rank, generation: number, reason: "closed"))
        case .ended(let number): try handle(.ended(id, generation: number))
        case .leaving: try handle(.leaving(id))
        case .closed:
            admitted[id] = nil
            try handle(.lost(id, reason: "closed"))
        case .report(let number, let done):
            guard number == membership.number, membership.members.first == id else { return }
            guard done == reports + 1 else {
                throw Failure(description: "step \(done) was reported after step \(reports)")
            }
            reports = done
        case .part(let number, let done, let state):
            guard number == membership.number, let rank = membership.members.firstIndex(of: id) else {
                return
            }
            guard state == reference[done], done > snapshot.step else {
                throw Failure(description: "a wrong part of step \(done)")
            }
            parts[done, default: []].insert(rank)
            guard parts[done]?.count == membership.members.count, reports >= done else { return }
            snapshot = (done, state)
            parts = parts.filter { $0.key > done }
            if done == Self.steps { isFinished = true }
        default: break
        }
    }

    private mutating func handle(_ event: Membership.Event) throws {
        if let number = event.generation, number != membership.number {
            let before = membership
            guard membership.handle(event, at: now).isEmpty, membership == before else {
                throw Failure(description: "\(event) of an ended generation had an effect")
            }
            return
        }
        for action in membership.handle(event, at: now) { try act(action) }
    }

    private mutating func act(_ action: Membership.Action) throws {
        switch action {
        case .form(let number, let members):
            generations += 1
            guard number == membership.number, members.allSatisfy({ admitted[$0] != nil }), !members.isEmpty,
                members.count <= min(membership.limits.maximum, membership.limits.microbatches)
            else {
                throw Failure(description: "generation \(number) has members that are not there: \(members)")
            }
            (reports, parts) = (snapshot.step, [:])
            let places = members.compactMap { admitted[$0] }
            for place in places {
                processes[place].inbox.append(
                    .form(number, members: places, step: snapshot.step, state: snapshot.state))
            }
        case .start(let number, let members):
            guard number > lastStarted else {
                throw Failure(description: "generation \(number) starts after \(lastStarted)")
            }
            lastStarted = number
            for id in members { send(.start(number), to: id) }
        case .endAtBoundary(let number, _):
            if let first = membership.members.first { send(.request(number, ends: true), to: first) }
        case .abandon(let number, let members, _): for id in members { send(.endGeneration(number), to: id) }
        case .dialBack(let dialler, let rank, let number): send(.dial(number, rank: rank), to: dialler)
        case .dismiss(let id, _):
            close(id, .finish)
        case .drop(let id, _):
            close(id, .again)
        case .record: break
        }
    }

    /// The last word; that the connection closes is noticed even where it swallows what it is given.
    private mutating func close(_ id: Int, _ message: Message) {
        if let index = admitted[id], processes[index].toIt.swallows {
            (processes[index].inbox, processes[index].toIt) = ([], Way())
        }
        send(message, to: id)
        admitted[id] = nil
    }

    private mutating func send(_ message: Message, to id: Int) {
        if let index = admitted[id], processes[index].id == id { processes[index].inbox.append(message) }
    }
}

extension Membership.Event {
    /// The generation that the event belongs to; nil if it belongs to none.
    fileprivate var generation: Int? {
        switch self {
        case .connected(_, let number), .cannotReach(_, _, let number, _), .suspected(_, _, let number, _),
            .ended(_, let number):
            number
        default: nil
        }
    }
}
