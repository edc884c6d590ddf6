import Collectives
import Kernels
import Synchronization
import TestSupport
import Testing

/// Whole steps of several members: every result has the bits of a sequential sum.
@Suite(.serialized) struct LocalGroupTests {
    private static let steps = 3

    struct Outcome: Sendable {
        var parameters: [[UInt32]] = []
        /// The statistics by member, step and exchange.
        var statistics: [[[[Double]]]] = []
        var reports: [[[Double]]] = []
        var controls: [[ControlWord]] = []
        var updated: [Int] = []
        var errors: [String] = []
    }

    @Test(arguments: 1...8, OwnerPattern.allCases)
    func equalsTheSequentialSum(members: Int, owners: OwnerPattern) throws {
        var random = RandomStream(seed: 4, purpose: .test, major: members)
        for microbatches in 1...9 {
            let sizes = Self.sizes(microbatches)
            let expected = Self.expected(sizes, usedCount: 3_000)
            for cut in 0..<3 {
                let assignment =
                    cut == 0
                    ? Assignment(even: microbatches, members: members)
                    : randomAssignment(microbatches, members, &random)
                let outcome = try Self.run(
                    assignment, sizes, usedCount: 3_000,
                    owners: owners.owners(usedCount: 3_000, members: members))
                Self.check(outcome, expected, "\(members) members, cuts \(assignment.cuts)")
            }
        }
    }

    /// Every owner has several shards and slices. One of the partitions has a member without a shard.
    @Test func largeVectors() throws {
        let sizes = Self.sizes(6)
        let expected = Self.expected(sizes, usedCount: 1_300_000)
        let cuts = [0, 1, 1, 6]
        guard let assignment = Assignment(cuts: cuts) else {
            return #expect(Bool(false), "these cuts are valid")
        }
        let patterns = OwnerPattern.allCases.map { $0.owners(usedCount: 1_300_000, members: 3) }
        for owners in patterns + [(0..<64).map { $0 < 40 ? 2 : 0 }] {
            Self.check(
                try Self.run(assignment, sizes, usedCount: 1_300_000, owners: owners), expected,
                "large vectors")
        }
    }

    /// Nodes that are mostly zero in a range, in some steps all or nothing of it, add like whole ones.
    @Test(arguments: [1, 3, 5]) func sparseRanges(members: Int) throws {
        let (sizes, sparse, steps) = (Self.sizes(7), 4_112..<81_936, 6)
        let expected = Self.expected(sizes, usedCount: 90_000, sparse: sparse, steps: steps)
        for owners in OwnerPattern.allCases {
            let outcome = try Self.run(
                Assignment(even: 7, members: members), sizes, usedCount: 90_000,
                owners: owners.owners(usedCount: 90_000, members: members), sparse: sparse, steps: steps)
            Self.check(outcome, expected, "\(members) members", steps: steps)
        }
    }

    /// The sizes of a full batch, and of a ragged one with empty microbatches. Steps alternate between them.
    private static func sizes(_ microbatches: Int) -> [[Int]] {
        [
            (0..<microbatches).map { 3 + $0 % 2 },
            (0..<microbatches).map { ($0 * 7 + 2) % 3 == 1 ? 0 : 1 }.withOne(),
        ]
    }

    // MARK: The oracle

    struct Expected {
        var parameters: [UInt32]
        var statistics: [[[Double]]]
        var reports: [[Double]]
    }

    private static func expected(
        _ sizes: [[Int]], usedCount: Int, sparse: Range<Int> = 0..<0, steps: Int = steps
    ) -> Expected {
        let count = (usedCount + 1023) / 1024 * 1024
        var parameters = [Float](repeating: 0, count: count)
        var (statistics, reports) = ([[[Double]]](), [[Double]]())
        for step in 0..<steps {
            let filled = sizes[step % 2].indices.filter { sizes[step % 2][$0] > 0 }
            for i in 0..<usedCount {
                let leaves = filled.map {
                    sparse.contains(i)
                        ? Synthetic.sparseGradient(step: step, microbatch: $0, element: i)
                        : Synthetic.gradient(step: step, microbatch: $0, element: i)
                }
                parameters[i] += treeSum(leaves[...], +)
            }
            let operations = Synthetic.exchanges + [Synthetic.report]
            let sums = operations.enumerated().map { exchange, operation in
                treeSum(
                    filled.map {
                        Synthetic.statistics(operation, step: step, exchange: exchange, microbatch: $0)
                    }[...]
                ) {
                    var sum = $0
                    operation.combine(&sum, $1)
                    return sum
                }
            }
            statistics.append(Array(sums.dropLast()))
            reports.append(sums[sums.count - 1])
        }
        return Expected(parameters: parameters.map(\.bitPattern), statistics: statistics, reports: reports)
    }

    // MARK: The group

