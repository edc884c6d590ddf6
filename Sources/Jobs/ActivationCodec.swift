import Configuration
import NeuralNetwork

/// An activation as a layer of its own: a function, or what stands where a function does (softmax, maxout).
struct Activation: Equatable, Sendable {
    let name: String
    let spec: LayerSpec

    init(_ name: String, _ spec: LayerSpec) {
        self.name = name
        self.spec = spec
    }

    fileprivate init(_ function: ActivationFunction) { self.init(function.name, .activation(function)) }

    /// The activation that a layer of the kind `activation` is; nil for other kinds.
    init?(of spec: LayerSpec) {
        switch spec {
        case .activation(let function): self.init(function)
        case .gelu: self.init("gelu", spec)
        case .silu: self.init("silu", spec)
        default: return nil
        }
    }

    /// ReLU and its kin, for which He's initialisation was made.
    var isRectifier: Bool {
        switch spec {
        case .activation(.relu), .activation(.leakyReLU), .activation(.elu): true
        default: false
        }
    }

    /// The number of values that become one.
    var pieces: Int { if case .maxout(let pieces) = spec { pieces } else { 1 } }

    /// `"relu"`, `{leaky_relu: {slope: 0.1}}`, `{maxout: 2}`.
    static let codec = Codec<Activation>.choice("an activation", functions + [maxout]).named("activation")

    /// The words that are layers by themselves.
    static let words = functions.map(\.name)

    /// The layer that a word stands for.
    static func named(_ word: String) -> Activation? {
        words.contains(word) ? codec.read(.string(word), Diagnostics()) : nil
    }

    /// One entry for each activation function.
    private static let functions: [Choice<Activation>] = [
        Choice("relu", "max(x, 0).", is: Activation(.relu)),
        parameter(
            "leaky_relu", field: "slope", .number(.from(0, below: 1)), default: 0.01,
            "x above 0, slope · x below.",
            to: { .leakyReLU(slope: $0) }, from: { if case .leakyReLU(let slope) = $0 { slope } else { nil } }
        ),
        parameter(
            "elu", field: "alpha", .number(.positive), default: 1, "x above 0, alpha · (eˣ - 1) below.",
            to: { .elu(alpha: $0) }, from: { if case .elu(let alpha) = $0 { alpha } else { nil } }),
        Choice(
            "sigmoid",
            "1 / (1 + e⁻ˣ). Its derivative follows from the rounded output, as PyTorch's: 0 above 17.",
            is: Activation(.sigmoid)),
        Choice(
            "tanh", "The hyperbolic tangent. Its derivative follows from the rounded output: 0 beyond ±9.",
            is: Activation(.tanh)),
        Choice(
            "gelu", .oneOf(GELUForm.self), "x · Φ(x), or its approximation by a hyperbolic tangent.",
            example: "\"tanh\"", word: Activation("gelu", .gelu(.exact)),
            to: { Activation("gelu", .gelu($0)) },
            from: { if case .gelu(let form) = $0.spec { form } else { nil } }),
        Choice("silu", "x / (1 + e⁻ˣ), also called swish.", is: Activation("silu", .silu)),
        Choice("softmax", "Softmax over the channels.", is: Activation("softmax", .softmax)),
    ]

    /// A function with one number: `"elu"`, `{elu: 0.5}`, `{elu: {alpha: 0.5}}`.
    private static func parameter(
        _ name: String, field key: String, _ number: Codec<Double>, default usual: Double,
        _ sentence: String,
        to: @escaping @Sendable (Double) -> ActivationFunction,
        from: @escaping @Sendable (ActivationFunction) -> Double?
    ) -> Choice<Activation> {
        let codec = number.shorthand { $0 }.or(
            .object(usual) { Field(key, \.self, number, "The number of the formula.", example: "0.3") })
        return Choice(
            name, codec, sentence, example: "0.3", word: Activation(to(usual)), to: { Activation(to($0)) },
            from: { if case .activation(let function) = $0.spec { from(function) } else { nil } })
    }

    private static let maxout = Choice(
        "maxout", .int(2...256),
        "The largest of each run of this many neighbouring channels; "
            + "the layer before it has as many times its size.",
        example: "2", word: Activation("maxout", .maxout(pieces: 2)),
        to: { Activation("maxout", .maxout(pieces: $0)) },
        from: { if case .maxout(let pieces) = $0.spec { pieces } else { nil } })
}
