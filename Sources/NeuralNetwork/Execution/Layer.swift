import Kernels

/// A layer's computation on one worker. One dynamic call per layer and pass covers all local microbatches.
package protocol Layer: AnyObject {
    /// Writes `output` from `input` for every local microbatch.
    ///
    /// - Throws: what `StatisticsSynchronizer.combine` throws, if the group has ended.
    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) throws
    /// Writes the gradients of the input and of the parameters from that of the output. `input` and `output`
    /// still hold the values of the forward pass if the layer reads them (`MemoryUse`).
    ///
    /// - Parameter inputGradient: nil if no layer needs it.
    /// - Throws: what `StatisticsSynchronizer.combine` throws, if the group has ended.
    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) throws
}

/// The computation of a layer that joins several inputs. It has no parameters.
package protocol JoinLayer: AnyObject {
    func forward(_ inputs: [MicrobatchMatrix], _ output: MicrobatchMatrix, _ pass: ForwardPass)
    /// Writes the gradients of the inputs, or adds to what is there.
    func backward(outputGradient: MicrobatchMatrix, _ inputGradients: [InputGradient?], _ pass: BackwardPass)
}

/// The memory to which a join writes the gradient of one input.
package struct InputGradient {
    package let values: MicrobatchMatrix
    /// True if another reader of the same values has written its part already.
    package let accumulates: Bool
}

/// The data that every layer reads during a pass over the network.
package struct ForwardPass {
    package private(set) var rows: MicrobatchRows
    /// The flat parameters.
    package let parameters: UnsafePointer<Float>
    /// The flat running statistics.
    package let statistics: UnsafeMutablePointer<Float>
    package let lanes: LanePool
    /// One buffer for each lane, as long as the layer that needs the most asked for.
    package let scratch: [FloatBuffer]
    /// Memory that the lanes share within a layer's pass, as long as the layer that needs the most asked for.
    package let workspace: FloatBuffer
    /// Nil in evaluation: batch norm then uses its running statistics, and dropout does nothing.
    package let training: TrainingMode?
    /// True if the same pass is computed once more, with the batch statistics that are known now.
    var isReplay = false
    /// True in inference: lanes may share a tile, because no sums over its samples are needed.
    var cutsTiles = false

    /// The same pass over whole tiles of `size` samples, as far as a microbatch can hold `most`.
    func padded(to size: Int, most: Int) -> ForwardPass {
        var pass = self
        pass.rows = MicrobatchRows(rows.rows.map { min(most, ($0 + size - 1) / size * size) })
        return pass
    }
}

/// The additional data of a forward pass in training.
package struct TrainingMode {
    package let synchronizer: StatisticsSynchronizer
    package let seed: UInt64
    package let step: Int
    /// For every local microbatch the index of its first sample in the global batch: random draws depend on
    /// it, not on the worker that computes.
    package let firstSamples: [Int]

    package init(synchronizer: StatisticsSynchronizer, seed: UInt64, step: Int, firstSamples: [Int]) {
        self.synchronizer = synchronizer
        self.seed = seed
        self.step = step
        self.firstSamples = firstSamples
    }
}

/// The data that every layer reads during a backward pass.
package struct BackwardPass {
    private let forward: ForwardPass
    package let synchronizer: StatisticsSynchronizer
    package let gradients: GradientVectors
    /// Samples in the global batch.
    package let batchSize: Int
    /// True if the current layer's parameters are not trained: only the gradient of its input is computed.
    package var isFrozen = false

    /// - Parameter forward: the forward pass of the same step.
    package init(
        _ forward: ForwardPass, synchronizer: StatisticsSynchronizer, gradients: GradientVectors,
        batchSize: Int
    ) {
        self.forward = forward
        self.synchronizer = synchronizer
        self.gradients = gradients
        self.batchSize = batchSize
    }

    package var rows: MicrobatchRows { forward.rows }
    package var parameters: UnsafePointer<Float> { forward.parameters }
    package var lanes: LanePool { forward.lanes }
    package var scratch: [FloatBuffer] { forward.scratch }
    package var workspace: FloatBuffer { forward.workspace }
}
