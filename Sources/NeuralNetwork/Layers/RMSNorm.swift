import Kernels

/// The definition of a root mean square normalisation (https://arxiv.org/abs/1910.07467) over the channels of
/// each position by itself: `y = x / √(mean(x²) + ε) · γ`. The output has the input's shape.
struct RMSNormDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.eachPosition
    let extendsPreviousLayer = true
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil
    /// Added to the mean square.
    let epsilon: Double
    let hasScale: Bool

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let scale =
            hasScale ? allocator.addScale(layer.name, count: layer.input.shape.channels) : nil
        return LayerNormLayer.plan(
            "rms norm", layer.input, .rootMeanSquare, epsilon: Float(epsilon), scale: scale, shift: nil)
    }
}
