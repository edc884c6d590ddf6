import Cluster
import Telemetry
import Testing

/// Decisions without sockets or sleeping: events and times in, actions out.
@Suite struct MembershipTests {
    typealias Action = Membership.Action

    private func membership(minimum: Int = 1, maximum: Int = .max, microbatches: Int = 8) -> Membership {
        Membership(
            limits: Membership.Limits(
                minimum: minimum, maximum: maximum, microbatches: microbatches, peerTimeout: 5), now: 0)
    }

    /// Admits and prepares workers 1…count at time 0.
    private func arrive(_ count: Int, at membership: inout Membership) -> [Action] {
        var actions: [Action] = []
        for id in 1...count {
            actions += membership.handle(.admitted(WorkerName(id), machine: "m\(id)"), at: 0)
            actions += membership.handle(.prepared(id), at: 0)
        }
        return actions
    }

    /// Everybody in the forming generation is connected.
    private func connectAll(_ membership: inout Membership, at now: Double = 0) -> [Action] {
        membership.members.flatMap {
            membership.handle(.connected($0, generation: membership.number), at: now)
        }
    }

    private func events(_ actions: [Action]) -> [RunEvent] {
        actions.compactMap { if case .record(let event) = $0 { event } else { nil } }
    }

    private func lost(_ id: Int, _ reason: String, rank: Int?) -> RunEvent {
        .worker(.lost(WorkerName(id), reason: reason, rank: rank))
    }

