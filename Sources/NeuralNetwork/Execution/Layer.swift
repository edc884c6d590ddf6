import Kernels

/// A layer's computation on one worker. One dynamic call per layer and pass covers all local microbatches.
package protocol Layer: AnyObject {
    /// Writes `output` from `input` for every slot.
    func forward(_ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass) throws
    /// Writes the gradient of the input (unless nil: nobody needs it) and of the parameters from that of the output.
    /// `input` and `output` still hold what forward left there, if the layer reads them (`MemoryPlan`).
    func backward(
        _ input: SlotMatrix, _ output: SlotMatrix, outputGradient: SlotMatrix, inputGradient: SlotMatrix?,
        _ pass: TrainingPass
    ) throws
}

/// The computation of a layer that joins several inputs. It has no parameters.
package protocol JoinLayer: AnyObject {
    func forward(_ inputs: [SlotMatrix], _ output: SlotMatrix, _ pass: Pass)
    /// Writes the gradients of the inputs, or adds to what is there.
    func backward(outputGradient: SlotMatrix, _ inputGradients: [InputGradient?], _ pass: Pass)
}

/// Where a join leaves the gradient of one input.
package struct InputGradient {
    package let values: SlotMatrix
    /// Another consumer of the same values has written its part already.
    package let accumulates: Bool
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
    /// Memory that the lanes share within a layer's pass, as long as the neediest layer asked for.
    package let workspace: FloatBuffer
    /// Nil in evaluation: batch norm then uses its running statistics, and dropout does nothing.
    package let training: TrainingMode?
    /// The same pass once more, with the batch statistics that are known now.
    var replays = false
}

/// What a forward pass in training has besides.
package struct TrainingMode {
    package let synchronizer: StatisticsSynchronizer
    package let seed: UInt64
    package let step: Int
    /// For every slot, where its first sample stands in the global batch: draws depend on that, not on who computes.
    package let firstSamples: [Int]

    package init(synchronizer: StatisticsSynchronizer, seed: UInt64, step: Int, firstSamples: [Int]) {
        (self.synchronizer, self.seed, self.step, self.firstSamples) = (
            synchronizer, seed, step, firstSamples
        )
    }
}

/// What layers need besides in a backward pass.
package struct TrainingPass {
    package let pass: Pass
    package let synchronizer: StatisticsSynchronizer
    package let gradients: GradientVectors
    /// Samples in the global batch.
    package let batchSize: Int
    /// The layer at hand keeps its parameters: the gradient of its input alone is wanted.
    package var isFrozen = false

    package init(pass: Pass, synchronizer: StatisticsSynchronizer, gradients: GradientVectors, batchSize: Int)
    {
        (self.pass, self.synchronizer, self.gradients, self.batchSize) = (
            pass, synchronizer, gradients, batchSize
        )
    }
}
