import Configuration
import NeuralNetwork

// `model`: the layers.
extension JobDecoder {
    mutating func decodeLayers(_ values: [ConfigValue]) -> [NamedLayer] {
        var namer = LayerNamer()
        var layers: [NamedLayer] = []
        var places: [String: ConfigValue] = [:]
        for value in values {
            for layer in LayerDecoder(diagnostics).decode(value, &namer) {
                if places.updateValue(value, forKey: layer.name) != nil {
                    diagnostics.error("two layers are called `\(layer.name)`", at: value, label: "give one of them another `name`")
                }
                layers.append(layer)
                layerPlaces.append(value)
            }
        }
        return layers
    }
}
