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

/// Reads one element of `model`: a layer object stands for layer → batch norm → activation, a word for a layer without fields.
struct LayerDecoder {
    private static let activations = ActivationFunction.allCases.map(\.rawValue) + ["softmax"]
    private static let kinds = ["dense", "flatten", "batch_norm", "activation"]

    private let diagnostics: Diagnostics

    init(_ diagnostics: Diagnostics) { self.diagnostics = diagnostics }

    func decode(_ value: ConfigValue, _ namer: inout LayerNamer) -> [NamedLayer] {
        if case .string(let word) = value.kind { return decodeWord(word, value, &namer) }
        guard let fields = ObjectDecoder(value, diagnostics) else { return [] }
        var layers: [NamedLayer] = []
        // `batch_norm` and `activation` are fields of a dense layer, and layers where they stand alone.
        let kind = Self.kinds.first(where: fields.contains)
        switch kind {
        case "dense": layers = dense(fields, &namer)
        case "flatten": layers = flatten(fields, &namer)
        case "batch_norm": layers = batchNorm(fields, &namer)
        case "activation": layers = activation(fields, &namer)
        default: _ = fields.exactlyOne(of: Self.kinds, what: "a layer")
        }
        fields.finish()
        return layers
    }

    private func decodeWord(_ word: String, _ value: ConfigValue, _ namer: inout LayerNamer) -> [NamedLayer] {
        if word == "flatten" { return [NamedLayer(namer.next("flatten"), .flatten)] }
        if word == "softmax" { return [NamedLayer(namer.next("softmax"), .softmax)] }
        if let function = ActivationFunction(rawValue: word) { return [NamedLayer(namer.next(word), .activation(function))] }
        _ = Expectation<String>.oneOf(["flatten"] + Self.activations).read(value, diagnostics)
        return []
    }

    // MARK: Kinds

    private func dense(_ fields: ObjectDecoder, _ namer: inout LayerNamer) -> [NamedLayer] {
        let ordinal = namer.next("dense")
        let name = name(fields) ?? ordinal
        let units = fields.required("dense", .int(1...16_777_216))
        let norm = fields.optional("batch_norm", Self.norm) ?? nil
        let activation = fields.optional("activation", .oneOf(Self.activations))
        let bias = fields.optional("bias", .bool, default: norm == nil)
        let initializer = fields.optional("init", .initializer, default: activation == "relu" ? .heNormal : .xavierUniform)
        guard let units else { return [] }
        var layers = [NamedLayer(name, .dense(units: units, bias: bias, initializer: initializer))]
        if let norm { layers.append(NamedLayer(name + ".bn", norm)) }
        if let activation { layers.append(NamedLayer("\(name).\(activation)", Self.activationSpec(activation))) }
        return layers
    }

    private func flatten(_ fields: ObjectDecoder, _ namer: inout LayerNamer) -> [NamedLayer] {
        let ordinal = namer.next("flatten")
        _ = fields.required("flatten", Self.yes)
        return [NamedLayer(name(fields) ?? ordinal, .flatten)]
    }

    private func batchNorm(_ fields: ObjectDecoder, _ namer: inout LayerNamer) -> [NamedLayer] {
        let ordinal = namer.next("bn")
        let name = name(fields) ?? ordinal
        let norm = fields.required("batch_norm", Self.norm)
        let activation = fields.optional("activation", .oneOf(Self.activations))
        if case .some(.none) = norm {
            fields.error(
                "a layer that is nothing but `batch_norm` cannot have false there", atValueOf: "batch_norm", label: "remove the layer")
        }
        guard case .some(.some(let norm)) = norm else { return [] }
        return [NamedLayer(name, norm)] + (activation.map { [NamedLayer("\(name).\($0)", Self.activationSpec($0))] } ?? [])
    }

    private func activation(_ fields: ObjectDecoder, _ namer: inout LayerNamer) -> [NamedLayer] {
        guard let word = fields.required("activation", .oneOf(Self.activations)) else {
            _ = name(fields)
            return []
        }
        let ordinal = namer.next(word)
        return [NamedLayer(name(fields) ?? ordinal, Self.activationSpec(word))]
    }

    // MARK: Fields

    private func name(_ fields: ObjectDecoder) -> String? {
        fields.optional("name", JobDecoder.name)
    }

    private static func activationSpec(_ word: String) -> LayerSpec {
        ActivationFunction(rawValue: word).map { .activation($0) } ?? .softmax
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
                return .some(.batchNorm(momentum: momentum, epsilon: epsilon))
            })
    }
}