    @Test func formsWhenTheMinimumIsPrepared() {
        var membership = membership(minimum: 2)
        #expect(arrive(1, at: &membership) == [])
        _ = membership.handle(.admitted(WorkerName(2), machine: "m2"), at: 1)
        #expect(membership.handle(.prepared(2), at: 1) == [.form(number: 1, members: [1, 2])])
        #expect(membership.handle(.connected(2, generation: 1), at: 1) == [])
        #expect(
            membership.handle(.connected(1, generation: 1), at: 1) == [.start(number: 1, members: [1, 2])])
        #expect(membership.isRunning)
    }

    /// Workers that were there before the generation formed are told, too, and once.
    @Test(arguments: [
        // microbatches, batch size, --max-workers, the reason
        (1, 20, 9, "a batch has 1 microbatch, and each worker needs one; set `batch.microbatches`"),
        (1, 1, 9, "a batch has 1 microbatch, and each worker needs one; raise `batch.size`"),
        (8, 64, 1, "--max-workers 1 take part; raise it to use more"),
    ]) func sparesAreToldWhy(microbatches: Int, batchSize: Int, maximum: Int, reason: String) {
        var limits = Membership.Limits(
            minimum: 3, maximum: maximum, microbatches: microbatches, peerTimeout: 5)
        limits.batchSize = batchSize
        var membership = Membership(limits: limits, now: 0)
        var told: [RunEvent] = []
        for id in 1...3 {
            _ = membership.handle(.admitted(WorkerName(id), machine: "m"), at: 1)
            told += events(membership.handle(.prepared(id), at: 1))
        }
        let spares = told.compactMap { event -> (Int, String)? in
            guard case .worker(.spare(let worker, 1, let reason)) = event else { return nil }
            return (worker.number, reason)
        }
        #expect(spares.map(\.0) == [2, 3])
        #expect(spares.allSatisfy { $0.1.hasPrefix(reason) }, "\(spares)")
        // A spare takes the place of the member, and the other one is not told again.
        _ = membership.handle(.connected(1, generation: 1), at: 1)
        let after = events(membership.handle(.lost(1, reason: "EOF"), at: 2))
        #expect(!after.contains { if case .worker(.spare) = $0 { true } else { false } }, "\(after)")
        #expect(membership.members == [2])
    }

    @Test func workersBeyondTheMicrobatchesAreSpares() {
        var membership = membership(minimum: 2, microbatches: 2)
        _ = arrive(2, at: &membership)
        _ = connectAll(&membership)
        _ = membership.handle(.admitted(WorkerName(3), machine: "m3"), at: 1)
        let actions = membership.handle(.prepared(3), at: 1)
        let reason =
            "a batch has 2 microbatches, and each worker needs one; set `batch.microbatches` to at least the"
            + " number of workers"
        #expect(events(actions) == [.worker(.spare(WorkerName(3), members: 2, reason: reason))])
        #expect(membership.members == [1, 2])
        // A spare's death changes nothing.
        #expect(
            events(membership.handle(.lost(3, reason: "EOF", step: 7), at: 2)) == [lost(3, "EOF", rank: nil)])
        #expect(membership.isRunning)
    }

    @Test func aLateWorkerJoinsAtABoundary() {
        var membership = membership()
        _ = arrive(1, at: &membership)
        _ = connectAll(&membership)
        _ = membership.handle(.admitted(WorkerName(2), machine: "m2"), at: 1)
        let actions = membership.handle(.prepared(2), at: 1)
        #expect(actions.first == .endAtBoundary(number: 1, reason: "worker 2 has joined"))
        #expect(membership.handle(.ended(1, generation: 1), at: 2) == [.form(number: 2, members: [1, 2])])
    }

    /// The beginning does not wait for workers that will never come.
    @Test func fewerWorkersAreExpected() {
        var membership = membership(minimum: 3)
        #expect(arrive(1, at: &membership).isEmpty)
        membership.expectAtMost(2)
        #expect(membership.missing == 1)
        membership.expectAtMost(5)
        #expect(membership.missing == 1, "it is never raised")
        membership.expectAtMost(0)
        #expect(membership.missing == 1, "one is needed in any case")
        #expect(membership.handle(.tick, at: 1).first == .form(number: 1, members: [1]))
    }

    @Test func unevenWorkIsApportionedAtABoundary() {
        var membership = membership(minimum: 2)
        #expect(membership.handle(.unevenWork(reason: "speed"), at: 0) == [])
        _ = arrive(2, at: &membership)
        #expect(membership.handle(.unevenWork(reason: "speed"), at: 0) == [])
        _ = connectAll(&membership)
        #expect(
            membership.handle(.unevenWork(reason: "speed"), at: 1).first
                == .endAtBoundary(number: 1, reason: "speed"))
        #expect(membership.handle(.unevenWork(reason: "speed"), at: 1) == [])
        #expect(membership.handle(.ended(1, generation: 1), at: 2) == [])
        #expect(membership.handle(.ended(2, generation: 1), at: 2) == [.form(number: 2, members: [1, 2])])
    }

    @Test func leavingIsDoneAtABoundaryAndThenDismissed() {
        var membership = membership(minimum: 1)
        _ = arrive(2, at: &membership)
        // The first worker formed a generation alone; the second one's arrival abandons nothing: it waits for
        // the boundary.
        while case .forming = membership.phase { _ = connectAll(&membership) }
        if case .running = membership.phase {} else { Issue.record("should run") }
        let actions = membership.handle(.leaving(membership.members[0]), at: 1)
        #expect(actions.contains { if case .endAtBoundary = $0 { true } else { false } })
        let next = membership.members.flatMap {
            membership.handle(.ended($0, generation: membership.number), at: 1)
        }
        #expect(next.contains(.dismiss(1, reason: "it left as it was asked to")))
        #expect(events(next) == [.worker(.left(WorkerName(1)))])
        #expect(next.contains(.form(number: 2, members: [2])))
    }

    /// The minimum is for the beginning: afterwards whoever lives goes on, at once.
    @Test func theLivingGoOnWithoutTheDead() {
        var membership = membership(minimum: 3)
        _ = arrive(3, at: &membership)
        _ = connectAll(&membership)
        let event = RunEvent.worker(
            .lost(WorkerName(2), reason: "it closed its connection", rank: 1, step: 8, phase: "forward"))
        #expect(
            membership.handle(
                .lost(2, reason: "it closed its connection", step: 8, phase: "forward"), at: 3) == [
                    .record(event), .abandon(number: 1, members: [1, 3], reason: event.sentence),
                    .form(number: 2, members: [1, 3]),
                ])
        #expect(connectAll(&membership) == [.start(number: 2, members: [1, 3])])
    }

    @Test func aDeathAtABoundaryFormsAnew() {
        var membership = membership(minimum: 2)
        _ = arrive(2, at: &membership)
        _ = connectAll(&membership)
        _ = membership.handle(.leaving(1), at: 1)
        _ = membership.handle(.ended(1, generation: 1), at: 1)
        let actions = membership.handle(.lost(2, reason: "EOF"), at: 1)
        // The one that is left was asked to leave, and nobody remains.
        #expect(actions.contains(.dismiss(1, reason: "it left as it was asked to")))
        #expect(membership.phase == .waiting)
        _ = membership.handle(.admitted(WorkerName(3), machine: "m3"), at: 2)
        #expect(membership.handle(.prepared(3), at: 2) == [.form(number: 2, members: [3])])
    }

    @Test func withNobodyLeftItWaits() {
        var membership = membership(minimum: 1)
        _ = arrive(1, at: &membership)
        _ = connectAll(&membership)
        _ = membership.handle(.lost(1, reason: "EOF"), at: 1)
        #expect(membership.phase == .waiting)
        let told = (2...25).flatMap { events(membership.handle(.tick, at: Double($0))) }
        let event = RunEvent.worker(.missing(ready: 0, needed: 1, paused: 0, hasBegun: true))
        #expect(told == [event, event])
    }

    @Test func aSpareTakesTheDeadOnesPlace() {
        var membership = membership(minimum: 2, microbatches: 2)
        _ = arrive(3, at: &membership)
        _ = connectAll(&membership)
        #expect(
            membership.handle(.lost(1, reason: "EOF"), at: 1).contains(.form(number: 2, members: [2, 3])))
    }

    /// Several machines that vanish together end the generation once.
    @Test func theSilentAreJudgedTogether() {
        var membership = membership(minimum: 3)
        _ = arrive(3, at: &membership)
        _ = connectAll(&membership)
        for second in 1...5 {
            _ = membership.handle(.heard(2), at: Double(second))
            _ = membership.handle(.tick, at: Double(second))
        }
        _ = membership.handle(.heard(2), at: 6)
        let actions = membership.handle(.tick, at: 6)
        #expect(actions.count { if case .abandon = $0 { true } else { false } } == 1)
        #expect(actions.last == .form(number: 2, members: [2]))
    }

    @Test func aBeatingHeartWithoutProgressIsAHang() {
        var membership = membership(minimum: 2)
        _ = arrive(2, at: &membership)
        _ = connectAll(&membership)
        let busy = Membership.WorkerStatus(step: 7, phase: "forward", isComputing: true)
        let waits = Membership.WorkerStatus(step: 7, phase: "waiting", isComputing: false)
        var actions: [Action] = []
        for second in 1...302 {
            _ = membership.handle(.active(1, waits), at: Double(second))
            _ = membership.handle(.active(2, busy), at: Double(second))
            actions += membership.handle(.tick, at: Double(second))
        }
        #expect(actions.first == .drop(2, reason: "it hangs: for 301 s it has been in forward of step 8"))
        #expect(actions.last == .form(number: 2, members: [1]))
    }

    /// The time after which a worker counts as hanging grows with the length of steps.
    @Test func longStepsAreNoHang() {
        var membership = membership(minimum: 1)
        _ = arrive(1, at: &membership)
        _ = connectAll(&membership)
        for second in 1...2000 {
            let activity = Membership.WorkerStatus(
                step: second < 200 ? 0 : 1, phase: "forward", isComputing: true)
            _ = membership.handle(.active(1, activity), at: Double(second))
            #expect(membership.handle(.tick, at: Double(second)) == [])
        }
    }

    /// A machine whose workers die as soon as they take part is let in ever more seldom.
    @Test func crashLoopsAreDamped() {
        var membership = membership(minimum: 1)
        _ = arrive(1, at: &membership)
        _ = connectAll(&membership)
        var (now, pauses): (Double, [Double]) = (1, [])
        for id in 2...9 {
            _ = membership.handle(.admitted(WorkerName(id), machine: "bad"), at: now)
            _ = membership.handle(.prepared(id), at: now)
            let arrived = now
            while !membership.members.contains(id) {
                for id in membership.members where membership.isRunning == false {
                    _ = membership.handle(.ended(id, generation: membership.number), at: now)
                }
                if membership.members.contains(id) { break }
                now += 0.25
                _ = membership.handle(.heard(1), at: now)
                _ = membership.handle(.heard(id), at: now)
                _ = membership.handle(.tick, at: now)
            }
            pauses.append((now - arrived).rounded())
            _ = connectAll(&membership, at: now)
            _ = membership.handle(.lost(id, reason: "EOF"), at: now)
            #expect(membership.members == [1], "the others go on at once")
            _ = connectAll(&membership, at: now)
        }
        #expect(pauses == [0, 0, 1, 2, 4, 8, 16, 32])
    }

    @Test func aDeathWhileFormingFormsAnew() {
        var membership = membership(minimum: 2)
        _ = arrive(3, at: &membership)
        #expect(membership.members == [1, 2])
        let actions = membership.handle(.lost(1, reason: "EOF"), at: 1)
        #expect(actions.contains(.abandon(number: 1, members: [2], reason: lost(1, "EOF", rank: 0).sentence)))
        #expect(actions.contains(.form(number: 2, members: [2, 3])))
        // A message about the ended generation is dropped.
        #expect(membership.handle(.connected(2, generation: 1), at: 1) == [])
    }

    @Test func silenceIsDeathAfterTheTimeout() {
        var membership = membership(minimum: 2)
        _ = arrive(2, at: &membership)
        _ = connectAll(&membership)
        for second in 1...5 {
            #expect(membership.handle(.heard(1), at: Double(second)) == [])
            #expect(membership.handle(.tick, at: Double(second)) == [])
        }
        _ = membership.handle(.heard(1), at: 6)
        let actions = membership.handle(.tick, at: 6)
        #expect(actions.first == .drop(2, reason: "nothing was heard of it for 6 s"))
        #expect(actions.contains(.record(lost(2, "nothing was heard of it for 6 s", rank: 1))))
        #expect(actions.last == .form(number: 2, members: [1]))
    }

    @Test func aCoordinatorThatWasAsleepJudgesNobodyByIt() {
        var membership = membership(minimum: 2)
        _ = arrive(2, at: &membership)
        _ = connectAll(&membership)
        _ = membership.handle(.tick, at: 1)
        #expect(membership.handle(.tick, at: 60) == [])
        #expect(membership.isRunning)
    }

    @Test func unreachablePairsAreTriedTheOtherWayThenNamed() {
        var membership = membership(minimum: 2)
        _ = arrive(2, at: &membership)
        #expect(
            membership.handle(.cannotReach(2, rank: 0, generation: 1, reason: "refused"), at: 1)
                == [.dialBack(dialler: 1, targetRank: 1, number: 1)])
        let actions = membership.handle(.cannotReach(1, rank: 1, generation: 1, reason: "refused"), at: 2)
        let event = RunEvent.network(
            .unreachable(WorkerName(2), other: WorkerName(1), reason: "refused", pauseSeconds: 5))
        #expect(events(actions) == [event])
        #expect(actions.contains(.abandon(number: 1, members: [1, 2], reason: event.sentence)))
        // Two are needed and one is parked: nothing forms until the pause is over.
        #expect(membership.phase == .waiting)
        _ = membership.handle(.heard(1), at: 7)
        _ = membership.handle(.heard(2), at: 7)
        _ = membership.handle(.tick, at: 5)
        #expect(membership.handle(.tick, at: 7) == [.form(number: 2, members: [1, 2])])
    }

    @Test func aParkedWorkerTriesAgainAtABoundary() {
        var membership = membership(minimum: 2)
        _ = arrive(3, at: &membership)
        _ = connectAll(&membership)
        // The third one, which came while the others connected, joins at the next boundary, and cannot reach
        // the first.
        #expect(
            membership.handle(.tick, at: 1).first == .endAtBoundary(number: 1, reason: "worker 3 has joined"))
        for id in membership.members {
            _ = membership.handle(.ended(id, generation: membership.number), at: 1)
        }
        #expect(membership.members == [1, 2, 3])
        let generation = membership.number
        _ = membership.handle(.cannotReach(3, rank: 0, generation: generation, reason: "refused"), at: 1)
        _ = membership.handle(.cannotReach(1, rank: 2, generation: generation, reason: "refused"), at: 1)
        #expect(membership.members == [1, 2])
        _ = connectAll(&membership)
        for id in 1...3 { _ = membership.handle(.heard(id), at: 3) }
        #expect(membership.handle(.tick, at: 3) == [])
        #expect(membership.handle(.tick, at: 5) == [])
        for id in 1...3 { _ = membership.handle(.heard(id), at: 6.5) }
        let actions = membership.handle(.tick, at: 7)
        #expect(
            actions.first
                == .endAtBoundary(
                    number: membership.number, reason: "worker 3 tries again to reach the others"))
    }

    @Test func theLackOfWorkersIsSaidAndSaidAgain() {
        var membership = membership(minimum: 3)
        _ = arrive(1, at: &membership)
        var told: [RunEvent] = []
        for second in stride(from: 1.0, through: 25, by: 1) {
            _ = membership.handle(.heard(1), at: second)
            told += events(membership.handle(.tick, at: second))
        }
        let event = RunEvent.worker(.missing(ready: 1, needed: 3, paused: 0, hasBegun: false))
        #expect(told == [event, event])
    }

    @Test func suspicionsOfAnEndedGenerationAreDropped() {
        var membership = membership(minimum: 2)
        _ = arrive(2, at: &membership)
        _ = connectAll(&membership)
        #expect(membership.handle(.suspected(by: 1, rank: 1, generation: 0, reason: "EOF"), at: 1) == [])
        #expect(
            events(membership.handle(.suspected(by: 1, rank: 1, generation: 1, reason: "EOF"), at: 1)) == [
                .network(.suspected(WorkerName(1), other: WorkerName(2), reason: "EOF"))
            ])
        #expect(membership.isRunning)
    }

    /// A worker's clocks: everyone is heard of and time passes, second by second; all that is decided
    /// meanwhile.
    private func pass(_ seconds: ClosedRange<Int>, _ membership: inout Membership) -> [Action] {
        seconds.flatMap { second in
            for id in membership.members { _ = membership.handle(.heard(id), at: Double(second)) }
            return membership.handle(.tick, at: Double(second))
        }
    }

    /// No message between members is sent twice, so a connection that breaks between living ones would make
    /// all of them wait for ever.
    @Test func livingMembersThatLostEachOtherConnectAnew() {
        var membership = membership(minimum: 2)
        _ = arrive(2, at: &membership)
        _ = connectAll(&membership)
        _ = membership.handle(.suspected(by: 1, rank: 1, generation: 1, reason: "reset"), at: 1)
        _ = membership.handle(.suspected(by: 2, rank: 0, generation: 1, reason: "it closed"), at: 2)
        #expect(pass(2...6, &membership) == [], "a dead one would be found meanwhile")
        let event = RunEvent.network(
            .disconnected(WorkerName(2), other: WorkerName(1), reason: "reset", pauseSeconds: nil))
        #expect(
            pass(7...7, &membership) == [
                .record(event), .abandon(number: 1, members: [1, 2], reason: event.sentence),
                .form(number: 2, members: [1, 2]),
            ])
        // If it does not last, the one that came later waits, and the other one goes on.
        _ = connectAll(&membership)
        _ = membership.handle(.suspected(by: 2, rank: 0, generation: 2, reason: "reset"), at: 8)
        let again = pass(8...14, &membership)
        #expect(
            events(again).first
                == .network(
                    .disconnected(WorkerName(2), other: WorkerName(1), reason: "reset", pauseSeconds: 5)))
        #expect(again.last == .form(number: 3, members: [1]))
        _ = connectAll(&membership)
        for second in 15...18 { _ = membership.handle(.heard(2), at: Double(second)) }
        #expect(pass(15...18, &membership) == [])
        _ = membership.handle(.heard(2), at: 19)
        #expect(
            pass(19...19, &membership).first
                == .endAtBoundary(number: 3, reason: "worker 2 tries again to reach the others"))
    }

    /// Everyone waits, second by second, and `received` says what has arrived by then.
    private func wait(
        _ seconds: ClosedRange<Int>, _ membership: inout Membership, received: (Int) -> UInt64 = { _ in 5 }
    ) -> [Action] {
        seconds.flatMap { second in
            for id in membership.members {
                let activity = Membership.WorkerStatus(
                    step: 7, phase: "waiting", isComputing: false, received: received(second))
                _ = membership.handle(.active(id, activity), at: Double(second))
            }
            return membership.handle(.tick, at: Double(second))
        }
    }

    /// Bytes may vanish on a connection that looks sound: then all wait, and nobody suspects anybody.
    @Test func aStandstillConnectsAnew() {
        var membership = membership(minimum: 2)
        _ = arrive(2, at: &membership)
        _ = connectAll(&membership)
        #expect(wait(1...11, &membership) == [])
        let event = RunEvent.network(.stalled(seconds: 10))
        let anew: [Action] = [
            .record(event), .abandon(number: 1, members: [1, 2], reason: event.sentence),
            .form(number: 2, members: [1, 2]),
        ]
        #expect(wait(12...12, &membership) == anew)
        // If it was only slow, there is more time.
        _ = connectAll(&membership, at: 12)
        #expect(wait(13...32, &membership) == [])
        #expect(events(wait(33...33, &membership)).first == .network(.stalled(seconds: 20)))
    }

    @Test func aSlowLinkIsNoStandstill() {
        var membership = membership(minimum: 2)
        _ = arrive(2, at: &membership)
        _ = connectAll(&membership)
        #expect(wait(1...100, &membership) { UInt64($0 / 9) } == [], "a few bytes every 9 s")
    }

    /// One that does not connect while others have is let go, and joins anew.
    @Test func aStandstillWhileForming() {
        var membership = membership(minimum: 2)
        _ = arrive(2, at: &membership)
        _ = membership.handle(.connected(1, generation: 1), at: 0)
        #expect(wait(1...11, &membership) == [])
        let reason = "the others waited for it for 10 s to connect"
        let actions = wait(12...12, &membership)
        #expect(actions.first == .drop(2, reason: reason))
        #expect(events(actions).first == lost(2, reason, rank: 1))
        #expect(membership.members == [])
    }

    /// The heart beats, but what one side sends on the other connection does not arrive.
    @Test(arguments: [true, false]) func lostMessagesAreALoss(toIt: Bool) {
        var membership = membership(minimum: 2)
        _ = arrive(2, at: &membership)
        _ = connectAll(&membership)
        var actions: [Action] = []
        for second in 1...12 {
            let now = Double(second)
            // All is well with the first; with the second it is until second 1.
            _ = membership.handle(.heard(1), at: now)
            let sent = UInt64(100 * second)
            _ = membership.handle(
                .delivered(1, sentToIt: sent, arrivedThere: sent - 50, sentByIt: 7, arrivedHere: 7), at: now)
            let (down, up): (UInt64, UInt64) = toIt ? (sent, 7) : (7, sent)
            _ = membership.handle(
                .delivered(
                    2, sentToIt: down, arrivedThere: min(down, 100), sentByIt: up, arrivedHere: min(up, 100)),
                at: now)
            _ = membership.handle(.heard(2), at: now)
            actions += membership.handle(.tick, at: now)
            if second == 11 { #expect(actions == []) }
        }
        let loss = "its heart beats, but for 10 s no message \(toIt ? "to" : "from") it has arrived"
        #expect(actions.first == .drop(2, reason: loss))
        #expect(membership.members == [1])
    }

    @Test func aSuspectThatIsDeadIsNamedAsSuch() {
        var membership = membership(minimum: 2)
        _ = arrive(2, at: &membership)
        _ = connectAll(&membership)
        _ = membership.handle(.suspected(by: 1, rank: 1, generation: 1, reason: "reset"), at: 1)
        var actions: [Action] = []
        for second in 1...6 {
            _ = membership.handle(.heard(1), at: Double(second))
            actions += membership.handle(.tick, at: Double(second))
        }
        #expect(actions.contains(.record(lost(2, "nothing was heard of it for 6 s", rank: 1))))
        #expect(actions.last == .form(number: 2, members: [1]))
    }

    @Test func aConnectionLostWhileFormingFormsAnew() {
        var membership = membership(minimum: 2)
        _ = arrive(2, at: &membership)
        _ = membership.handle(.suspected(by: 1, rank: 1, generation: 1, reason: "reset"), at: 1)
        let actions = pass(2...7, &membership)
        #expect(actions.contains(.form(number: 2, members: [1, 2])))
        // The new generation begins without suspicions.
        _ = connectAll(&membership)
        #expect(pass(8...20, &membership) == [])
        #expect(membership.isRunning)
    }
}
