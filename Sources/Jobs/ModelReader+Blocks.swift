import Configuration
import NeuralNetwork

// The layers that blocks stand for.
extension ModelReader {
    /// The block's name: its own, or its kind and number.
    private func name(_ block: BlockFields, _ context: BlockContext, _ namer: inout LayerNamer) -> String {
        let ordinal = namer.next(context.word == "use" ? block.word : context.word)
        let name = block.common.name ?? ordinal
        register(context.scope + name, at: context.fields.value)
        return name
    }

    /// Residual blocks and branches without a name leave the names of their layers as they are.
    private func inner(
        _ values: [ConfigValue], of block: BlockFields, name: String, _ context: BlockContext,
        _ namer: inout LayerNamer
    ) -> [NamedLayer] {
        block.common.name == nil
            ? layers(values, scope: context.scope, &namer) : inner(values, scope: "\(context.scope)\(name).")
    }

    /// The activation behind a block.
    private func tail(_ block: BlockFields, _ context: BlockContext, after name: String) -> [NamedLayer] {
        let tail = block.common.activationLayers(after: name)
        for layer in tail { register(context.scope + layer.name, at: context.fields.value) }
        return tail
    }

    func residual(_ block: BlockFields, _ context: BlockContext, _ namer: inout LayerNamer) -> [NamedLayer] {
        let name = name(block, context, &namer)
        let isNamed = block.common.name != nil
        let body = inner(block.body, of: block, name: name, context, &namer)
        let shortcut: Shortcut
        switch block.shortcut {
        case .identity: shortcut = .identity
        case .automatic: shortcut = .automatic
        case .layers(let values):
            let scope = "\(context.scope)\(isNamed ? name + "." : "")shortcut."
            shortcut = .layers([NamedLayer("shortcut", .block(inner(values, scope: scope)))])
        }
        let tail = tail(block, context, after: name)
        guard context.isComplete else { return [] }
        let spec = LayerSpec.residual(body: body, shortcut: shortcut)
        return [NamedLayer(name, spec, from: block.common.from, isScope: isNamed)] + tail
    }

    func branches(_ block: BlockFields, _ context: BlockContext, _ namer: inout LayerNamer) -> [NamedLayer] {
        let name = name(block, context, &namer)
        let isNamed = block.common.name != nil
        var inside = LayerNamer()
        var branches: [[NamedLayer]] = []
        for list in block.branches {
            branches.append(
                isNamed
                    ? layers(list, scope: "\(context.scope)\(name).", &inside)
                    : layers(list, scope: context.scope, &namer))
        }
        let tail = tail(block, context, after: name)
        return [NamedLayer(name, .branches(branches), from: block.common.from, isScope: isNamed)] + tail
    }

    func block(_ block: BlockFields, _ context: BlockContext, _ namer: inout LayerNamer) -> [NamedLayer] {
        let name = name(block, context, &namer)
        guard context.isComplete else { return [] }
        let layers = inner(block.body, scope: "\(context.scope)\(name).")
        return [NamedLayer(name, .block(layers), from: block.common.from)]
    }

    func repeated(_ block: BlockFields, _ context: BlockContext, _ namer: inout LayerNamer) -> [NamedLayer] {
        let name = name(block, context, &namer)
        guard context.isComplete, let count = block.count else { return [] }
        return copies(count, of: block, name: name, context) { block.body }
    }

    /// `count` blocks called `name.0`, `name.1` … within a block `name`.
    private func copies(
        _ count: Int, of block: BlockFields, name: String, _ context: BlockContext,
        body: () -> [ConfigValue]
    ) -> [NamedLayer] {
        var blocks: [NamedLayer] = []
        for index in 0..<count {
            let errors = diagnostics.errorReports
            let layers = inner(body(), scope: "\(context.scope)\(name).\(index).")
            blocks.append(NamedLayer("\(index)", .block(layers)))
            // A mistake in one copy is in all of them.
            if diagnostics.errorReports > errors { break }
        }
        return [NamedLayer(name, .block(blocks), from: block.common.from)]
    }

    func use(_ block: BlockFields, _ context: BlockContext, _ namer: inout LayerNamer) -> [NamedLayer] {
        let fields = context.fields
        guard let definition = definitions[block.word] else {
            if definitions.isEmpty {
                fields.error("nothing is defined", atValueOf: "use", label: "put the block into `define`")
            } else if context.isComplete {
                _ = fields.required("use", .oneOf(definitions.keys.sorted()))
            }
            for key in fields.keys { _ = fields.optional(key, Codec<ConfigValue>.any) }
            return []
        }
        let name = name(block, context, &namer)
        var arguments: [String: ConfigValue] = [:]
        for parameter in definition.parameters {
            let given =
                parameter.value.isNull
                ? fields.required(parameter.key, Codec<ConfigValue>.any)
                : fields.optional(parameter.key, Codec<ConfigValue>.any)
            arguments[parameter.key] = given ?? parameter.value
        }
        guard let body = definition.layers(with: arguments, diagnostics) else { return [] }
        if let count = block.count { return copies(count, of: block, name: name, context) { body } }
        let layers = inner(body, scope: "\(context.scope)\(name).")
        return [NamedLayer(name, .block(layers), from: block.common.from)]
    }

    /// A well-known network; its layers have their usual names, without a block's before them.
    func preset(_ block: BlockFields, _ context: BlockContext, _ namer: inout LayerNamer) -> [NamedLayer] {
        guard context.isComplete, let preset = Presets.read(block.word, diagnostics) else { return [] }
        var arguments: [String: ConfigValue] = [:]
        for parameter in preset.block.parameters { arguments[parameter.key] = parameter.value }
        if let classes = block.classes { arguments["classes"] = .int(classes) }
        let reader = ModelReader(diagnostics, definitions: preset.definitions)
        let layers = reader.layers(
            preset.block.layers(with: arguments, diagnostics) ?? [], scope: context.scope, &namer)
        // A layer that does not fit is shown where the user named the preset.
        for name in reader.locations.keys { register(name, at: context.fields.value) }
        return layers
    }
}
