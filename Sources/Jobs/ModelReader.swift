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

/// A block's position in the model: its config fields and the prefix of its names.
struct BlockContext {
    let word: String
    let fields: ObjectDecoder
    /// The prefix of all names here: `layer1.`, or nothing.
    let scope: String
    /// Whether everything that its kind needs was there; what is missing was reported.
    let isComplete: Bool
}

/// Reads and writes `model`: single layers, blocks of layers, and what stands for several (`use`, `repeat`,
/// `preset`).
///
/// Layers in a block carry its name before theirs: `layer1.0.conv1`. Layers without a name are called by
/// their kind and number within their block.
final class ModelReader {
    private static let maximalDepth = 32
    private static let maximalLayers = 100_000

    let diagnostics: Diagnostics
    let definitions: [String: BlockDefinition]
    /// Each layer's value in the config, by its full name.
    private(set) var locations: [String: ConfigValue] = [:]
    private var depth = 0
    /// Elements that were read, right or wrong.
    private var read = 0

    init(_ diagnostics: Diagnostics, definitions: [String: BlockDefinition]) {
        self.diagnostics = diagnostics
        self.definitions = definitions
    }

    // MARK: Writing

    /// A layer as a config has it.
    static func write(_ layer: NamedLayer) -> ConfigValue {
        for kind in LayerKind.all { if let members = kind.write(layer) { return .object(members) } }
        for kind in BlockKind.all { if let members = kind.write(layer) { return .object(members) } }
        preconditionFailure("No kind of layer writes \(layer)")
    }

    /// An element of `model`: a word, or an object of one of the kinds.
    static let form = Form.named("layer", sentence: "a layer") {
        .either(
            [.words(words)] + LayerKind.all.map { .object($0.form) }
                + BlockKind.all.map { .object($0.object.form) })
    }

    private static let words = LayerKind.all.filter(\.isWord).map(\.word) + Activation.words

    // MARK: Reading

    func layers(_ values: [ConfigValue]) -> [NamedLayer] { inner(values, scope: "") }

    func layers(_ values: [ConfigValue], scope: String, _ namer: inout LayerNamer) -> [NamedLayer] {
        guard depth < Self.maximalDepth else {
            if let value = values.first {
                diagnostics.error("blocks are nested too deeply; does a block use itself?", at: value)
            }
            return []
        }
        depth += 1
        defer { depth -= 1 }
        var layers: [NamedLayer] = []
        for value in values {
            read += 1
            guard read <= Self.maximalLayers else {
                diagnostics.error(
                    "the model has more than \(Self.maximalLayers) layers; repeat less", at: value)
                break
            }
            layers += element(value, scope: scope, &namer)
        }
        return layers
    }

    func inner(_ values: [ConfigValue], scope: String) -> [NamedLayer] {
        var namer = LayerNamer()
        return layers(values, scope: scope, &namer)
    }

    /// Notes where a layer stands; its name must be new.
    func register(_ name: String, at value: ConfigValue) {
        if locations.updateValue(value, forKey: name) != nil {
            diagnostics.error(
                "two layers are called `\(name)`", at: value, label: "give one of them another `name`")
        }
    }

    private func element(_ value: ConfigValue, scope: String, _ namer: inout LayerNamer) -> [NamedLayer] {
        if case .string(let word) = value.kind { return self.word(word, value, scope: scope, &namer) }
        guard let fields = ObjectDecoder(value, diagnostics) else { return [] }
        defer { fields.finish() }
        let kinds = LayerKind.all.filter { fields.contains($0.word) }
        if let kind = kinds.first(where: { !LayerKind.fieldsOfOthers.contains($0.word) }) {
            return layer(kind, fields, scope: scope, &namer)
        }
        if let block = BlockKind.all.first(where: { fields.contains($0.word) }) {
            var read = BlockFields()
            let isComplete = block.object.read(fields, into: &read)
            let context = BlockContext(word: block.word, fields: fields, scope: scope, isComplete: isComplete)
            return block.expand(self, read, context, &namer)
        }
        if let kind = kinds.first { return layer(kind, fields, scope: scope, &namer) }
        _ = fields.exactlyOne(of: LayerKind.all.map(\.word) + BlockKind.all.map(\.word), what: "a layer")
        return []
    }

    private func layer(
        _ kind: LayerKind, _ fields: ObjectDecoder, scope: String, _ namer: inout LayerNamer
    ) -> [NamedLayer] {
        let reading = kind.read(fields)
        let ordinal = namer.next(reading.ordinal)
        let layers = reading.layers(named: reading.common.name ?? ordinal)
        for layer in layers { register(scope + layer.name, at: fields.value) }
        return layers
    }

    private func word(_ word: String, _ value: ConfigValue, scope: String, _ namer: inout LayerNamer)
        -> [NamedLayer]
    {
        let kind = LayerKind.all.first { $0.isWord && $0.word == word }
        let object = kind.flatMap { _ in
            ObjectDecoder(ConfigValue(.object([ConfigMember(key: word, value: true)])), Diagnostics())
        }
        guard let spec = object.flatMap({ kind?.read($0).spec }) ?? Activation.named(word)?.spec else {
            _ = Codec<String>.oneOf(Self.words).read(value, diagnostics)
            return []
        }
        let layer = NamedLayer(namer.next(word), spec)
        register(scope + layer.name, at: value)
        return [layer]
    }
}
