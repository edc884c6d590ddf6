/// Reads an image row by row: `[height, width, channels]` becomes a sequence of `height` positions of
/// `width · channels` values, with the channels of each pixel side by side. Nothing is computed.
struct ImageRowsDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.refused
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let (input, shape) = (layer.input, layer.input.shape)
        guard shape.isImage else {
            throw layer.mismatch(
                "`\(layer.name)` makes sequences of images of height×width×channels, but the layer before it "
                    + "gives \(shape): remove it")
        }
        return LayerPlan(
            summary: "image rows",
            output: Boundary(
                shape: TensorShape([shape.dimensions[0], shape.dimensions[1] * shape.channels]),
                flattened: nil, field: input.field, measuredImages: nil),
            operations: 0, scratchCount: 0, workspaceCount: 0, rememberedBytes: { _ in 0 },
            memory: .separate(backwardReads: []), matrixProducts: { _ in [] }, samplesPerProduct: 1,
            fusion: .none, countsDeadUnits: false, flattensImage: false, inputPreparation: nil,
            computation: .alias)
    }
}
