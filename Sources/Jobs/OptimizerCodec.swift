import Configuration
import NeuralNetwork

/// The numbers of all update rules; each rule has some of them.
private struct RuleFields: Sendable {
    var learningRate = 0.01
    var momentum = 0.0
    var nesterov = false
    var alpha = 0.99
    var beta1 = 0.9
    var beta2 = 0.999
    var epsilon = 1e-8
    var centered = false
    var weightDecay = 0.01
    var decayed = DecayedTensors.all

    static let rate = Field(
        "learning_rate", \RuleFields.learningRate, .number(.positive),
        "Step size, before the schedule.", example: "3e-4")
    static let inertia = Field(
        "momentum", \RuleFields.momentum, .number(.from(0, below: 1)),
        "Fraction of the last update that goes on.", example: "0.9")
    static let beta1 = Field(
        "beta1", \RuleFields.beta1, .number(.from(0, below: 1)),
        "Decay of the running mean of gradients.", example: "0.95")
    static let beta2 = Field(
        "beta2", \RuleFields.beta2, .number(.from(0, below: 1)),
        "Decay of the running mean of squared gradients.", example: "0.99")
    static let small = Field(
        "epsilon", \RuleFields.epsilon, .number(.atLeast(1e-30)),
        "Added to the denominator of the update.", example: "1e-6")
}

// `optimizer`: the update rules, with PyTorch's meaning and defaults.
extension Optimizer {
    static let codec = Codec<Optimizer>.variant(
        "an optimizer",
        [
            descent(
                "sgd",
                "Gradient descent, with momentum if that is not 0. The default rate is 0.01,"
                    + " where PyTorch has 0.001.",
                RuleFields()),
            descent("momentum", "`sgd` with a momentum.", RuleFields(momentum: 0.9), isAlias: true),
            descent(
                "nesterov", "`sgd` with Nesterov's momentum.", RuleFields(momentum: 0.9, nesterov: true),
                isAlias: true),
            adagrad, rmsprop, adam, adamW,
        ])

    /// - Parameter isAlias: whether the rule is written as `sgd`, of which it has other defaults
    private static func descent(
        _ name: String, _ sentence: String, _ blank: RuleFields, isAlias: Bool = false
    ) -> Choice<Optimizer> {
        let object = ObjectCodec(blank, check: checkNesterov) {
            RuleFields.rate
            RuleFields.inertia
            Field(
                "nesterov", \.nesterov, .bool, "Uses Nesterov's form of the momentum.",
                example: "\(!blank.nesterov)")
        }
        return Choice(
            name, sentence, example: "{learning_rate: 0.1}", object,
            to: {
                .gradientDescent(
                    learningRate: $0.learningRate, momentum: $0.momentum, nesterov: $0.nesterov)
            },
            from: { optimizer in
                guard !isAlias, case .gradientDescent(let rate, let momentum, let nesterov) = optimizer else {
                    return nil
                }
                return RuleFields(learningRate: rate, momentum: momentum, nesterov: nesterov)
            })
    }

    @Sendable private static func checkNesterov(_ fields: RuleFields, _ decoder: ObjectDecoder) {
        guard fields.nesterov, fields.momentum == 0 else { return }
        decoder.error(
            "Nesterov's form needs a momentum above 0",
            atValueOf: decoder.contains("momentum") ? "momentum" : "nesterov",
            label: "for example momentum: 0.9")
    }

    private static var adagrad: Choice<Optimizer> {
        let object = ObjectCodec(RuleFields(epsilon: 1e-10)) {
            RuleFields.rate
            RuleFields.small
        }
        return Choice(
            "adagrad", "Divides by the root of the sum of all squared gradients.",
            example: "{learning_rate: 0.05}", object,
            to: { .adagrad(learningRate: $0.learningRate, epsilon: $0.epsilon) },
            from: { optimizer in
                guard case .adagrad(let rate, let epsilon) = optimizer else { return nil }
                return RuleFields(learningRate: rate, epsilon: epsilon)
            })
    }

    private static var rmsprop: Choice<Optimizer> {
        let object = ObjectCodec(RuleFields()) {
            RuleFields.rate
            Field(
                "alpha", \.alpha, .number(.from(0, below: 1)),
                "Decay of the running mean of squared gradients.", example: "0.9")
            RuleFields.small
            RuleFields.inertia
            Field(
                "centered", \.centered, .bool, "Divides by the gradients' standard deviation.",
                example: "true")
        }
        return Choice(
            "rmsprop", "Divides by the root of a running mean of squared gradients.",
            example: "{momentum: 0.9}", object,
            to: {
                .rmsprop(
                    learningRate: $0.learningRate, alpha: $0.alpha, epsilon: $0.epsilon,
                    momentum: $0.momentum, centered: $0.centered)
            },
            from: { optimizer in
                guard case .rmsprop(let rate, let alpha, let epsilon, let momentum, let centered) = optimizer
                else { return nil }
                return RuleFields(
                    learningRate: rate, momentum: momentum, alpha: alpha, epsilon: epsilon, centered: centered
                )
            })
    }

    private static var adam: Choice<Optimizer> {
        let object = ObjectCodec(RuleFields(learningRate: 1e-3)) {
            RuleFields.rate
            RuleFields.beta1
            RuleFields.beta2
            RuleFields.small
        }
        return Choice(
            "adam", "Adam: running means of gradients and of their squares, without bias.",
            example: "{learning_rate: 1e-3}", object,
            to: {
                .adam(
                    learningRate: $0.learningRate, beta1: $0.beta1, beta2: $0.beta2, epsilon: $0.epsilon)
            },
            from: { optimizer in
                guard case .adam(let rate, let beta1, let beta2, let epsilon) = optimizer else { return nil }
                return RuleFields(learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon)
            })
    }

    private static var adamW: Choice<Optimizer> {
        let object = ObjectCodec(RuleFields(learningRate: 1e-3)) {
            RuleFields.rate
            RuleFields.beta1
            RuleFields.beta2
            RuleFields.small
            Field(
                "weight_decay", \.weightDecay, .number(.nonNegative),
                "Weights shrink by rate · decay · w in each step, apart from the gradient.", example: "0.05")
            Field(
                "weight_decay_on", \.decayed, .oneOf(DecayedTensors.self),
                "Decays all trained tensors, as PyTorch's AdamW(model.parameters()) does; weights alone, that"
                    + " is no biases and no parameters of normalisations; or tensors of two or more"
                    + " dimensions, embeddings included, as nanoGPT does.", example: "\"matrices\"")
        }
        return Choice(
            "adamw", "Adam with decoupled weight decay.", example: "{weight_decay: 0.05}", object,
            to: {
                .adamW(
                    learningRate: $0.learningRate, beta1: $0.beta1, beta2: $0.beta2, epsilon: $0.epsilon,
                    weightDecay: $0.weightDecay, decayed: $0.decayed)
            },
            from: { optimizer in
                guard
                    case .adamW(let rate, let beta1, let beta2, let epsilon, let decay, let decayed) =
                        optimizer
                else { return nil }
                return RuleFields(
                    learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: decay,
                    decayed: decayed)
            })
    }
}
