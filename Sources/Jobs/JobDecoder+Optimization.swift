import Configuration
import NeuralNetwork

// `optimizer` and what belongs to it: `schedule`, `regularization`, `clip`, `learning_rates`.
extension JobDecoder {
    /// Reads the optional fields; what it returns writes them into a job.
    static func optimization(_ fields: ObjectDecoder) -> (inout Job) -> Void {
        let schedule = fields.optional("schedule", Self.schedule, default: Schedule())
        let regularization = fields.optional(
            "regularization", .object(Self.regularization), default: Regularization())
        let clipping = fields.optional("clip", clipping)
        let factors = fields.optional("learning_rates", Expectation<Double>.factors, default: [])
        return { job in
            job.optimization.schedule = schedule
            job.optimization.regularization = regularization
            job.optimization.clipping = clipping
            job.optimization.rateFactors = factors
        }
    }

    // MARK: The optimizer

    private static let optimizers = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]

    static var optimizer: Expectation<Optimizer> {
        Expectation<Optimizer>.variant("an optimizer", among: optimizers) { choice in
            let fields = choice.fields
            func rate(_ usual: Double) -> Double {
                fields.optional("learning_rate", .number(.positive), default: usual)
            }
            func epsilon(_ usual: Double) -> Double {
                fields.optional("epsilon", .number(.atLeast(1e-30)), default: usual)
            }
            func fraction(_ key: String, _ usual: Double) -> Double {
                fields.optional(key, .number(.from(0, below: 1)), default: usual)
            }
            switch choice.name {
            case "adam":
                return .adam(
                    learningRate: rate(1e-3), beta1: fraction("beta1", 0.9), beta2: fraction("beta2", 0.999),
                    epsilon: epsilon(1e-8))
            case "adamw":
                return .adamW(
                    learningRate: rate(1e-3), beta1: fraction("beta1", 0.9), beta2: fraction("beta2", 0.999),
                    epsilon: epsilon(1e-8),
                    weightDecay: fields.optional("weight_decay", .number(.nonNegative), default: 0.01))
            case "adagrad": return .adagrad(learningRate: rate(0.01), epsilon: epsilon(1e-10))
            case "rmsprop":
                return .rmsprop(
                    learningRate: rate(0.01), alpha: fraction("alpha", 0.99), epsilon: epsilon(1e-8),
                    momentum: fraction("momentum", 0),
                    centered: fields.optional("centered", .bool, default: false))
            default:
                return descent(
                    choice.name, fields, rate(0.01), fraction("momentum", choice.name == "sgd" ? 0 : 0.9))
            }
        }
    }

    /// `momentum` and `nesterov` are `sgd` with other defaults.
    private static func descent(_ name: String, _ fields: ObjectDecoder, _ rate: Double, _ momentum: Double)
        -> Optimizer
    {
        let nesterov = fields.optional("nesterov", .bool, default: name == "nesterov")
        if nesterov && momentum == 0 {
            let key = fields.contains("momentum") ? "momentum" : "nesterov"
            fields.error(
                "Nesterov's form needs a momentum above 0", atValueOf: key, label: "for example momentum: 0.9"
            )
        }
        return .gradientDescent(learningRate: rate, momentum: momentum, nesterov: nesterov)
    }

    // MARK: Regularisation and clipping

    static func regularization(_ fields: ObjectDecoder) -> Regularization? {
        let l1 = fields.optional("l1", .number(.nonNegative), default: 0)
        let l2 = fields.optional("l2", .number(.nonNegative), default: 0)
        let net = fields.optional(
            "elastic_net",
            .object { fields -> Regularization? in
                let alpha = fields.required("alpha", .number(.nonNegative))
                let ratio = fields.optional("l1_ratio", .number(0...1), default: 0.5)
                return alpha.map { Regularization(alpha: $0, l1Ratio: ratio) }
            })
        guard let net else { return Regularization(l1: l1, l2: l2) }
        if fields.contains("l1") || fields.contains("l2") {
            fields.error(
                "`elastic_net` says what `l1` and `l2` would say", atKey: "elastic_net",
                label: "give either it or them")
        }
        return net
    }

    static var clipping: Expectation<GradientClipping> {
        Expectation<GradientClipping>.inlineVariant(
            "a way to clip gradients", among: ["global_norm", "value"]
        ) { choice in
            guard let argument = choice.argument else { return nil }
            let most = Expectation<Double>.number(.positive).read(argument, choice.fields.diagnostics)
            return most.map { choice.name == "value" ? .value($0) : .globalNorm($0) }
        }
    }
}

extension Expectation where Value == Double {
    /// Factors of the learning rate by the beginning of tensors' names.
    fileprivate static var factors: Expectation<[Optimization.RateFactor]> {
        Expectation<[(key: String, value: Double)]>.table(of: .number(.nonNegative)).map { members in
            members.map { Optimization.RateFactor($0.key, $0.value) }
        }
    }
}
