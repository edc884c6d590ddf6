import Kernels

/// A layer's computation on one worker. One dynamic call per layer and pass covers all local microbatches.
package protocol Layer: AnyObject {
    /// Writes `output` from `input` for every slot.
    func forward(_ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass) throws
    /// Writes the gradient of the input (unless nil: nobody needs it) and of the parameters from that of the output.
    /// `input` and `output` still hold what forward left there.
    func backward(
        _ input: SlotMatrix, _ output: SlotMatrix, outputGradient: SlotMatrix, inputGradient: SlotMatrix?, _ pass: TrainingPass
    ) throws
}

/// What every layer reads during a pass over the network.
package struct Pass {
    package let rows: SlotRows
    /// The flat parameters.
    package let parameters: UnsafePointer<Float>
    /// The flat running statistics.
    package let statistics: UnsafeMutablePointer<Float>
    package let lanes: LanePool
    /// One buffer per lane, as long as the neediest layer asked for.
    package let scratch: [FloatBuffer]
    /// Nil in evaluation: batch norm then uses its running statistics.
    package let training: StatisticsSynchronizer?
}

/// What layers need besides in a backward pass.
package struct TrainingPass {
    package let pass: Pass
    package let synchronizer: StatisticsSynchronizer
    package let gradients: GradientVectors
    /// Samples in the global batch.
    package let batchSize: Int

    package init(pass: Pass, synchronizer: StatisticsSynchronizer, gradients: GradientVectors, batchSize: Int) {
        (self.pass, self.synchronizer, self.gradients, self.batchSize) = (pass, synchronizer, gradients, batchSize)
    }
}
