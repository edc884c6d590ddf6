import Collectives
import Datasets
import Kernels
import NeuralNetwork

/// The computation of a member's microbatches of a step, with the memory for it: this member's own, or
/// another's whose work it checks.
final class MicrobatchComputation {
    /// A member's microbatches in a step of one size.
    struct Part {
        let microbatches: [Int]
        /// By local microbatch.
        let rows: MicrobatchRows
        /// By local microbatch: where its samples begin in the global batch.
        let firstSamples: [Int]
        let fold: FoldProgram
        /// The local microbatch that holds the batch's first microbatch.
        let firstLocalMicrobatch: Int?
    }

    let network: Network
    let feeder: BatchFeeder
    private let plan: TrainingPlan
    private let data: DecodedData
    /// By member, one for each distinct step.
    private let parts: [Int: [Part]]

    /// - Parameters:
    ///   - members: those whose microbatches are computed.
    ///   - kept: boundaries of the network whose values are read after a forward pass.
    init(_ context: StepContext, members: [Int], keeping kept: Set<Int> = []) {
        (plan, data) = (context.plan, context.data)
        parts = Dictionary(uniqueKeysWithValues: members.map { ($0, Self.parts(of: $0, context)) })
        let all = parts.values.flatMap { $0 }
        let (localMicrobatches, rows) = (
            all.map(\.rows.localMicrobatches).max() ?? 0, all.flatMap(\.rows.rows).max() ?? 0
        )
        network = Network(
            plan: plan.network, report: plan.trainReport, localMicrobatches: localMicrobatches, rows: rows,
            lanes: context.lanes,
            purpose: .training,
            Network.Options(keeping: kept))
        feeder = BatchFeeder(
            plan: plan, data: data, localMicrobatches: localMicrobatches, rows: rows, lanes: context.lanes)
    }

    private static func parts(of member: Int, _ context: StepContext) -> [Part] {
        let geometry = context.plan.geometry
        return geometry.distinctBatchSizes.enumerated().map { index, batchSize in
            let plan = context.collective.plan(at: index)
            let (microbatches, sizes) = (
                plan.microbatchesOf[member], geometry.microbatchSizes(batchSize: batchSize)
            )
            return Part(
                microbatches: microbatches, rows: MicrobatchRows(microbatches.map { sizes[$0] }),
                firstSamples: microbatches.map {
                    geometry.samples(ofMicrobatch: $0, inBatchOf: batchSize).lowerBound
                },
                fold: FoldProgram(plan.tree, plan.leaves(of: member)),
                firstLocalMicrobatch: plan.leaves(of: member).lowerBound == 0 && !microbatches.isEmpty
                    ? 0 : nil)
        }
    }

    /// The folds of all members and steps: what the memory for gradients must be able to do.
    var folds: [FoldProgram] { parts.values.flatMap { $0.map(\.fold) } }

    func part(of member: Int, step: Int) -> Part {
        guard let part = parts[member]?[plan.stepPlanIndex(step)] else {
            preconditionFailure("rank \(member) is not computed here")
        }
        return part
    }

    func load(_ part: Part, step: Int) -> LoadedBatch {
        feeder.load(step: step, microbatches: part.microbatches, into: network.input)
    }

    func makePass(
        _ part: Part, _ batch: LoadedBatch, step: Int, parameters: FloatBuffer, statistics: FloatBuffer,
        _ synchronizer: any StatisticsSynchronizer
    ) -> ForwardPass {
        network.makePass(
            rows: part.rows, sequences: batch.sequences, parameters: parameters.pointer,
            statistics: statistics.pointer,
            training: TrainingMode(
                synchronizer: synchronizer, seed: plan.job.seed, step: step, firstSamples: part.firstSamples,
                firstPositions: batch.firstPositions))
    }

    /// - Parameter completed: told from where on in the flat vectors all gradients are there.
    func backward(
        _ part: Part, _ batch: LoadedBatch, step: Int, _ pass: ForwardPass,
        _ synchronizer: any StatisticsSynchronizer, into gradients: GradientVectors,
        completed: (Int) -> Void
    ) throws {
        gradients.begin(part.fold, firstLocalMicrobatch: part.firstLocalMicrobatch)
        let training = BackwardPass(
            pass, synchronizer: synchronizer, gradients: gradients,
            batchSize: plan.geometry.batchSize(ofStep: step), batchPositions: batch.positions)
        try network.backward(training, completed: completed)
    }
}
