import Configuration
import NeuralNetwork

/// Names layers that the config does not name: their kind and how many of it there have been.
struct LayerNamer {
    private var counts: [String: Int] = [:]

    mutating func next(_ kind: String) -> String {
        counts[kind, default: 0] += 1
        return "\(kind)\(counts[kind] ?? 0)"
    }
}

/// Reads one plain layer: an object stands for layer → batch norm → activation, a word for a layer without fields.
struct LayerDecoder {
    private static let kinds = [
        "dense", "conv", "max_pool", "average_pool", "global_average_pool", "flatten", "dropout", "maxout",
        "softmax", "add", "concat",
        "batch_norm", "activation",
    ]
    private static let words = ["flatten", "global_average_pool"]

    private let diagnostics: Diagnostics
    /// Kinds of elements that are read elsewhere, for messages.
    private let otherKinds: [String]

    init(_ diagnostics: Diagnostics, otherKinds: [String] = []) {
        (self.diagnostics, self.otherKinds) = (diagnostics, otherKinds)
    }

    func decode(_ value: ConfigValue, _ namer: inout LayerNamer) -> [NamedLayer] {
        if case .string(let word) = value.kind { return decodeWord(word, value, &namer) }
        guard let fields = ObjectDecoder(value, diagnostics) else { return [] }
        var layers: [NamedLayer] = []
        // `batch_norm` and `activation` are fields of other layers, and layers where they stand alone.
        switch Self.kinds.first(where: fields.contains) {
        case "dense": layers = dense(fields, &namer)
        case "conv": layers = convolution(fields, &namer)
        case "max_pool": layers = pool(.maximum, fields, &namer)
        case "average_pool": layers = pool(.average, fields, &namer)
        case "global_average_pool":
            layers = single("global_average_pool", fields, &namer) { fields in
                fields.required("global_average_pool", Self.yes).map { _ in .globalAveragePool }
            }
        case "flatten":
            layers = single("flatten", fields, &namer) { _ in
                fields.required("flatten", Self.yes).map { _ in .flatten }
            }
        case "softmax":
            layers = single("softmax", fields, &namer) { _ in
                fields.required("softmax", Self.yes).map { _ in .softmax }
            }
        case "dropout":
            layers = single("dropout", fields, &namer) { fields in
                fields.required("dropout", .number(.from(0, below: 1))).map { .dropout(rate: $0) }
            }
        case "maxout":
            layers = single("maxout", fields, &namer) { fields in
                fields.required("maxout", .int(2...256)).map { .maxout(pieces: $0) }
            }
        case "add": layers = join("add", .add, fields, &namer)
        case "concat": layers = join("concat", .concatenate, fields, &namer)
        case "batch_norm": layers = batchNorm(fields, &namer)
        case "activation": layers = activationLayer(fields, &namer)
        default: _ = fields.exactlyOne(of: Self.kinds + otherKinds, what: "a layer")
        }
        fields.finish()
        return layers
    }

    private func decodeWord(_ word: String, _ value: ConfigValue, _ namer: inout LayerNamer) -> [NamedLayer] {
        if word == "flatten" { return [NamedLayer(namer.next("flatten"), .flatten)] }
        if word == "global_average_pool" { return [NamedLayer(namer.next(word), .globalAveragePool)] }
        guard let activation = Self.activation(named: word) else {
            _ = Expectation<String>.oneOf(Self.words + Self.functions.map(\.name)).read(value, diagnostics)
            return []
        }
        return [NamedLayer(namer.next(word), activation.spec)]
    }

    // MARK: Kinds

    private func dense(_ fields: ObjectDecoder, _ namer: inout LayerNamer) -> [NamedLayer] {
        let (name, from) = head("dense", fields, &namer)
        let units = fields.required("dense", .int(1...16_777_216))
        let tail = tail(fields, name)
        let bias = fields.optional("bias", .bool, default: !tail.hasNorm)
        let initializer = fields.optional("init", .initializer, default: tail.initializer)
        guard let units else { return [] }
        return [
            NamedLayer(
                name, .dense(units: units * tail.pieces, bias: bias, initializer: initializer), from: from)
        ] + tail.layers
    }

    /// A layer that is one spec alone.
    func single(
        _ kind: String, _ fields: ObjectDecoder, _ namer: inout LayerNamer,
        _ read: (ObjectDecoder) -> LayerSpec?
    ) -> [NamedLayer] {
        let (name, from) = head(kind, fields, &namer)
        return read(fields).map { [NamedLayer(name, $0, from: from)] } ?? []
    }

    private func join(_ kind: String, _ spec: LayerSpec, _ fields: ObjectDecoder, _ namer: inout LayerNamer)
        -> [NamedLayer]
    {
        let ordinal = namer.next(kind)
        let name = fields.optional("name", JobDecoder.name) ?? ordinal
        let inputs = fields.required(kind, .array(of: Expectation<String>.nonEmptyString, count: 2...1000))
        let activation = fields.optional("activation", Self.activation)
        guard let inputs else { return [] }
        return [NamedLayer(name, spec, from: inputs)]
            + (activation.map { Self.layers(of: $0, after: name) } ?? [])
    }

    private func batchNorm(_ fields: ObjectDecoder, _ namer: inout LayerNamer) -> [NamedLayer] {
        let (name, from) = head("bn", fields, &namer)
        let norm = fields.required("batch_norm", Self.norm)
        let activation = fields.optional("activation", Self.activation)
        if case .some(.none) = norm {
            fields.error(
                "a layer that is nothing but `batch_norm` cannot have false there", atValueOf: "batch_norm",
                label: "remove the layer")
        }
        guard case .some(.some(let norm)) = norm else { return [] }
        return [NamedLayer(name, norm, from: from)]
            + (activation.map { Self.layers(of: $0, after: name) } ?? [])
    }

