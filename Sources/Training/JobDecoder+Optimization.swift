import Configuration
import NeuralNetwork

// `optimizer` and what belongs to it.
extension JobDecoder {
    /// Reads the optional fields; what it returns writes them into a job.
    static func optimization(_ fields: ObjectDecoder) -> (inout Job) -> Void {
        { _ in }
    }

    static var optimizer: Expectation<Optimizer> {
        Expectation<Optimizer>.variant("an optimizer", among: ["sgd", "momentum", "adam"]) { choice in
            let fields = choice.fields
            switch choice.name {
            case "adam":
                return .adam(
                    learningRate: fields.optional("learning_rate", .number(.positive), default: 1e-3),
                    beta1: fields.optional("beta1", .number(.from(0, below: 1)), default: 0.9),
                    beta2: fields.optional("beta2", .number(.from(0, below: 1)), default: 0.999),
                    epsilon: fields.optional("epsilon", .number(.atLeast(1e-30)), default: 1e-8))
            default:
                let rate = fields.optional("learning_rate", .number(.positive), default: 0.01)
                let momentum = fields.optional("momentum", .number(.from(0, below: 1)), default: choice.name == "momentum" ? 0.9 : 0)
                return .gradientDescent(learningRate: rate, momentum: momentum)
            }
        }
    }
}