    private static func run(
        _ assignment: Assignment, _ sizes: [[Int]], usedCount: Int, owners: [Int],
        sparse: Range<Int> = 0..<0, steps: Int = steps
    ) throws -> Outcome {
        let members = assignment.members
        let partition = Partition(usedCount: usedCount, owners: owners, members: members)
        let plans = sizes.map { StepPlan(sizes: $0, assignment: assignment) }
        let states = (0..<members).map {
            TestMember(partition: partition, plans: plans, rank: $0, sparse: sparse)
        }
        let collectives = states.enumerated().map { rank, state in
            Collective(
                rank: rank, partition: partition, plans: plans, planIndex: { $0 % 2 },
                exchanges: Synthetic.exchanges,
                report: Synthetic.report, parameters: state.parameters.pointer, gradients: state,
                sparse: [sparse], updater: state, firstStep: 0
            ) { step, _ in step + 1 == steps ? [.snapshot, .finish] : [] }
        }
        let group = try LocalGroup(collectives)
        let outcome = Mutex(Outcome())
        outcome.withLock {
            $0.statistics = Array(repeating: [], count: members)
            $0.reports = Array(repeating: [], count: members)
            $0.controls = Array(repeating: [], count: members)
        }
        let inTime = try runOnThreads(members) {
            for collective in collectives {
                collective.end(GenerationEnded(reason: "the test waited too long"))
            }
        } _: { rank in
            do {
                for step in 0..<steps {
                    let result = try take(step, collectives[rank], states[rank], usedCount: usedCount)
                    outcome.withLock {
                        $0.statistics[rank].append(result.statistics)
                        $0.reports[rank].append(result.report)
                        $0.controls[rank].append(result.control)
                    }
                }
            } catch { outcome.withLock { $0.errors.append("rank \(rank): \(error)") } }
        }
        group.close()
        return outcome.withLock {
            if !inTime { $0.errors.append("a member had to be given up") }
            let end = partition.pieces[0].range.upperBound
            $0.parameters = states.map { state in (0..<end).map { state.parameters.pointer[$0].bitPattern } }
            $0.updated = zip(states, partition.ownedCounts).map { $0.updated - steps * $1 }
            return $0
        }
    }

    /// Runs one member's step: forward with two exchanges, backward in three parts, the end.
    private static func take(
        _ step: Int, _ collective: Collective, _ state: TestMember, usedCount: Int
    ) throws -> (statistics: [[Double]], report: [Double], control: ControlWord) {
        let plan = collective.plan(for: step)
        let mine = plan.microbatchesOf[collective.rank]
        var statistics: [[Double]] = []
        for (exchange, operation) in Synthetic.exchanges.enumerated() {
            for (localMicrobatch, microbatch) in mine.enumerated() {
                let values = Synthetic.statistics(
                    operation, step: step, exchange: exchange, microbatch: microbatch)
                for (i, value) in values.enumerated() {
                    collective.leaf(exchange, localMicrobatch: localMicrobatch)[i] = value
                }
            }
            let sum = try collective.combine(exchange, step: step)
            statistics.append((0..<operation.width).map { sum[$0] })
        }
        for (localMicrobatch, microbatch) in mine.enumerated() {
            let values = Synthetic.statistics(
                Synthetic.report, step: step, exchange: Synthetic.exchanges.count, microbatch: microbatch)
            for (i, value) in values.enumerated() {
                collective.reportLeaf(localMicrobatch: localMicrobatch)[i] = value
            }
        }
        state.computeGradients(plan, step: step, count: usedCount)
        for offset in [usedCount * 2 / 3, usedCount / 5, 0] { collective.contribute(downTo: offset) }
        let (control, report) = try collective.complete(step: step)
        return (statistics, report, control)
    }

    private static func check(
        _ outcome: Outcome, _ expected: Expected, _ what: String, steps: Int = steps
    ) {
        #expect(outcome.errors.isEmpty, "\(what)")
        guard outcome.errors.isEmpty else { return }
        for (rank, parameters) in outcome.parameters.enumerated() {
            let same = parameters == expected.parameters
            #expect(same, "\(what): rank \(rank) has other parameters")
            #expect(outcome.statistics[rank] == expected.statistics, "\(what): rank \(rank)")
            #expect(outcome.reports[rank] == expected.reports, "\(what): rank \(rank)")
            #expect(
                outcome.controls[rank] == Array(repeating: [], count: steps - 1) + [[.snapshot, .finish]],
                "\(what): rank \(rank)")
            #expect(
                outcome.updated[rank] == 0,
                "\(what): rank \(rank) updated each of its own values once in every step")
        }
    }
}

extension [Int] {
    /// Makes sure that one of the microbatches has a sample.
    fileprivate func withOne() -> [Int] { contains { $0 > 0 } ? self : dropLast() + [1] }
}
