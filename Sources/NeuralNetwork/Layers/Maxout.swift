import Kernels

/// The definition of a maxout: the output has a k-th of the input's channels.
struct MaxoutDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.eachPosition
    let extendsPreviousLayer = true
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil
    /// k, from 2 to 256.
    let pieces: Int

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let (input, pieces) = (layer.input.shape, pieces)
        guard input.channels.isMultiple(of: pieces) else {
            throw layer.mismatch(
                "`\(layer.name)` takes the largest of each \(pieces) channels, but its input \(input) has "
                    + "\(input.channels): make that a multiple of \(pieces)")
        }
        let output = TensorShape(input.dimensions.dropLast() + [input.channels / pieces])
        return LayerPlan(
            summary: "maxout of \(pieces)",
            output: Boundary(
                shape: output, flattened: nil, field: layer.input.field, measuredImages: nil),
            operations: input.count, scratchCount: 0, workspaceCount: 0,
            rememberedBytes: { $0.microbatches * $0.rows * output.count },
            memory: .separate(backwardReads: []), matrixProducts: { _ in [] }, samplesPerProduct: 1,
            fusion: .none,
            countsDeadUnits: false, flattensImage: false, inputPreparation: nil,
            computation: .layer {
                MaxoutLayer(pieces: pieces, output: output, localMicrobatches: $0.microbatches, rows: $0.rows)
            })
    }
}

/// Maxout (https://arxiv.org/abs/1302.4389): `y_c = max_j x_{c·k + j}` over k neighbouring channels; x
/// `[N, …, C·k]`, y `[N, …, C]`. The gradient goes to the first channel with the largest value, whose number
/// j is remembered as a byte.
final class MaxoutLayer: Layer {
    private let pieces: Int
    private let width: Int
    private let rows: Int
    private let winner: UnsafeMutablePointer<UInt8>

    /// - Parameter pieces: at most 256.
    init(pieces: Int, output: TensorShape, localMicrobatches: Int, rows: Int) {
        self.pieces = pieces
        self.rows = rows
        width = output.count
        winner = .allocate(capacity: max(1, localMicrobatches * rows * width))
        winner.initialize(repeating: 0, count: max(1, localMicrobatches * rows * width))
    }

    deinit { winner.deallocate() }

    private func winner(_ tile: Tile) -> UnsafeMutablePointer<UInt8> {
        winner + (tile.localMicrobatch * rows + tile.start) * width
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        let tiles = pass.rows.tiles
        pass.lanes.run(tiles.count) { task, _ in
            let tile = tiles[task]
            MaxoutKernels.forward(
                input.row(tile.localMicrobatch, tile.start),
                into: output.row(tile.localMicrobatch, tile.start),
                winner: winner(tile),
                count: tile.count * width, pieces: pieces)
        }
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        guard let inputGradient else { return }
        let tiles = pass.rows.tiles
        pass.lanes.run(tiles.count) { task, _ in
            let tile = tiles[task]
            MaxoutKernels.backward(
                outputGradient.row(tile.localMicrobatch, tile.start), winner: winner(tile),
                into: inputGradient.row(tile.localMicrobatch, tile.start),
                count: tile.count * width, pieces: pieces)
        }
    }
}
