import Kernels

/// The definition of a softmax: the output has the input's shape.
struct SoftmaxDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.eachPosition
    let extendsPreviousLayer = true
    let flattenedInput = FlattenedInput.kept
    let probabilities: ProbabilityKind? = .ofClasses

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let input = layer.input
        return LayerPlan(
            summary: "softmax",
            output: Boundary(
                shape: input.shape, flattened: input.flattened, field: input.field, measuredImages: nil),
            operations: 5 * input.shape.count, scratchCount: FlatVector.aligned(input.shape.channels),
            workspaceCount: 0, rememberedBytes: { _ in 0 }, memory: .separate(backwardReads: .output),
            matrixProducts: { _ in [] }, samplesPerProduct: 1, fusion: .none, countsDeadUnits: false,
            flattensImage: false,
            inputPreparation: nil,
            computation: .layer { _ in SoftmaxLayer(shape: input.shape) })
    }
}

/// `y_c = e^{x_c} / Σ e^{x}` over the channels; `dx = y · (dy − Σ dy·y)`. The loss computes a softmax before
/// cross-entropy itself.
final class SoftmaxLayer: Layer {
    private let channels: Int
    private let positions: Int

    init(shape: TensorShape) {
        channels = shape.channels
        positions = shape.positions
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        let tiles = pass.rows.tiles
        pass.lanes.run(tiles.count) { task, lane in
            let tile = tiles[task]
            LossKernels.softmax(
                input.row(tile.localMicrobatch, tile.start),
                into: output.row(tile.localMicrobatch, tile.start),
                rows: tile.count * positions,
                columns: channels, scratch: pass.scratch[lane].pointer)
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
            LossKernels.softmaxBackward(
                y: output.row(tile.localMicrobatch, tile.start),
                dy: outputGradient.row(tile.localMicrobatch, tile.start),
                into: inputGradient.row(tile.localMicrobatch, tile.start), rows: tile.count * positions,
                columns: channels)
        }
    }
}
