import Cluster
import Collectives
import TestSupport
import Testing
import Training
import Transport

@Suite struct AuditLedgerTests {
    /// Three workers (ids 10, 11, 12) with two microbatches each, every step audited.
    private struct Cluster {
        var ledger = AuditLedger()
        let workers: [Int]
        let partition: Partition
        let plan: StepPlan
        var schedule = AuditSchedule(fraction: 1)

        init(members: Int, _ owners: OwnerPattern) {
            workers = (0..<members).map { 10 + $0 }
            partition = owners.partition(usedCount: 100_000, members: members)
            plan = StepPlan(
                sizes: Array(repeating: 4, count: 2 * members),
                assignment: Assignment(even: 2 * members, members: members))
        }

        mutating func begin(_ workers: [Int]? = nil, _ partition: Partition? = nil) -> [AuditLedger.Dispute] {
            let plan = plan
            let (schedule, givenUp) = ledger.begin(
                fraction: 1, from: 0, workers: workers ?? self.workers, partition ?? self.partition
            ) {
                (0..<100).contains($0) ? plan : nil
            }
            self.schedule = schedule
            return givenUp
        }

        /// Adds everyone's hashes of a step: the true ones, except from those who are wrong about a member's
        /// work (the member itself or its auditor).
        mutating func step(_ step: Int, wrong: [Int: Int] = [:], wrongStatistics: Int? = nil) throws
            -> [AuditLedger.Finding]
        {
            var findings: [AuditLedger.Finding] = []
            for rank in workers.indices {
                let owned = partition.pieces.indices.filter { partition.pieces[$0].owner == rank }
                let digests = owned.flatMap { piece in
                    workers.indices.map { member in
                        UInt64(piece * 100 + member) + (wrong[member] == member && piece == 2 ? 7 : 0)
                    }
                }
                findings += try ledger.contributed(
                    rank: rank, ContributionDigests(step: step, digests: digests))
                let member = schedule.audited(by: rank, step: step, members: workers.count) ?? -1
                let gradients = partition.pieces.indices.map {
                    UInt64($0 * 100 + member) + (wrong[member] == rank && $0 == 3 ? 7 : 0)
                }
                findings += try ledger.audited(
                    rank: rank,
                    AuditResult(
                        step: step, member: member, gradients: gradients,
                        received: wrongStatistics == member ? 6 : 5, recomputed: 5))
            }
            return findings
        }
    }

    @Test(arguments: OwnerPattern.allCases) func equalBitsAreCounted(_ owners: OwnerPattern) throws {
        var cluster = Cluster(members: 3, owners)
        #expect(cluster.begin() == [])
        for step in 0..<5 { #expect(try cluster.step(step) == []) }
        #expect(cluster.ledger.agreed == 5 * 6 && cluster.ledger.disputes.isEmpty)
    }

    /// Hashes that are not compared yet may still show that somebody was wrong.
    @Test(arguments: OwnerPattern.allCases) func whatIsUnderWay(_ owners: OwnerPattern) throws {
        var cluster = Cluster(members: 3, owners)
        _ = cluster.begin()
        #expect(!cluster.ledger.isUnderWay(before: 0) && cluster.ledger.isUnderWay(before: 1))
        for step in [0, 2] { _ = try cluster.step(step) }
        #expect(!cluster.ledger.isUnderWay(before: 1) && cluster.ledger.isUnderWay(before: 2))
        _ = try cluster.step(1)
        #expect(!cluster.ledger.isUnderWay(before: 3) && cluster.ledger.isUnderWay(before: 4))
        cluster.ledger.forget(before: 4)
        #expect(!cluster.ledger.isUnderWay(before: 4) && cluster.ledger.isUnderWay(before: 5))
        // Beyond the job's last step there is nothing.
        cluster.ledger.forget(before: 100)
        #expect(!cluster.ledger.isUnderWay(before: 200) && !cluster.ledger.isUnderWay(before: .max))
        // Nor is there with one member alone.
        _ = cluster.begin([10])
        #expect(!cluster.ledger.isUnderWay(before: 50))
    }

    /// A member whose memory flips a bit once.
    @Test(arguments: 2...4, OwnerPattern.allCases)
    func aPassingMistake(members: Int, owners: OwnerPattern) throws {
        var cluster = Cluster(members: members, owners)
        _ = cluster.begin()
        let first = try cluster.step(7, wrong: [1: 1])
        guard case .disputed(let dispute) = first.first else {
            Issue.record("found \(first)")
            return
        }
        #expect(
            first.count == 1 && dispute.step == 7 && dispute.microbatches == [2, 3] && dispute.difference == 2
        )
        #expect(dispute.claims[0].worker == 11 && dispute.claims[1].worker != 11)
        #expect(cluster.begin() == [] && cluster.schedule.disputed == 7)
        let second = try cluster.step(7)
        guard case .wrong(_, let wrong) = second.first else {
            Issue.record("found \(second)")
            return
        }
        #expect(second.count == 1 && wrong == [11] && cluster.ledger.disputes.isEmpty)
    }

