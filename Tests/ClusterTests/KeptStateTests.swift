import Cluster
import Collectives
import Jobs
import Kernels
import NeuralNetwork
import Testing
import Training
import Transport

/// A worker's shares of snapshots: which ones it keeps, and what a new generation gets from them.
@Suite struct KeptStateTests {
    private func generation(_ counter: UInt32) -> FrameGeneration {
        FrameGeneration(incarnation: 1, counter: counter)
    }

    @Test func history() {
        var history = SnapshotHistory<String>()
        #expect(history.begin(since: nil, step: 0) == nil)
        for step in 1...3 { history.add("\(step)", of: generation(7), step: step) }
        var copy = history
        #expect(copy.begin(since: generation(7), step: 2) == "2")
        #expect(
            copy.begin(since: generation(7), step: 2) == "2", "a generation may end before its first step")
        #expect(copy.begin(since: generation(7), step: 3) == nil, "the others are forgotten")
        #expect(history.begin(since: generation(6), step: 2) == nil, "another generation's")
    }

    @Test func completeSnapshots() {
        var history = SnapshotHistory<String>()
        for step in 1...3 { history.add("\(step)", of: generation(7), step: step) }
        history.completed(generation(7), step: 2)
        history.completed(generation(6), step: 3)
        history.completed(generation(7), step: 9)
        var (older, complete, newer) = (history, history, history)
        #expect(older.begin(since: generation(7), step: 1) == nil)
        #expect(complete.begin(since: generation(7), step: 2) == "2")
        #expect(newer.begin(since: generation(7), step: 3) == "3")
    }

    @Test func fewAreKept() {
        let most = SnapshotHistory<Int>.most
        var history = SnapshotHistory<Int>()
        for step in 0..<10 { history.add(step, of: generation(1), step: step) }
        for step in 0..<10 {
            var copy = history
            #expect(copy.begin(since: generation(1), step: step) == (step < 10 - most ? nil : step))
        }
    }

    private func plan() throws -> TrainingPlan {
        let job = Job(
            name: "kept", seed: 3, data: DataSpec(train: .digits, normalization: .zScore),
            layers: [
                NamedLayer("a", .flatten),
                NamedLayer("b", .dense(units: 1100, bias: true, initializer: .heNormal)),
                NamedLayer("c", .dense(units: 10, bias: true, initializer: .xavierUniform)),
            ],
            loss: .crossEntropy,
            optimizer: .adam(learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8), batchSize: 500,
            microbatches: 4, epochs: 2)
        return try TrainingPlan(job, DecodedData(reading: job.data).facts)
    }

    private func state(_ plan: TrainingPlan, _ partition: Partition, _ rank: Int) -> MemberState {
        let members = partition.members
        return MemberState(
            plan: plan, partition: partition, rank: rank,
            stepPlans: plan.stepPlans(Assignment(even: plan.geometry.microbatches, members: members)))
    }

    /// A value for each element of each moment.
    private func value(_ moment: Int, _ index: Int) -> Float { Float((index * 7 + moment * 3) % 1009) }

    /// After members have come or gone, a member finds its moments in its share where it owned them before,
    /// and lacks exactly the rest.
    @Test(arguments: [(3, 1, 2, 0), (2, 0, 3, 2), (4, 3, 4, 3), (1, 0, 2, 1), (4, 2, 1, 0)])
    func restores(oldMembers: Int, oldRank: Int, members: Int, rank: Int) throws {
        let plan = try plan()
        let layout = plan.network.layout
        func partition(_ members: Int) -> Partition {
            Partition(
                usedCount: layout.usedCount,
                owners: Partition.spreadOwners(usedCount: layout.usedCount, members: members),
                members: members)
        }
        let (before, after) = (partition(oldMembers), partition(members))
        let old = state(plan, before, oldRank)
        for i in 0..<layout.occupiedSpace { old.parameters.pointer[i] = Float(i % 4093) }
        for (m, moment) in old.moments.enumerated() {
            for piece in before.pieces where piece.owner == oldRank {
                for (k, i) in piece.range.enumerated() { moment.pointer[piece.compact + k] = value(m, i) }
            }
        }
        let kept = KeptState(of: old, occupiedSpace: layout.occupiedSpace, part: old.snapshotPart())
        let new = state(plan, after, rank)
        let missing = kept.restore(to: new)
        #expect((0..<layout.occupiedSpace).allSatisfy { new.parameters.pointer[$0] == Float($0 % 4093) })
        var wrong = 0
        for piece in after.pieces where piece.owner == rank {
            for (k, i) in piece.range.enumerated() {
                let compact = piece.compact + k
                let wasOwned = before.pieces.contains { $0.owner == oldRank && $0.range.contains(i) }
                let isMissing = missing.contains { $0.contains(compact) }
                let isRight = new.moments.enumerated().allSatisfy { $1.pointer[compact] == value($0, i) }
                if wasOwned ? isMissing || !isRight : !isMissing { wrong += 1 }
            }
        }
        #expect(wrong == 0)
        #expect(missing.allSatisfy { $0.upperBound <= after.ownedCounts[rank] })
    }
}
