import Configuration
import NeuralNetwork

/// Well-known networks, written in the language of configs; the names of their layers are torchvision's where
/// it has the model.
package enum Presets {
    struct Preset {
        let definitions: [String: BlockDefinition]
        let block: BlockDefinition
    }

    package static let names = texts.map(\.name)

    static func read(_ name: String, _ diagnostics: Diagnostics) -> Preset? {
        texts.first { $0.name == name }.flatMap { read(named: "preset \(name)", $0.text, diagnostics) }
    }

    static func read(named name: String, _ text: String, _ diagnostics: Diagnostics) -> Preset? {
        let value = JSON5.parse(SourceFile(name: name, text: text), diagnostics: diagnostics)
        guard let value, let fields = ObjectDecoder(value, diagnostics) else { return nil }
        let definitions = fields.optional("define", BlockDefinition.table, default: [:])
        var block = BlockDefinition()
        let isComplete = BlockDefinition.codec.read(fields, into: &block)
        fields.finish()
        return isComplete ? Preset(definitions: definitions, block: block) : nil
    }

    /// The layers of a preset whose parameters have their defaults.
    static func layers(of preset: Preset, _ diagnostics: Diagnostics) -> [NamedLayer] {
        let defaults = preset.block.parameters.map { ($0.key, $0.value) }
        let arguments = Dictionary(defaults, uniquingKeysWith: { first, _ in first })
        return ModelReader(diagnostics, definitions: preset.definitions).layers(
            preset.block.layers(with: arguments, diagnostics) ?? [])
    }
}
