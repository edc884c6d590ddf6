import Checkpoints
import Collectives
import Jobs
import Kernels
import NeuralNetwork
import Training

/// A job, and the reports that its members would send, for tests of what is put together from them.
struct RunProgressFixture {
    let plan: TrainingPlan

    /// 1,437 samples in batches of 500 are 3 steps per epoch, the last of 437 samples; two epochs; every
    /// second step is logged. 360 samples of validation are 6 chunks.
    init(_ change: (inout Job) -> Void = { _ in }) throws {
        var job = Job(
            name: "progress", seed: 3,
            data: DataSpec(train: .digits, validation: .digits, normalization: .zScore),
            layers: [
                NamedLayer("a", .flatten),
                NamedLayer("b", .dense(units: 100, bias: false, initializer: .heNormal)),
                NamedLayer("c", .batchNorm(momentum: 0.1, epsilon: 1e-5)),
                NamedLayer("d", .dense(units: 10, bias: true, initializer: .xavierUniform)),
            ],
            loss: .crossEntropy,
            optimizer: .adam(learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8), batchSize: 500,
            microbatches: 4, epochs: 2, logEvery: 2)
        change(&job)
        plan = try TrainingPlan(job, DecodedData(reading: job.data).facts)
    }

    /// Progress whose first generation, of so many members, has begun.
    func progress(members: Int, isAudited: Bool = false) -> RunProgress {
        var progress = RunProgress(plan, from: start, isAudited: isAudited)
        _ = progress.begin(partition(members: members))
        return progress
    }

    var start: Snapshot { Snapshot(initial: plan.network.layout, moments: 2, seed: 3) }

    func partition(members: Int) -> Partition {
        Partition(
            usedCount: plan.network.layout.usedCount,
            owners: Partition.spreadOwners(usedCount: plan.network.layout.usedCount, members: members),
            members: members)
    }

    /// The report of a whole step, or of the last step of an epoch, half of whose samples were right.
    func report(_ loss: Double, step: Int) -> Totals {
        let samples = Double(plan.geometry.batchSize(ofStep: step - 1))
        return Totals(plan.trainReport, sums: [loss * samples, samples / 2, samples])
    }

    /// All chunks of an evaluation of the validation set, with this loss for every sample and none right.
    func chunks(loss: Double) -> [Double] {
        let count = Evaluator.chunkCount(samples: plan.facts.validationCount)
        return (0..<count).flatMap { chunk in
            let samples = min(Evaluator.chunkSize, plan.facts.validationCount - chunk * Evaluator.chunkSize)
            return [loss * Double(samples), 0, Double(samples)]
        }
    }

    /// A state in which every float differs.
    func state(step: Int, epochTotals: [Double]) -> Snapshot {
        var snapshot = start
        snapshot.step = step
        snapshot.epochTotals = epochTotals
        for i in 0..<plan.network.layout.usedCount {
            snapshot.parameters[i] = Float(i) + 0.25
            snapshot.moments[0][i] = Float(-i) - 0.5
            snapshot.moments[1][i] = Float(i) * 3 + 1
        }
        for i in snapshot.statistics.indices { snapshot.statistics[i] = Float(i) + 1_000_000 }
        return snapshot
    }

    /// Each member's part of a snapshot.
    func parts(of snapshot: Snapshot, _ partition: Partition) -> [FloatBuffer] {
        (0..<partition.members).map { rank in
            let assignment = Assignment(even: plan.geometry.microbatches, members: partition.members)
            let member = MemberState(
                plan: plan, partition: partition, rank: rank, stepPlans: plan.stepPlans(assignment))
            member.load(snapshot)
            return member.snapshotPart()
        }
    }
}

extension RunProgress {
    /// Takes a member's part in runs of `size` floats, as it travels.
    mutating func take(_ part: FloatBuffer, rank: Int, step: Int, runs size: Int = .max) throws -> [Effect] {
        var effects: [Effect] = []
        var offset = 0
        while offset < part.count {
            let count = min(size, part.count - offset)
            effects += try snapshotPart(
                step: step, rank: rank, offset: offset,
                UnsafeBufferPointer(start: part.pointer + offset, count: count))
            offset += count
        }
        return effects
    }

    /// Takes the parts of all members.
    mutating func take(_ snapshot: Snapshot, _ fixture: RunProgressFixture) throws -> [Effect] {
        guard let partition else { return [] }
        return try fixture.parts(of: snapshot, partition).enumerated().flatMap { rank, part in
            try take(part, rank: rank, step: snapshot.step)
        }
    }
}

/// Effects as a person would tell them; steps that are done at once are left out.
func told(_ effects: [RunProgress.Effect]) -> [String] {
    effects.compactMap { effect -> String? in
        switch effect {
        case .stepDone: nil
        case .stepLogged(let step): "step \(step.step), loss \(step.report.loss)"
        case .evaluated(let evaluation):
            "\(evaluation.set) at \(evaluation.step), loss \(evaluation.totals.loss)"
        case .epochDone(let epoch):
            "epoch \(epoch.epoch) at \(epoch.step), train \(epoch.train.loss)"
                + (epoch.validation.map { ", validation \($0.loss)" } ?? "")
                + (epoch.penalty == nil ? "" : ", penalty") + (epoch.stoppedEarly ? ", the last" : "")
        case .decided(let decision):
            "decided at \(decision.step): rate × \(decision.factor)\(decision.stops ? ", stop" : "")"
        case .confirmed(let step): "confirmed through \(step)"
        case .snapshotTaken(let snapshot): "snapshot \(snapshot.step)"
        }
    }
}
