import Configuration
import NeuralNetwork

extension Job {
    /// The optional fields of `JobDecoder.transfer`.
    var transferMembers: [(String, ConfigValue)] {
        func list(_ names: [String]) -> ConfigValue { .array(names.map { .string($0) }) }
        let weights = weights.map {
            ConfigValue.object([("file", .string($0.file)), ("skip", list($0.skip))])
        }
        return (weights.map { [("weights", $0)] } ?? []) + (freeze.isEmpty ? [] : [("freeze", list(freeze))])
    }
}