    /// One that is wrong each time is outvoted, if there is a third.
    @Test(arguments: OwnerPattern.allCases) func alwaysWrong(_ owners: OwnerPattern) throws {
        var cluster = Cluster(members: 3, owners)
        _ = cluster.begin()
        _ = try cluster.step(7, wrong: [1: 1])
        _ = cluster.begin()
        let findings = try cluster.step(7, wrong: [1: 1])
        guard case .wrong(_, [11]) = findings.first else {
            Issue.record("found \(findings)")
            return
        }

        cluster = Cluster(members: 2, owners)
        _ = cluster.begin()
        _ = try cluster.step(7, wrong: [1: 1])
        _ = cluster.begin()
        let undecided = try cluster.step(7, wrong: [1: 1])
        guard case .undecided = undecided.first else {
            Issue.record("found \(undecided)")
            return
        }
    }

    /// The auditor may be the one that is wrong.
    @Test(arguments: 2...4, OwnerPattern.allCases)
    func aMistakenAuditor(members: Int, owners: OwnerPattern) throws {
        var cluster = Cluster(members: members, owners)
        _ = cluster.begin()
        let auditor = try #require(
            (0..<members).first { cluster.schedule.audited(by: $0, step: 7, members: members) == 1 })
        let first = try cluster.step(7, wrong: [1: auditor])
        guard case .disputed(let dispute) = first.first else {
            Issue.record("found \(first)")
            return
        }
        #expect(dispute.difference == 3)
        _ = cluster.begin()
        let second = try cluster.step(7)
        guard case .wrong(_, let wrong) = second.first else {
            Issue.record("found \(second)")
            return
        }
        #expect(wrong == [10 + auditor])
    }

    @Test(arguments: OwnerPattern.allCases) func wrongStatistics(_ owners: OwnerPattern) throws {
        var cluster = Cluster(members: 3, owners)
        _ = cluster.begin()
        let first = try cluster.step(7, wrongStatistics: 2)
        guard case .disputed(let dispute) = first.first else {
            Issue.record("found \(first)")
            return
        }
        #expect(dispute.difference == cluster.partition.pieces.count && dispute.claims[0].worker == 12)
    }

    /// While one dispute waits to be settled, others are not overlooked.
    @Test(arguments: OwnerPattern.allCases) func severalAtOnce(_ owners: OwnerPattern) throws {
        var cluster = Cluster(members: 4, owners)
        _ = cluster.begin()
        #expect(try cluster.step(7, wrong: [1: 1, 2: 2]).count == 2)
        _ = cluster.begin()
        let findings = try cluster.step(7, wrong: [2: 2, 3: 3])
        let wrong = findings.compactMap { if case .wrong(_, let wrong) = $0 { wrong } else { nil } }
        #expect(
            findings.count == 3 && Set(wrong) == [[11], [12]]
                && cluster.ledger.disputes.map(\.microbatches) == [[6, 7]])
    }

    /// Without the two that disagree nothing can be found out any more.
    @Test(arguments: OwnerPattern.allCases) func otherWorkers(_ owners: OwnerPattern) throws {
        var cluster = Cluster(members: 3, owners)
        _ = cluster.begin()
        _ = try cluster.step(7, wrong: [1: 1])
        #expect(cluster.begin([10, 11, 13]).map(\.step) == [7])
        #expect(cluster.ledger.disputes.isEmpty && cluster.schedule.disputed == nil)
    }

    /// Digests of other pieces say nothing of those of before: nobody may be found wrong by them.
    @Test(arguments: OwnerPattern.allCases) func otherShares(_ owners: OwnerPattern) throws {
        var cluster = Cluster(members: 3, owners)
        _ = cluster.begin()
        _ = try cluster.step(7, wrong: [1: 1])
        #expect(
            cluster.ledger.isDisputed(among: [10, 11, 12]) && !cluster.ledger.isDisputed(among: [10, 11]))
        let other = Partition(
            usedCount: 100_000, owners: cluster.partition.owners.map { ($0 + 1) % 3 }, members: 3)
        #expect(cluster.begin(nil, other).map(\.step) == [7])
        #expect(!cluster.ledger.isDisputed(among: [10, 11, 12]))
    }

    @Test(arguments: OwnerPattern.allCases) func whatWasNotAskedForIsRefused(_ owners: OwnerPattern) throws {
        var cluster = Cluster(members: 3, owners)
        _ = cluster.begin()
        let owned = cluster.partition.pieces.count { $0.owner == 0 }
        let result = AuditResult(
            step: 1, member: cluster.schedule.audited(by: 0, step: 1, members: 3) ?? -1,
            gradients: Array(repeating: 0, count: cluster.partition.pieces.count), received: 0, recomputed: 0)
        func refused(_ result: AuditResult, rank: Int = 0) {
            var ledger = cluster.ledger
            #expect(throws: MalformedMessage.self) { try ledger.audited(rank: rank, result) }
        }
        func refused(_ step: Int, _ count: Int) {
            var ledger = cluster.ledger
            #expect(throws: MalformedMessage.self) {
                try ledger.contributed(
                    rank: 0, ContributionDigests(step: step, digests: Array(repeating: 0, count: count)))
            }
        }
        refused(1, 3 * owned - 1)
        refused(100, 3 * owned)
        refused(-1, 3 * owned)
        var other = result
        other.member = 0
        refused(other)
        other = result
        other.gradients.removeLast()
        refused(other)
        refused(result, rank: 1)
        other = result
        other.step = 100
        refused(other)
        _ = try cluster.ledger.audited(rank: 0, result)
        refused(result)
        _ = try cluster.ledger.contributed(
            rank: 0, ContributionDigests(step: 1, digests: Array(repeating: 0, count: 3 * owned)))
        refused(1, 3 * owned)
    }
}
