import Kernels

/// The definition of a learned position embedding: the output has the input's shape.
struct PositionsDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.causal
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil
    let initializer: Initializer

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let input = layer.input
        let (positions, width) = (input.shape.positions, input.shape.channels)
        guard input.shape.isSequence else {
            throw layer.mismatch(
                "`\(layer.name)` numbers the positions of a sequence, but the layer before it gives "
                    + "\(input.shape)")
        }
        try layer.checkWeights(positions, width)
        let table = allocator.addWeight(
            layer.name, .table(rows: positions, columns: width), initializer, fanIn: positions, fanOut: width)
        return LayerPlan(
            summary: "positions (\(initializer.name))", output: input, operations: positions * width,
            scratchCount: 0, workspaceCount: 0, rememberedBytes: { _ in 0 },
            memory: .inPlace(backwardReads: []), matrixProducts: { _ in [] }, samplesPerProduct: 1,
            fusion: .none, countsDeadUnits: false, flattensImage: false, inputPreparation: nil,
            computation: .layer { _ in
                PositionsLayer(positions: positions, width: width, table: table)
            })
    }
}

/// A learned position embedding: `y[p] = x[p] + W[p]`, x `[T, C]`, W `[T, C]`, p the position in the sample.
///
/// Gradients: dx = dy; dW[p] is the sum over a microbatch's samples that have the position, in their order.
final class PositionsLayer: Layer {
    /// Positions of a task of the weights' gradient; a multiple of 16, so that blocks begin at aligned
    /// floats.
    private static let blockPositions = 16

    private let positions: Int
    private let width: Int
    private let table: Int

    init(positions: Int, width: Int, table: Int) {
        self.positions = positions
        self.width = width
        self.table = table
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        let sequences = pass.ofSequences
        pass.lanes.run(sequences.sampleCount(pass.rows)) { task, _ in
            let sample = sequences.sample(task, of: pass.rows)
            EmbeddingKernels.addRows(
                input.row(sample.localMicrobatch, sample.rows.lowerBound), rows: sample.rows.count,
                table: pass.parameters + table, first: sample.past, width: width,
                into: output.row(sample.localMicrobatch, sample.rows.lowerBound))
        }
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        let blocks = (positions + Self.blockPositions - 1) / Self.blockPositions
        if !pass.isFrozen {
            pass.lanes.run(blocks) { task, _ in
                let first = task * Self.blockPositions
                sum(outputGradient, first..<min(positions, first + Self.blockPositions), pass)
            }
        }
        guard let inputGradient, inputGradient.row(0) != outputGradient.row(0) else { return }
        for (localMicrobatch, rows) in pass.ofSequences.positions.rows.enumerated() {
            inputGradient.row(localMicrobatch).update(
                from: outputGradient.row(localMicrobatch), count: rows * width)
        }
    }

    /// Adds up the gradients of some positions, for every local microbatch.
    private func sum(_ dy: MicrobatchMatrix, _ block: Range<Int>, _ pass: BackwardPass) {
        let sums = pass.gradients.block(
            start: table + block.lowerBound * width, count: block.count * width)
        for (localMicrobatch, samples) in pass.rows.rows.enumerated() {
            let (leaf, offsets) = (sums.leaf(localMicrobatch), pass.ofSequences.offsets(localMicrobatch))
            leaf.update(repeating: 0, count: block.count * width)
            for sample in 0..<samples {
                let rows = min(block.upperBound, offsets[sample + 1] - offsets[sample]) - block.lowerBound
                guard rows > 0 else { continue }
                let from = dy.row(localMicrobatch, offsets[sample] + block.lowerBound)
                for i in 0..<(rows * width) { leaf[i] += from[i] }
            }
            sums.merge(after: localMicrobatch)
        }
    }
}
