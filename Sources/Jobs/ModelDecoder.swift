import Configuration
import NeuralNetwork

/// Reads `model`: single layers, blocks of layers, and what stands for several (`use`, `repeat`, `preset`).
///
/// Layers in a block carry its name before theirs: `layer1.0.conv1`. Layers without a name are called by their kind and number within their block.
final class ModelDecoder {
    private static let blocks = ["residual", "branches", "block", "use", "preset", "repeat"]
    private static let maximalDepth = 32
    private static let maximalLayers = 100_000

    private let diagnostics: Diagnostics
    private let definitions: [String: BlockDefinition]
    /// Where each layer stands in the config, by its full name.
    private(set) var places: [String: ConfigValue] = [:]
    private var depth = 0
    /// Elements that were read, right or wrong.
    private var read = 0

    init(_ diagnostics: Diagnostics, definitions: [String: BlockDefinition]) {
        (self.diagnostics, self.definitions) = (diagnostics, definitions)
    }

    func layers(_ values: [ConfigValue]) -> [NamedLayer] {
        var namer = LayerNamer()
        return layers(values, scope: "", &namer)
    }

    private func layers(_ values: [ConfigValue], scope: String, _ namer: inout LayerNamer) -> [NamedLayer] {
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

    private func inner(_ values: [ConfigValue], scope: String) -> [NamedLayer] {
        var namer = LayerNamer()
        return layers(values, scope: scope, &namer)
    }

    /// Notes where a layer stands; its name must be new.
    private func register(_ name: String, at value: ConfigValue) {
        if places.updateValue(value, forKey: name) != nil {
            diagnostics.error(
                "two layers are called `\(name)`", at: value, label: "give one of them another `name`")
        }
    }

    private func element(_ value: ConfigValue, scope: String, _ namer: inout LayerNamer) -> [NamedLayer] {
        guard let kind = Self.blocks.first(where: { value[$0] != nil }),
            let fields = ObjectDecoder(value, diagnostics)
        else {
            let layers = LayerDecoder(diagnostics, otherKinds: Self.blocks).decode(value, &namer)
            for layer in layers { register(scope + layer.name, at: value) }
            return layers
        }
        var layers: [NamedLayer] = []
        switch kind {
        case "residual": layers = residual(fields, scope: scope, &namer)
        case "branches": layers = branches(fields, scope: scope, &namer)
        case "block": layers = block(fields, scope: scope, &namer)
        case "use": layers = use(fields, scope: scope, &namer)
        case "preset": layers = preset(fields, scope: scope, &namer)
        default: layers = repeated(fields, scope: scope, &namer)
        }
        fields.finish()
        return layers
    }

    // MARK: Blocks

    private static var list: Expectation<[ConfigValue]> {
        .array(of: Expectation<ConfigValue>.any, count: 1...10_000)
    }

    /// The block's name, and what else all blocks may have.
    private func head(
        _ kind: String, _ fields: ObjectDecoder, scope: String, _ namer: inout LayerNamer
    ) -> (name: String, isNamed: Bool, from: [String]) {
        let ordinal = namer.next(kind)
        let name = fields.optional("name", JobDecoder.name)
        register(scope + (name ?? ordinal), at: fields.value)
        return (name ?? ordinal, name != nil, fields.optional("from", LayerDecoder.origin, default: []))
    }

    /// Residual blocks and branches without a name leave the names of their layers as they are.
    private func inner(
        _ values: [ConfigValue], of name: String, isNamed: Bool, scope: String, _ namer: inout LayerNamer
    ) -> [NamedLayer] {
        isNamed ? inner(values, scope: "\(scope)\(name).") : layers(values, scope: scope, &namer)
    }

    private func residual(_ fields: ObjectDecoder, scope: String, _ namer: inout LayerNamer) -> [NamedLayer] {
        let (name, isNamed, from) = head("residual", fields, scope: scope, &namer)
        let body = fields.required("residual", Self.list).map {
            inner($0, of: name, isNamed: isNamed, scope: scope, &namer)
        }
        let shortcut = fields.optional(
            "shortcut",
            Expectation<String>.oneOf(["auto", "identity"]).map {
                $0 == "auto" ? Shortcut.automatic : .identity
            }.or(
                Self.list.map { [self] in
                    .layers([
                        NamedLayer(
                            "shortcut",
                            .block(inner($0, scope: "\(scope)\(isNamed ? name + "." : "")shortcut.")))
                    ])
                }), default: .identity)
        let activation = fields.optional("activation", LayerDecoder.activation)
        guard let body else { return [] }
        let tail = activation.map { LayerDecoder.layers(of: $0, after: name) } ?? []
        for layer in tail { register(scope + layer.name, at: fields.value) }
        return [NamedLayer(name, .residual(body: body, shortcut: shortcut), from: from, isScope: isNamed)]
            + tail
    }

    private func branches(_ fields: ObjectDecoder, scope: String, _ namer: inout LayerNamer) -> [NamedLayer] {
        let (name, isNamed, from) = head("branches", fields, scope: scope, &namer)
        var inside = LayerNamer()
        let lists = fields.required("branches", .array(of: Self.list, count: 1...1000)) ?? []
        var branches: [[NamedLayer]] = []
        for list in lists {
            branches.append(
                isNamed
                    ? layers(list, scope: "\(scope)\(name).", &inside) : layers(list, scope: scope, &namer))
        }
        let activation = fields.optional("activation", LayerDecoder.activation)
        let tail = activation.map { LayerDecoder.layers(of: $0, after: name) } ?? []
        for layer in tail { register(scope + layer.name, at: fields.value) }
        return [NamedLayer(name, .branches(branches), from: from, isScope: isNamed)] + tail
    }

    private func block(_ fields: ObjectDecoder, scope: String, _ namer: inout LayerNamer) -> [NamedLayer] {
        let (name, _, from) = head("block", fields, scope: scope, &namer)
        return fields.required("block", Self.list).map {
            [NamedLayer(name, .block(inner($0, scope: "\(scope)\(name).")), from: from)]
        }
            ?? []
    }

    private func repeated(_ fields: ObjectDecoder, scope: String, _ namer: inout LayerNamer) -> [NamedLayer] {
        let (name, _, from) = head("repeat", fields, scope: scope, &namer)
        let count = fields.required("repeat", .int(1...10_000))
        let body = fields.required("layers", Self.list)
        guard let count, let body else { return [] }
        return copies(count, name, from: from, scope: scope) { body }
    }

    /// `count` blocks called `name.0`, `name.1` … within a block `name`.
    private func copies(
        _ count: Int, _ name: String, from: [String], scope: String, _ body: () -> [ConfigValue]
    ) -> [NamedLayer] {
        var blocks: [NamedLayer] = []
        for index in 0..<count {
            let errors = diagnostics.errorReports
            blocks.append(NamedLayer("\(index)", .block(inner(body(), scope: "\(scope)\(name).\(index)."))))
            // What is wrong with one copy is wrong with all of them.
            if diagnostics.errorReports > errors { break }
        }
        return [NamedLayer(name, .block(blocks), from: from)]
    }

    private func use(_ fields: ObjectDecoder, scope: String, _ namer: inout LayerNamer) -> [NamedLayer] {
        let word = fields.required("use", .oneOf(definitions.keys.sorted()))
        guard let word, let definition = definitions[word] else {
            if definitions.isEmpty {
                fields.error("nothing is defined", atValueOf: "use", label: "put the block into `define`")
            }
            for key in fields.keys { _ = fields.optional(key, Expectation<ConfigValue>.any) }
            return []
        }
        let (name, _, from) = head(word, fields, scope: scope, &namer)
        let count = fields.optional("repeat", .int(1...10_000))
        var arguments: [String: ConfigValue] = [:]
        for parameter in definition.parameters {
            let given =
                parameter.value.isNull
                ? fields.required(parameter.key, Expectation<ConfigValue>.any)
                : fields.optional(parameter.key, Expectation<ConfigValue>.any)
            arguments[parameter.key] = given ?? parameter.value
        }
        guard let body = definition.layers(with: arguments, diagnostics) else { return [] }
        if let count { return copies(count, name, from: from, scope: scope) { body } }
        return [NamedLayer(name, .block(inner(body, scope: "\(scope)\(name).")), from: from)]
    }

    /// A well-known network; its layers have their usual names, without a block's before them.
    private func preset(_ fields: ObjectDecoder, scope: String, _ namer: inout LayerNamer) -> [NamedLayer] {
        let word = fields.required("preset", .oneOf(Presets.names))
        let classes = fields.optional("classes", .int(1...1_000_000))
        guard let word, let preset = Presets.read(word, diagnostics) else { return [] }
        var arguments: [String: ConfigValue] = [:]
        for parameter in preset.block.parameters { arguments[parameter.key] = parameter.value }
        if let classes { arguments["classes"] = .int(classes) }
        let decoder = ModelDecoder(diagnostics, definitions: preset.definitions)
        let layers = decoder.layers(
            preset.block.layers(with: arguments, diagnostics) ?? [], scope: scope, &namer)
        // What does not fit is shown where the user named the preset.
        for name in decoder.places.keys { register(name, at: fields.value) }
        return layers
    }
}
