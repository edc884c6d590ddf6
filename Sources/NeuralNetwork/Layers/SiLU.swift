import Kernels

/// The definition of a sigmoid linear unit, `y = x · σ(x)` (https://arxiv.org/abs/1702.03118): the output has
/// the input's shape.
struct SiLUDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.eachPosition
    let extendsPreviousLayer = true
    let flattenedInput = FlattenedInput.kept
    let probabilities: ProbabilityKind? = nil

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        MapLayer.plan(
            "silu", layer.input, forward: { VectorMath.silu($0, into: $1, count: $2) },
            forwardWithSlopes: { VectorMath.silu($0, into: $1, slopes: $2, count: $3) })
    }
}
