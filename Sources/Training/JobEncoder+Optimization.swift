import Configuration
import NeuralNetwork

extension Job {
    /// The optional fields of `JobDecoder.optimization`.
    var optimizationMembers: [(String, ConfigValue)] { [] }
}

extension Optimizer {
    var value: ConfigValue {
        switch self {
        case .gradientDescent(let rate, let momentum):
            .object([("sgd", .object([("learning_rate", .number(rate)), ("momentum", .number(momentum))]))])
        case .adam(let rate, let beta1, let beta2, let epsilon):
            .object([
                (
                    "adam",
                    .object([
                        ("learning_rate", .number(rate)), ("beta1", .number(beta1)), ("beta2", .number(beta2)),
                        ("epsilon", .number(epsilon)),
                    ])
                )
            ])
        }
    }
}
