import Configuration
import NeuralNetwork

extension Job {
    /// The optional fields of `JobDecoder.transfer`.
    var transferMembers: [(String, ConfigValue)] { [] }
}
