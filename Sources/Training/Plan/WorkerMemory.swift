import Collectives
import Kernels
import NeuralNetwork
import System

/// Bytes that a worker holds for a training: a function of the job and of how many of a batch's microbatches
/// it computes.
package struct WorkerMemory: Equatable, Sendable {
    /// Bytes of the layers' boundaries: values, and the gradients that share their memory; and of the weights
    /// that convolutions transform.
    package let layers: Int
    /// Bytes of the parameters, of the average that is evaluated in place of them, and of running statistics.
    package let parameters: Int
    /// Bytes of the parameters' gradients: a vector for each pending node of the reduction tree.
    package let gradients: Int
    package let optimizerState: Int
    /// Bytes of the newest snapshot that is kept: all parameters, and the state of the owned ones.
    package let snapshot: Int
    /// More for every lane: scratch memory, and a chunk of an evaluation.
    package let perLane: Int

    package var total: Int { layers + parameters + gradients + optimizerState + snapshot }

    /// - Parameter members: workers that share the batch evenly; this is the first.
    package init(_ plan: TrainingPlan, members: Int) {
        let (network, geometry) = (plan.network, plan.geometry)
        let assignment = Assignment(even: geometry.microbatches, members: members)
        let sizes = geometry.microbatchSizes(batchSize: geometry.batchSize)
        let localMicrobatches = (0..<members).map { assignment.range(of: $0).count }.max() ?? 0
        let rows = sizes.max() ?? 0
        layers =
            network.bytes(localMicrobatches: localMicrobatches, rows: rows, training: true)
            + 4 * network.workspaceCount
        parameters =
            4
            * ((plan.job.isAveraged ? 2 : 1) * network.layout.parameterSpace + network.layout.statisticsCount)
        let fold = FoldProgram(ReductionTree(leaves: geometry.microbatches), 0..<localMicrobatches)
        gradients = 4 * network.layout.flatCount * fold.registers
        optimizerState = 4 * plan.job.momentNames.count * network.layout.flatCount / members
        snapshot =
            4
            * (network.layout.occupiedSpace + (1 + plan.job.momentNames.count)
                * network.layout.flatCount / members)
        perLane =
            4 * network.scratchCount
            + network.bytes(localMicrobatches: 1, rows: plan.chunkSize, training: false)
    }

    /// For people.
    package static func text(_ plan: TrainingPlan) -> [String] {
        let (alone, most) = (WorkerMemory(plan, members: 1), plan.geometry.microbatches)
        let shared =
            most > 1
            ? ", \(TextFormat.bytes(WorkerMemory(plan, members: most).total)) in each of \(most)" : ""
        let parts = [
            "\(TextFormat.bytes(alone.layers)) values of layers and their gradients",
            "\(TextFormat.bytes(alone.parameters)) parameters",
            "\(TextFormat.bytes(alone.gradients)) gradients of parameters",
            "\(TextFormat.bytes(alone.optimizerState)) optimizer state",
            "\(TextFormat.bytes(alone.snapshot)) of the newest snapshot",
        ]
        return [
            "memory           \(TextFormat.bytes(alone.total)) in a worker alone\(shared), "
                + "and \(TextFormat.bytes(alone.perLane)) for each lane",
            "  alone          \(parts.joined(separator: ", "))",
        ]
    }
}
