import Cluster
import Collectives
import Testing

@Suite struct WorkSharingTests {
    /// So many steps of a member that computes `seconds` in each.
    private func steps(_ count: Int, _ seconds: Double, exchange: Double = 0) -> [Span] {
        (0..<count).flatMap { step in
            [
                Span(.data, step: step, begin: 0, end: 0.1 * seconds),
                Span(.forward, step: step, begin: 0, end: 0.4 * seconds + 1),
                Span(.statistics, step: step, begin: 0, end: 1),
                Span(.backward, step: step, begin: 0, end: 0.5 * seconds),
                Span(.gradients, step: step, begin: 0, end: exchange),
                Span(.update, step: step, begin: 0, end: 7, busy: 0.1 * seconds),
            ]
        }
    }

    /// Members with these seconds per microbatch, measured once.
    private func measured(_ microbatches: Int, _ costs: [Double], even: Bool = true) -> (
        WorkSharing, Assignment
    ) {
        var sharing = WorkSharing(microbatches: microbatches)
        let members = costs.indices.map { 10 + $0 }
        let assignment = Assignment(even: microbatches, members: members.count)
        #expect(sharing.assignment(for: members) == assignment)
        sharing.begin(members, assignment)
        sharing.started(now: 100)
        for (rank, cost) in costs.enumerated() {
            sharing.add(rank: rank, steps(10, cost * Double(assignment.range(of: rank).count)))
        }
        return (sharing, assignment)
    }

    @Test func fourTimesSlower() throws {
        var (sharing, _) = measured(32, [1, 4])
        do {  // too soon
            let change = sharing.change(now: 101)
            #expect(change == nil)
        }
        let change = sharing.change(now: 102)
        #expect(change?.cuts == [0, 26, 32])
        #expect(sharing.assignment(for: [10, 11]).cuts == [0, 26, 32])
        #expect(sharing.assignment(for: [11, 10]).cuts == [0, 6, 32])
        let straggler = try #require(sharing.straggler)
        #expect(straggler.worker == 11 && abs(straggler.speed - 0.25) < 1e-9)
        // A newcomer counts as the middle one.
        #expect(sharing.assignment(for: [10, 11, 12]).cuts == [0, 15, 18, 32])
    }

    /// The exchange is slow too where computing is: the slow member's takes as long as 2 of its microbatches.
    @Test func theExchangeCounts() {
        var sharing = WorkSharing(microbatches: 32)
        sharing.begin([10, 11], Assignment(even: 32, members: 2))
        sharing.add(rank: 0, steps(10, 16, exchange: 56))
        sharing.add(rank: 1, steps(10, 64, exchange: 8))
        let change = sharing.change(now: 1000)
        #expect(change != nil)
        // (n + 2) / rate: 27 + 2 against 4 · (5 + 2).
        #expect(sharing.assignment(for: [10, 11]).cuts == [0, 27, 32])
    }

    @Test func smallDifferencesChangeNothing() {
        var (sharing, _) = measured(8, [1, 1.2])
        do {
            let change = sharing.change(now: 200)
            #expect(change == nil)
        }
        #expect(sharing.straggler == nil)
        // Nor does a difference that whole microbatches cannot even out.
        (sharing, _) = measured(2, [1, 1.9])
        do {
            let change = sharing.change(now: 200)
            #expect(change == nil)
        }
    }

    @Test func afterAChangeItRestsForLonger() {
        var (sharing, _) = measured(32, [1, 4])
        let change = sharing.change(now: 102)
        #expect(change != nil)
        sharing.begin([10, 11], sharing.assignment(for: [10, 11]))
        sharing.started(now: 103)
        sharing.add(rank: 0, steps(10, 26 * 4))
        sharing.add(rank: 1, steps(10, 6))
        do {
            let change = sharing.change(now: 106)
            #expect(change == nil)
        }
        let next = sharing.change(now: 107)
        #expect(next != nil)
    }

    @Test func unmeasuredMembersAreNotJudged() {
        var (sharing, assignment) = measured(32, [1, 4])
        sharing.begin([10, 11], assignment)
        sharing.add(rank: 0, steps(10, 1))
        sharing.add(rank: 1, steps(WorkSharing.leastSteps - 1, 4))
        sharing.add(rank: 7, steps(10, 4))
        do {
            let change = sharing.change(now: 1000)
            #expect(change == nil)
        }
    }

    /// Nothing is kept of a worker that is gone; of one that only pauses, all.
    @Test func theGoneAreForgotten() {
        var (sharing, _) = measured(32, [1, 4])
        _ = sharing.change(now: 102)
        sharing.begin([10], sharing.assignment(for: [10]))
        #expect(sharing.speeds(of: [11]) != nil)
        sharing.forget(11)
        #expect(sharing.speeds(of: [11]) == nil && sharing.speeds(of: [10]) != nil)
    }

    /// A member that got nothing is tried again after a while.
    @Test func theIdleAreReconsidered() {
        var (sharing, _) = measured(2, [1, 10])
        let change = sharing.change(now: 102)
        #expect(change != nil)
        var (now, assignment) = (103.0, sharing.assignment(for: [10, 11]))
        #expect(assignment.cuts == [0, 2, 2])
        for _ in 0..<50 where assignment.cuts == [0, 2, 2] {
            sharing.begin([10, 11], assignment)
            sharing.started(now: now)
            sharing.add(rank: 0, steps(10, 2))
            now += 200
            _ = sharing.change(now: now)
            assignment = sharing.assignment(for: [10, 11])
        }
        #expect(assignment.cuts == [0, 1, 2])
    }

    /// No other sharing ends sooner: against all of them, for speeds by chance.
    @Test func theSharingIsTheBest() {
        var state: UInt64 = 7
        func random() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 40) / Double(1 << 24)
        }
        for _ in 0..<200 {
            let costs = (0..<3).map { _ in 0.1 + 5 * random() }
            var (sharing, _) = measured(9, costs)
            _ = sharing.change(now: 1000)
            let cuts = sharing.assignment(for: [10, 11, 12]).cuts
            func seconds(_ counts: [Int]) -> Double { zip(counts, costs).map { Double($0) * $1 }.max() ?? 0 }
            var best = Double.infinity
            for a in 0...9 { for b in 0...(9 - a) { best = min(best, seconds([a, b, 9 - a - b])) } }
            #expect(seconds([cuts[1], cuts[2] - cuts[1], 9 - cuts[2]]) <= best * (1 + 1e-9))
        }
    }
}
