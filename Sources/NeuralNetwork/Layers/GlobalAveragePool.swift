import Kernels

/// The definition of a global average pool: an image becomes a table with a column for each channel.
struct GlobalAveragePoolDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.refused
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let input = layer.input.shape
        guard input.dimensions.count == 3 else {
            throw layer.mismatch(
                "`\(layer.name)` averages over images of height×width×channels, "
                    + "but the layer before it gives \(input): remove it")
        }
        return LayerPlan(
            summary: "global average pool",
            output: Boundary(
                shape: TensorShape([input.channels]), flattened: nil,
                field: layer.input.field.covering(input), measuredImages: nil),
            operations: input.count, scratchCount: 2 * FlatVector.aligned(2 * input.channels),
            workspaceCount: 0, rememberedBytes: { _ in 0 }, memory: .separate(backwardReads: []),
            matrixProducts: { _ in [] }, samplesPerProduct: 1, fusion: .none, countsDeadUnits: false,
            flattensImage: false,
            inputPreparation: nil,
            computation: .layer { _ in GlobalAveragePoolLayer(shape: input) })
    }
}

/// `y[n, c]` = the mean of `x[n, :, :, c]` (https://arxiv.org/abs/1312.4400); x `[N, H, W, C]`, y `[N, C]`.
final class GlobalAveragePoolLayer: Layer {
    private let channels: Int
    private let positions: Int
    private let imagesPerTile: Int

    init(shape: TensorShape) {
        channels = shape.channels
        positions = shape.positions
        imagesPerTile = MicrobatchRows.imagesPerTile(values: shape.count)
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        pass.lanes.run(pass.rows.tileCount(of: imagesPerTile)) { task, lane in
            let tile = pass.rows.tile(task, of: imagesPerTile)
            Pooling.globalAverage(
                input.row(tile.localMicrobatch, tile.start), images: tile.count, positions: positions,
                channels: channels,
                into: output.row(tile.localMicrobatch, tile.start), scratch: pass.scratch[lane].pointer)
        }
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        guard let inputGradient else { return }
        let rows = pass.rows
        pass.lanes.run(rows.tileCount(of: imagesPerTile)) { task, _ in
            let tile = rows.tile(task, of: imagesPerTile)
            Pooling.globalAverageBackward(
                dy: outputGradient.row(tile.localMicrobatch, tile.start), images: tile.count,
                positions: positions,
                channels: channels,
                into: inputGradient.row(tile.localMicrobatch, tile.start))
        }
    }
}
