import Kernels

/// The definition of a Gaussian error linear unit (https://arxiv.org/abs/1606.08415): the output has the
/// input's shape.
struct GELUDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.eachPosition
    let extendsPreviousLayer = true
    let flattenedInput = FlattenedInput.kept
    let probabilities: ProbabilityKind? = nil
    let form: GELUForm

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        switch form {
        case .exact:
            MapLayer.plan(
                "gelu", layer.input, forward: { VectorMath.gelu($0, into: $1, count: $2) },
                forwardWithSlopes: { VectorMath.gelu($0, into: $1, slopes: $2, count: $3) })
        case .tanh:
            MapLayer.plan(
                "gelu (tanh)", layer.input, forward: { VectorMath.geluTanh($0, into: $1, count: $2) },
                forwardWithSlopes: { VectorMath.geluTanh($0, into: $1, slopes: $2, count: $3) })
        }
    }
}

/// The formula of a GELU.
package enum GELUForm: String, CaseIterable, Sendable {
    /// `y = x · Φ(x)` with the normal distribution function Φ.
    case exact
    /// `y = ½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))`
    case tanh
}
