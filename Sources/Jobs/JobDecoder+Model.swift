import Configuration
import NeuralNetwork

// `model` and `define`.
extension JobDecoder {
    static var definitions: Expectation<[String: BlockDefinition]> {
        Expectation<[(key: String, value: BlockDefinition)]>.table(of: .object(BlockDefinition.decode)).map {
            Dictionary($0.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// Reads the layers, with the blocks that `define` names.
    mutating func decodeLayers(_ values: [ConfigValue], definitions: [String: BlockDefinition])
        -> [NamedLayer]
    {
        let decoder = ModelDecoder(diagnostics, definitions: definitions)
        let layers = decoder.layers(values)
        layerPlaces = decoder.places
        return layers
    }
}
