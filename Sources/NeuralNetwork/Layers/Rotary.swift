import Kernels

/// The definition of a rotary position embedding of rows that have queries, keys and values.
struct RotaryDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.causal
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil
    let core: AttentionCore
    /// θ
    let base: Double
    /// Values of each head that are turned.
    let width: Int

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let (input, core, base, width) = (layer.input, core, base, width)
        return LayerPlan(
            summary: "rotary (\(width) of \(core.headWidth))", output: input,
            operations: 3 * input.shape.positions * (core.heads + core.kvHeads) * width, scratchCount: 0,
            workspaceCount: 0, rememberedBytes: { _ in 4 * input.shape.positions * width },
            memory: .inPlace(backwardReads: []), matrixProducts: { _ in [] }, samplesPerProduct: 1,
            fusion: .none, countsDeadUnits: false, flattensImage: false, inputPreparation: nil,
            computation: .layer { _ in
                RotaryLayer(
                    RotaryEmbedding(
                        headWidth: core.headWidth, width: width, positions: input.shape.positions,
                        base: base),
                    heads: core.heads + core.kvHeads)
            })
    }
}

/// Rotary position embedding (`RotaryEmbedding`) of the queries and keys, by the position in the sample.
final class RotaryLayer: Layer {
    private let rotary: RotaryEmbedding
    /// Heads of queries and of keys.
    private let heads: Int

    init(_ rotary: RotaryEmbedding, heads: Int) {
        self.rotary = rotary
        self.heads = heads
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        let sequences = pass.ofSequences
        turn(input, output, sequences, pass.rows, pass.lanes, isInverse: false)
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        guard let inputGradient else { return }
        turn(outputGradient, inputGradient, pass.ofSequences, pass.rows, pass.lanes, isInverse: true)
    }

    private func turn(
        _ x: MicrobatchMatrix, _ y: MicrobatchMatrix, _ sequences: SequenceRows, _ samples: MicrobatchRows,
        _ lanes: LanePool, isInverse: Bool
    ) {
        lanes.run(sequences.sampleCount(samples)) { task, _ in
            let sample = sequences.sample(task, of: samples)
            rotary.turn(
                x.row(sample.localMicrobatch, sample.rows.lowerBound), positions: sample.positions,
                heads: heads, stride: x.width, isInverse: isInverse,
                into: y.row(sample.localMicrobatch, sample.rows.lowerBound))
        }
    }
}
