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
    /// The samples of every local microbatch; in a pass `ofPositions` the positions of their sequences.
    package private(set) var rows: MicrobatchRows
    /// The sequences of the samples; nil in a network without sequences.
    package let sequences: SequenceRows?
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
    package private(set) var training: TrainingMode?
    /// True if the same pass is computed once more, with the batch statistics that are known now.
    var isReplay = false
    /// True in inference: lanes may share a tile, because no sums over its samples are needed.
    var cutsTiles = false

    init(
        rows: MicrobatchRows, sequences: SequenceRows?, parameters: UnsafePointer<Float>,
        statistics: UnsafeMutablePointer<Float>, lanes: LanePool, scratch: [FloatBuffer],
        workspace: FloatBuffer, training: TrainingMode?
    ) {
        self.rows = rows
        self.sequences = sequences
        self.parameters = parameters
        self.statistics = statistics
        self.lanes = lanes
        self.scratch = scratch
        self.workspace = workspace
        self.training = training
    }

    /// The sequences of the samples, for layers that have them as input.
    var ofSequences: SequenceRows {
        guard let sequences else { preconditionFailure("a network with sequences knows their positions") }
        return sequences
    }

    /// The same pass for a layer that treats each position of a sequence by itself: its rows are positions.
    package var ofPositions: ForwardPass {
        guard let sequences else { return self }
        var pass = self
        pass.rows = sequences.positions
        pass.training = training?.ofPositions
        return pass
    }

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
    package private(set) var firstSamples: [Int]
    /// The same for positions of sequences; empty in a network without sequences.
    package let firstPositions: [Int]

    package init(
        synchronizer: StatisticsSynchronizer, seed: UInt64, step: Int, firstSamples: [Int],
        firstPositions: [Int] = []
    ) {
        self.synchronizer = synchronizer
        self.seed = seed
        self.step = step
        self.firstSamples = firstSamples
        self.firstPositions = firstPositions
    }

    var ofPositions: TrainingMode {
        var mode = self
        mode.firstSamples = firstPositions
        return mode
    }
}

/// The data that every layer reads during a backward pass.
package struct BackwardPass {
    private var forward: ForwardPass
    package let synchronizer: StatisticsSynchronizer
    package let gradients: GradientVectors
    /// Samples in the global batch; in a pass `ofPositions` the positions of their sequences.
    package private(set) var batchSize: Int
    private let batchPositions: Int
    /// True if the current layer's parameters are not trained: only the gradient of its input is computed.
    package var isFrozen = false

    /// - Parameters:
    ///   - forward: the forward pass of the same step.
    ///   - batchPositions: positions of all sequences of the global batch; 0 in a network without sequences.
    package init(
        _ forward: ForwardPass, synchronizer: StatisticsSynchronizer, gradients: GradientVectors,
        batchSize: Int, batchPositions: Int = 0
    ) {
        self.forward = forward
        self.synchronizer = synchronizer
        self.gradients = gradients
        self.batchSize = batchSize
        self.batchPositions = batchPositions
    }

    /// The same pass for a layer that treats each position of a sequence by itself: its rows are positions.
    package var ofPositions: BackwardPass {
        var pass = self
        pass.forward = forward.ofPositions
        pass.batchSize = batchPositions
        return pass
    }

    package var rows: MicrobatchRows { forward.rows }
    package var sequences: SequenceRows? { forward.sequences }
    var ofSequences: SequenceRows { forward.ofSequences }
    package var training: TrainingMode? { forward.training }
    package var parameters: UnsafePointer<Float> { forward.parameters }
    package var lanes: LanePool { forward.lanes }
    package var scratch: [FloatBuffer] { forward.scratch }
    package var workspace: FloatBuffer { forward.workspace }
}
