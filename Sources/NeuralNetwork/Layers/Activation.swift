import Kernels

/// The definition of an activation: the output has the input's shape.
struct ActivationDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.eachPosition
    let extendsPreviousLayer = true
    let flattenedInput = FlattenedInput.kept
    let function: ActivationFunction

    var probabilities: ProbabilityKind? { function == .sigmoid ? .independent : nil }

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let (input, function) = (layer.input, function)
        return LayerPlan(
            summary: function.name,
            output: Boundary(
                shape: input.shape, flattened: input.flattened, field: input.field, measuredImages: nil),
            operations: input.shape.count, scratchCount: 0, workspaceCount: 0, rememberedBytes: { _ in 0 },
            memory: .inPlace(backwardReads: .output), matrixProducts: { _ in [] },
            samplesPerProduct: 1, fusion: function.rectifier.map { .rectifier($0) } ?? .none,
            countsDeadUnits: function.isOffBelowZero, flattensImage: false, inputPreparation: nil,
            computation: .layer { _ in ActivationLayer(function) })
    }
}

/// Activation functions whose gradient follows from the output alone.
package enum ActivationFunction: Equatable, Sendable {
    case relu
    /// `x` above 0, `slope · x` below.
    case leakyReLU(slope: Double = 0.01)
    /// `x` above 0, `alpha · (eˣ − 1)` below (https://arxiv.org/abs/1511.07289).
    case elu(alpha: Double = 1)
    case sigmoid
    case tanh

    /// The function's name in configs.
    package var name: String {
        switch self {
        case .relu: "relu"
        case .leakyReLU: "leaky_relu"
        case .elu: "elu"
        case .sigmoid: "sigmoid"
        case .tanh: "tanh"
        }
    }

    /// The same function inside a batch norm's passes: the output's sign must say whether x was above 0.
    var rectifier: Rectifier? {
        switch self {
        case .relu: Rectifier(slope: nil)
        case .leakyReLU(let slope): slope >= 0 ? Rectifier(slope: Float(slope)) : nil
        case .elu, .sigmoid, .tanh: nil
        }
    }

    /// True if an output of at most 0 says that the unit is off.
    var isOffBelowZero: Bool {
        switch self {
        case .relu, .leakyReLU, .elu: true
        case .sigmoid, .tanh: false
        }
    }
}

/// `y = f(x)` for each value: ReLU `max(x, 0)`, leaky ReLU, ELU, sigmoid `1/(1 + e⁻ˣ)`, tanh. The gradient
/// follows from y alone.
final class ActivationLayer: Layer {
    private let function: ActivationFunction

    init(_ function: ActivationFunction) { self.function = function }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        pass.forEachRun(ofValues: input.width) { localMicrobatch, start, count in
            let (x, y) = (input.row(localMicrobatch) + start, output.row(localMicrobatch) + start)
            switch function {
            case .relu: Elementwise.relu(x, into: y, count: count)
            case .leakyReLU(let slope): Elementwise.leakyReLU(x, slope: Float(slope), into: y, count: count)
            case .elu(let alpha): Elementwise.elu(x, alpha: Float(alpha), into: y, count: count)
            case .sigmoid: VectorMath.sigmoid(x, into: y, count: count)
            case .tanh: VectorMath.tanh(x, into: y, count: count)
            }
        }
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        guard let inputGradient else { return }
        let (rows, size) = (pass.rows, MicrobatchRows.samplesPerVectorTile(width: input.width))
        pass.lanes.run(rows.tileCount(of: size)) { task, _ in
            let tile = rows.tile(task, of: size)
            let (y, dy) = (
                output.row(tile.localMicrobatch, tile.start),
                outputGradient.row(tile.localMicrobatch, tile.start)
            )
            let dx = inputGradient.row(tile.localMicrobatch, tile.start)
            let count = tile.count * input.width
            switch function {
            case .relu: Elementwise.reluBackward(y: y, dy: dy, into: dx, count: count)
            case .leakyReLU(let slope):
                Elementwise.leakyReLUBackward(y: y, dy: dy, slope: Float(slope), into: dx, count: count)
            case .elu(let alpha):
                Elementwise.eluBackward(y: y, dy: dy, alpha: Float(alpha), into: dx, count: count)
            case .sigmoid: Elementwise.sigmoidBackward(y: y, dy: dy, into: dx, count: count)
            case .tanh: Elementwise.tanhBackward(y: y, dy: dy, into: dx, count: count)
            }
        }
    }
}
