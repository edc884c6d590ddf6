/// Makes a table of `height · width · channels` columns of an image. The values stay where they are.
struct FlattenDefinition: LayerDefinition {
    let joinsInputs = false
    let extendsPreviousLayer = false
    let probabilities: ProbabilityKind? = nil

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let input = layer.input
        return LayerPlan(
            summary: "flatten",
            output: Boundary(
                shape: TensorShape([input.shape.count]),
                flattened: input.shape.isFlat ? input.flattened : input.shape, field: input.field,
                measuredImages: nil),
            operations: 0, scratchCount: 0, workspaceCount: 0, rememberedBytes: { _ in 0 },
            memory: .separate(backwardReads: []), matrixProducts: { _ in [] }, fusion: .none,
            countsDeadUnits: false, inputPreparation: nil, computation: .alias)
    }
}
