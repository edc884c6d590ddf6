import Configuration
import NeuralNetwork

extension Job {
    /// The optional fields of `JobDecoder.objective`.
    var objectiveMembers: [(String, ConfigValue)] { [] }
}
