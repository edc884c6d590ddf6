import Configuration
import NeuralNetwork

// The layers that blocks stand for.
extension ModelReader {
    /// The block's name: its own, or its kind and number.
    private func name(_ block: BlockFields, _ place: BlockPlace, _ namer: inout LayerNamer) -> String {
        let ordinal = namer.next(place.word == "use" ? block.word : place.word)
        let name = block.common.name ?? ordinal
        register(place.scope + name, at: place.fields.value)
        return name
    }

    /// Residual blocks and branches without a name leave the names of their layers as they are.
    private func inner(
        _ values: [ConfigValue], of name: String, _ block: BlockFields, _ place: BlockPlace,
        _ namer: inout LayerNamer
    ) -> [NamedLayer] {
        block.common.name == nil
            ? layers(values, scope: place.scope, &namer) : inner(values, scope: "\(place.scope)\(name).")
    }

    /// The activation behind a block.
    private func tail(_ block: BlockFields, _ place: BlockPlace, after name: String) -> [NamedLayer] {
        let tail = block.common.activationLayers(after: name)
        for layer in tail { register(place.scope + layer.name, at: place.fields.value) }
        return tail
    }

    func residual(_ block: BlockFields, _ place: BlockPlace, _ namer: inout LayerNamer) -> [NamedLayer] {
        let name = name(block, place, &namer)
        let isNamed = block.common.name != nil
        let body = inner(block.body, of: name, block, place, &namer)
        let shortcut: Shortcut
        switch block.shortcut {
        case .identity: shortcut = .identity
        case .automatic: shortcut = .automatic
        case .layers(let values):
            let scope = "\(place.scope)\(isNamed ? name + "." : "")shortcut."
            shortcut = .layers([NamedLayer("shortcut", .block(inner(values, scope: scope)))])
        }
        let tail = tail(block, place, after: name)
        guard place.isComplete else { return [] }
        let spec = LayerSpec.residual(body: body, shortcut: shortcut)
        return [NamedLayer(name, spec, from: block.common.from, isScope: isNamed)] + tail
    }

    func branches(_ block: BlockFields, _ place: BlockPlace, _ namer: inout LayerNamer) -> [NamedLayer] {
        let name = name(block, place, &namer)
        let isNamed = block.common.name != nil
        var inside = LayerNamer()
        var branches: [[NamedLayer]] = []
        for list in block.branches {
            branches.append(
                isNamed
                    ? layers(list, scope: "\(place.scope)\(name).", &inside)
                    : layers(list, scope: place.scope, &namer))
        }
        let tail = tail(block, place, after: name)
        return [NamedLayer(name, .branches(branches), from: block.common.from, isScope: isNamed)] + tail
    }

    func block(_ block: BlockFields, _ place: BlockPlace, _ namer: inout LayerNamer) -> [NamedLayer] {
        let name = name(block, place, &namer)
        guard place.isComplete else { return [] }
        let layers = inner(block.body, scope: "\(place.scope)\(name).")
        return [NamedLayer(name, .block(layers), from: block.common.from)]
    }

    func repeated(_ block: BlockFields, _ place: BlockPlace, _ namer: inout LayerNamer) -> [NamedLayer] {
        let name = name(block, place, &namer)
        guard place.isComplete, let count = block.count else { return [] }
        return copies(count, name, block, place) { block.body }
    }

    /// `count` blocks called `name.0`, `name.1` … within a block `name`.
    private func copies(
        _ count: Int, _ name: String, _ block: BlockFields, _ place: BlockPlace, _ body: () -> [ConfigValue]
    ) -> [NamedLayer] {
        var blocks: [NamedLayer] = []
        for index in 0..<count {
            let errors = diagnostics.errorReports
            let layers = inner(body(), scope: "\(place.scope)\(name).\(index).")
            blocks.append(NamedLayer("\(index)", .block(layers)))
            // A mistake in one copy is in all of them.
            if diagnostics.errorReports > errors { break }
        }
        return [NamedLayer(name, .block(blocks), from: block.common.from)]
    }

    func use(_ block: BlockFields, _ place: BlockPlace, _ namer: inout LayerNamer) -> [NamedLayer] {
        let fields = place.fields
        guard let definition = definitions[block.word] else {
            if definitions.isEmpty {
                fields.error("nothing is defined", atValueOf: "use", label: "put the block into `define`")
            } else if place.isComplete {
                _ = fields.required("use", .oneOf(definitions.keys.sorted()))
            }
            for key in fields.keys { _ = fields.optional(key, Codec<ConfigValue>.any) }
            return []
        }
        let name = name(block, place, &namer)
        var arguments: [String: ConfigValue] = [:]
        for parameter in definition.parameters {
            let given =
                parameter.value.isNull
                ? fields.required(parameter.key, Codec<ConfigValue>.any)
                : fields.optional(parameter.key, Codec<ConfigValue>.any)
            arguments[parameter.key] = given ?? parameter.value
        }
        guard let body = definition.layers(with: arguments, diagnostics) else { return [] }
        if let count = block.count { return copies(count, name, block, place) { body } }
        let layers = inner(body, scope: "\(place.scope)\(name).")
        return [NamedLayer(name, .block(layers), from: block.common.from)]
    }

    /// A well-known network; its layers have their usual names, without a block's before them.
    func preset(_ block: BlockFields, _ place: BlockPlace, _ namer: inout LayerNamer) -> [NamedLayer] {
        guard place.isComplete, let preset = Presets.read(block.word, diagnostics) else { return [] }
        var arguments: [String: ConfigValue] = [:]
        for parameter in preset.block.parameters { arguments[parameter.key] = parameter.value }
        if let classes = block.classes { arguments["classes"] = .int(classes) }
        let reader = ModelReader(diagnostics, definitions: preset.definitions)
        let layers = reader.layers(
            preset.block.layers(with: arguments, diagnostics) ?? [], scope: place.scope, &namer)
        // A layer that does not fit is shown where the user named the preset.
        for name in reader.places.keys { register(name, at: place.fields.value) }
        return layers
    }
}