    private func activationLayer(_ fields: ObjectDecoder, _ namer: inout LayerNamer) -> [NamedLayer] {
        let activation = fields.required("activation", Self.activation)
        let (name, from) = head(activation?.name ?? "activation", fields, &namer)
        return activation.map { [NamedLayer(name, $0.spec, from: from)] } ?? []
    }

    // MARK: Parts

    /// A layer's name, and where its input comes from if not from the layer before it.
    func head(_ kind: String, _ fields: ObjectDecoder, _ namer: inout LayerNamer) -> (
        name: String, from: [String]
    ) {
        let ordinal = namer.next(kind)
        return (
            fields.optional("name", JobDecoder.name) ?? ordinal,
            fields.optional("from", Self.origin, default: [])
        )
    }

    /// `"a"`
    static var origin: Expectation<[String]> {
        Expectation<[String]>("the name of a layer") { value in
            if case .string(let name) = value.kind, !name.isEmpty { [name] } else { nil }
        }
    }

    /// What stands behind a layer with weights.
    struct Tail {
        var layers: [NamedLayer]
        var hasNorm: Bool
        /// The default of the layer's weights.
        var initializer: Initializer
        /// How many values a maxout makes one of: the layer has so many times its units.
        var pieces: Int
    }

    /// `batch_norm` and `activation` of a layer with weights.
    func tail(_ fields: ObjectDecoder, _ name: String) -> Tail {
        let norm = fields.optional("batch_norm", Self.norm) ?? nil
        let activation = fields.optional("activation", Self.activation)
        var tail = Tail(layers: [], hasNorm: norm != nil, initializer: .xavierUniform, pieces: 1)
        if let norm { tail.layers.append(NamedLayer(name + ".bn", norm)) }
        if let activation {
            tail.layers += Self.layers(of: activation, after: name)
            if activation.isRectifier { tail.initializer = .heNormal }
            if case .maxout(let pieces) = activation.spec { tail.pieces = pieces }
        }
        return tail
    }

    private static var yes: Expectation<Bool> {
        Expectation<Bool>("true") { value in
            if case .bool(true) = value.kind { true } else { nil }
        }
    }

    private static let defaultNorm = LayerSpec.batchNorm(momentum: 0.1, epsilon: 1e-5)

    /// `true`, `false`, or an object of fields.
    private static var norm: Expectation<LayerSpec?> {
        Expectation<Bool>.bool.map { $0 ? defaultNorm : nil }.or(
            Expectation<LayerSpec?>.object { fields in
                let momentum = fields.optional("momentum", .number(.above(0, to: 1)), default: 0.1)
                let epsilon = fields.optional("epsilon", .number(.atLeast(1e-30)), default: 1e-5)
                let synchronized = fields.optional("sync", .bool, default: true)
                return .some(.batchNorm(momentum: momentum, epsilon: epsilon, synchronized: synchronized))
            })
    }
}

// MARK: - Activations

extension LayerDecoder {
    /// An activation as a layer of its own.
    struct Activation {
        let name: String
        let spec: LayerSpec

        /// ReLU and its kin, for which He's initialisation was made.
        var isRectifier: Bool {
            switch spec {
            case .activation(.relu), .activation(.leakyReLU), .activation(.elu): true
            default: false
            }
        }
    }

    private static let functions: [Activation] =
        [
            ActivationFunction.relu, .leakyReLU(), .elu(), .sigmoid, .tanh,
        ].map { Activation(name: $0.name, spec: .activation($0)) } + [
            Activation(name: "softmax", spec: .softmax)
        ]

    private static func activation(named word: String) -> Activation? { functions.first { $0.name == word } }

    static func layers(of activation: Activation, after name: String) -> [NamedLayer] {
        [NamedLayer("\(name).\(activation.name)", activation.spec)]
    }

    /// `"relu"`, `{leaky_relu: {slope: 0.1}}`, `{maxout: 2}`.
    static var activation: Expectation<Activation> {
        Expectation<Activation>.inlineVariant("an activation", among: functions.map(\.name) + ["maxout"]) {
            choice in
            func parameter(_ name: String, _ range: Interval, default value: Double) -> Double? {
                guard let argument = choice.argument else { return value }
                return Expectation<Double>.number(range).or(
                    Expectation<Double>.object { $0.optional(name, .number(range), default: value) }
                ).read(argument, choice.fields.diagnostics)
            }
            switch choice.name {
            case "leaky_relu":
                return parameter("slope", .from(0, below: 1), default: 0.01).map {
                    Activation(name: choice.name, spec: .activation(.leakyReLU(slope: $0)))
                }
            case "elu":
                return parameter("alpha", .positive, default: 1).map {
                    Activation(name: choice.name, spec: .activation(.elu(alpha: $0)))
                }
            case "maxout":
                guard let argument = choice.argument else {
                    return Activation(name: "maxout", spec: .maxout(pieces: 2))
                }
                return Expectation<Int>.int(2...256).read(argument, choice.fields.diagnostics).map {
                    Activation(name: "maxout", spec: .maxout(pieces: $0))
                }
            default:
                if let argument = choice.argument, argument.members?.isEmpty != true {
                    choice.fields.error(
                        "`\(choice.name)` has no parameters", atValueOf: choice.name,
                        label: "write \"\(choice.name)\"")
                }
                return activation(named: choice.name)
            }
        }
    }
}
