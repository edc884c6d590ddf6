import Collectives
import Kernels
import NeuralNetwork

/// The training state that one member holds: all parameters, the running statistics, and the optimizer's moments of the shards it owns.
///
/// Between steps it belongs to the compute thread; during a step parameters and moments are written by the communication thread, piece by piece.
package final class MemberState: ParameterUpdate, GradientSource, @unchecked Sendable {
    package let partition: Partition
    package let rank: Int
    package let parameters: FloatBuffer
    package let statistics: FloatBuffer
    /// Compact vectors: owned pieces alone, each moment once in the cluster.
    package let moments: [FloatBuffer]
    package let gradients: GradientVectors
    /// What the schedule's learning rate is multiplied by. No piece of a step is updated before every member's compute thread has contributed to it,
    /// so that thread may set this between steps.
    package var learningRateFactor = 1.0
    private let optimizer: Optimizer
    private let batchSize: (Int) -> Int

    package init(plan: TrainingPlan, partition: Partition, rank: Int, stepPlans: [StepPlan]) {
        let layout = plan.network.layout
        (self.partition, self.rank, optimizer) = (partition, rank, plan.job.optimizer)
        parameters = FloatBuffer(count: layout.flatCount)
        statistics = FloatBuffer(count: layout.statisticsCount)
        moments = optimizer.momentNames.map { _ in FloatBuffer(count: partition.ownedCounts[rank]) }
        gradients = GradientVectors(
            count: layout.flatCount, programs: stepPlans.map { FoldProgram($0.tree, $0.leaves(of: rank)) })
        let geometry = plan.geometry
        batchSize = { geometry.batchSize(ofStep: $0) }
    }

    package func update(_ range: Range<Int>, compact: Int, gradient: UnsafeMutablePointer<Float>, step: Int) {
        optimizer.update(
            parameters.pointer + range.lowerBound, gradient: gradient, moments: { self.moments[$0].pointer + compact },
            count: range.count, scale: 1 / Float(batchSize(step)), step: step + 1)
    }

    package func nodeVector(_ k: Int) -> UnsafePointer<Float> { UnsafePointer(gradients.result(k)) }
}
