import Checkpoints
import Collectives
import Datasets
import Jobs
import NeuralNetwork
import TestSupport
import Testing
import Training

@Suite struct SnapshotAssemblyTests {
    private static func plan() throws -> TrainingPlan {
        let job = try load(
            config([
                "model":
                    #"["flatten", {dense: 77, batch_norm: true, activation: "relu"}, {dense: 10,"#
                    + #" batch_norm: true}]"#
            ])
        ).job
        return try TrainingPlan(job, try DecodedData(reading: job.data).facts)
    }

    private static func partition(
        _ plan: TrainingPlan, _ members: Int, _ owners: OwnerPattern = .spread
    ) -> Partition {
        owners.partition(usedCount: plan.network.layout.usedCount, members: members)
    }

    /// The parts of a snapshot that members load and send back make the same snapshot, in any order and in
    /// runs of any length. If there are many members, some own nothing, and are waited for nevertheless.
    @Test(arguments: [1, 2, 3, 5, 20], OwnerPattern.allCases) func membersPutItTogetherAgain(
        members: Int, owners: OwnerPattern
    ) throws {
        for isReversed in [true, false] { try putTogether(members, owners, isReversed: isReversed) }
    }

    private func putTogether(_ members: Int, _ owners: OwnerPattern, isReversed: Bool) throws {
        let plan = try Self.plan()
        let partition = Self.partition(plan, members, owners)
        let snapshot = distinctSnapshot(plan.network.layout, moments: 2, step: 31)
        let assignment = Assignment(even: plan.geometry.microbatches, members: members)
        var assembly = SnapshotAssembly(step: 31, plan: plan, partition: partition)
        for rank in isReversed ? (0..<members).reversed() : Array(0..<members) {
            #expect(!assembly.isComplete)
            let state = MemberState(
                plan: plan, partition: partition, rank: rank, stepPlans: plan.stepPlans(assignment))
            state.load(snapshot)
            let sent = state.snapshotPart()
            let part = withExtendedLifetime(sent) { Array(sent.elements) }
            var offset = 0
            for run in [0, 1, 500, part.count] where offset < part.count || run == 0 {
                let end = min(part.count, offset + run)
                #expect(
                    part[offset..<end].withUnsafeBufferPointer {
                        assembly.add($0, rank: rank, offset: offset)
                    })
                offset = end
            }
        }
        #expect(members < 20 || partition.ownedCounts.contains(0))
        #expect(assembly.isComplete)
        #expect(assembly.isFinite)
        let isTheSame =
            assembly.snapshot(epochTotals: Totals(plan.trainReport, sums: [1.5, 2, 3])) == snapshot
        #expect(isTheSame)  // said without thousands of numbers
    }

    @Test func whatDoesNotContinueIsRefused() throws {
        let plan = try Self.plan()
        var assembly = SnapshotAssembly(step: 1, plan: plan, partition: Self.partition(plan, 2))
        func add(_ count: Int, rank: Int, offset: Int) -> Bool {
            [Float](repeating: 1, count: count).withUnsafeBufferPointer {
                assembly.add($0, rank: rank, offset: offset)
            }
        }
        #expect(add(10, rank: 0, offset: 0))
        #expect(!add(10, rank: 0, offset: 0))
        #expect(!add(10, rank: 0, offset: 20))
        #expect(!add(10, rank: 2, offset: 0))
        #expect(!add(10, rank: -1, offset: 0))
        #expect(!add(1 << 20, rank: 1, offset: 0))
        #expect(add(10, rank: 0, offset: 10))
        #expect(!assembly.isComplete)
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity]) func whatIsNotFiniteIsSeen(value: Float) throws {
        let plan = try Self.plan()
        var assembly = SnapshotAssembly(step: 1, plan: plan, partition: Self.partition(plan, 2))
        #expect(assembly.isFinite)
        _ = [1, value].withUnsafeBufferPointer { assembly.add($0, rank: 1, offset: 0) }
        #expect(!assembly.isFinite)
    }
}
