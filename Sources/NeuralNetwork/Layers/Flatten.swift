import Kernels

/// Makes a table of an image or of a sequence: a row of `height · width · channels` or `positions · channels`
/// columns for each sample.
///
/// PyTorch's order of an image's columns is channels, height, width. The values are moved into it only if a
/// layer behind needs that: dense layers translate their weights instead, and activations and dropouts keep
/// the order (`FlattenedInput`).
struct FlattenDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.whole
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.kept
    let probabilities: ProbabilityKind? = nil

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let (input, shape) = (layer.input, layer.input.shape)
        let image = shape.isFlat ? input.flattened : shape.isImage ? shape : nil
        return LayerPlan(
            summary: "flatten",
            output: Boundary(
                shape: TensorShape([shape.count]), flattened: layer.movesChannels ? nil : image,
                field: layer.movesChannels ? input.field.covering(shape) : input.field, measuredImages: nil),
            operations: 0, scratchCount: 0, workspaceCount: 0, rememberedBytes: { _ in 0 },
            memory: .separate(backwardReads: []), matrixProducts: { _ in [] }, samplesPerProduct: 1,
            fusion: .none,
            countsDeadUnits: false, flattensImage: shape.isImage, inputPreparation: nil,
            computation: layer.movesChannels ? .layer { _ in FlattenLayer(shape) } : .alias)
    }
}

/// Moves the values of images `[height, width, channels]` into PyTorch's order `[channels, height, width]`;
/// the gradient goes back the same way.
final class FlattenLayer: Layer {
    private let image: TensorShape

    init(_ image: TensorShape) { self.image = image }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        move(input, to: output, pass.rows, pass.lanes, ChannelOrder.channelsFirst)
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?, _ pass: BackwardPass
    ) {
        guard let inputGradient else { return }
        move(outputGradient, to: inputGradient, pass.rows, pass.lanes, ChannelOrder.channelsLast)
    }

    private func move(
        _ from: MicrobatchMatrix, to: MicrobatchMatrix, _ rows: MicrobatchRows, _ lanes: LanePool,
        _ order: @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int, Int, Int) -> Void
    ) {
        let size = MicrobatchRows.imagesPerTile(values: image.count)
        lanes.run(rows.tileCount(of: size)) { task, _ in
            let tile = rows.tile(task, of: size)
            order(
                from.row(tile.localMicrobatch, tile.start), to.row(tile.localMicrobatch, tile.start),
                tile.count, image.positions, image.channels)
        }
    }
}
