import Kernels

/// The definition of a Gaussian error linear unit: the output has the input's shape.
struct GELUDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.eachPosition
    let extendsPreviousLayer = true
    let flattenedInput = FlattenedInput.kept
    let probabilities: ProbabilityKind? = nil
    let form: GELUForm

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let (input, form) = (layer.input, form)
        return LayerPlan(
            summary: form == .exact ? "gelu" : "gelu (tanh)",
            output: Boundary(
                shape: input.shape, flattened: input.flattened, field: input.field, measuredImages: nil),
            operations: input.shape.count, scratchCount: 0, workspaceCount: 0, rememberedBytes: { _ in 0 },
            memory: .inPlace(backwardReads: .input), matrixProducts: { _ in [] }, samplesPerProduct: 1,
            fusion: .none,
            countsDeadUnits: true, flattensImage: false, inputPreparation: nil,
            computation: .layer { _ in GELULayer(form) })
    }
}

/// The formula of a GELU.
package enum GELUForm: String, CaseIterable, Sendable {
    /// `y = x · Φ(x)` with the normal distribution function Φ.
    case exact
    /// `y = ½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))`
    case tanh
}

/// The Gaussian error linear unit (https://arxiv.org/abs/1606.08415) of each value, and its derivative from x
/// (`VectorMath`).
final class GELULayer: Layer {
    private let form: GELUForm

    init(_ form: GELUForm) { self.form = form }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        pass.forEachRun(ofValues: input.width) { localMicrobatch, start, count in
            let (x, y) = (input.row(localMicrobatch) + start, output.row(localMicrobatch) + start)
            switch form {
            case .exact: VectorMath.gelu(x, into: y, count: count)
            case .tanh: VectorMath.geluTanh(x, into: y, count: count)
            }
        }
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        guard let inputGradient else { return }
        let size = MicrobatchRows.samplesPerVectorTile(width: input.width)
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, _ in
            let tile = pass.rows.tile(task, of: size)
            let (x, dy) = (
                input.row(tile.localMicrobatch, tile.start),
                outputGradient.row(tile.localMicrobatch, tile.start)
            )
            let (dx, count) = (inputGradient.row(tile.localMicrobatch, tile.start), tile.count * input.width)
            switch form {
            case .exact: VectorMath.geluBackward(x: x, dy: dy, into: dx, count: count)
            case .tanh: VectorMath.geluTanhBackward(x: x, dy: dy, into: dx, count: count)
            }
        }
    }
}
