import Configuration

/// Well-known networks, written in the language of configs; the names of their layers are torchvision's where
/// it has the model.
package enum Presets {
    struct Preset {
        let definitions: [String: BlockDefinition]
        let block: BlockDefinition
    }

    package static let names = texts.map(\.name)

    static func read(_ name: String, _ diagnostics: Diagnostics) -> Preset? {
        guard let text = texts.first(where: { $0.name == name })?.text else { return nil }
        let value = JSON5.parse(SourceFile(name: "preset \(name)", text: text), diagnostics: diagnostics)
        guard let value, let fields = ObjectDecoder(value, diagnostics) else { return nil }
        let definitions = fields.optional("define", BlockDefinition.table, default: [:])
        var block = BlockDefinition()
        let isComplete = BlockDefinition.codec.read(fields, into: &block)
        fields.finish()
        return isComplete ? Preset(definitions: definitions, block: block) : nil
    }
}
