import Configuration
import NeuralNetwork

extension Job {
    /// The optional fields of `JobDecoder.optimization`.
    var optimizationMembers: [(String, ConfigValue)] {
        let (schedule, regularization) = (optimization.schedule, optimization.regularization)
        var members = [
            ("schedule", schedule.value),
            (
                "regularization",
                ConfigValue.object([("l1", .number(regularization.l1)), ("l2", .number(regularization.l2))])
            ),
        ]
        switch optimization.clipping {
        case .globalNorm(let most): members.append(("clip", .object([("global_norm", .number(most))])))
        case .value(let most): members.append(("clip", .object([("value", .number(most))])))
        case nil: break
        }
        if !optimization.rateFactors.isEmpty {
            members.append(
                ("learning_rates", .object(optimization.rateFactors.map { ($0.prefix, .number($0.factor)) })))
        }
        return members
    }
}

extension Optimizer {
    var value: ConfigValue {
        let rate = ("learning_rate", ConfigValue.number(learningRate))
        func named(_ name: String, _ members: [(String, ConfigValue)]) -> ConfigValue {
            .object([(name, .object([rate] + members))])
        }
        func moments(_ beta1: Double, _ beta2: Double, _ epsilon: Double) -> [(String, ConfigValue)] {
            [("beta1", .number(beta1)), ("beta2", .number(beta2)), ("epsilon", .number(epsilon))]
        }
        switch self {
        case .gradientDescent(_, let momentum, let nesterov):
            return named("sgd", [("momentum", .number(momentum)), ("nesterov", .bool(nesterov))])
        case .adagrad(_, let epsilon): return named("adagrad", [("epsilon", .number(epsilon))])
        case .rmsprop(_, let alpha, let epsilon, let momentum, let centered):
            return named(
                "rmsprop",
                [
                    ("alpha", .number(alpha)), ("epsilon", .number(epsilon)), ("momentum", .number(momentum)),
                    ("centered", .bool(centered)),
                ])
        case .adam(_, let beta1, let beta2, let epsilon): return named("adam", moments(beta1, beta2, epsilon))
        case .adamW(_, let beta1, let beta2, let epsilon, let decay):
            return named("adamw", moments(beta1, beta2, epsilon) + [("weight_decay", .number(decay))])
        }
    }
}

extension Schedule {
    var value: ConfigValue {
        let (name, members) = named
        return .object([(name, .object(members + [("warmup_steps", .int(warmupSteps))]))])
    }

    private var named: (String, [(String, ConfigValue)]) {
        switch shape {
        case .constant: ("constant", [])
        case .step(let every, let unit, let factor):
            (
                "step",
                [
                    (unit == .epochs ? "every_epochs" : "every_steps", .int(every)),
                    ("factor", .number(factor)),
                ]
            )
        case .multiStep(let milestones, let unit, let factor):
            (
                "multi_step",
                [
                    (unit == .epochs ? "epochs" : "steps", .array(milestones.map { .int($0) })),
                    ("factor", .number(factor)),
                ]
            )
        case .exponential(let factor, let unit):
            (
                "exponential",
                [("per", .string(unit == .epochs ? "epoch" : "step")), ("factor", .number(factor))]
            )
        case .cosine(let minimum, let over):
            ("cosine", [("minimum", .number(minimum))] + (over.map { [("total_steps", .int($0))] } ?? []))
        case .reduceOnPlateau(let policy): ("reduce_on_plateau", policy.members)
        }
    }
}

extension PlateauPolicy {
    fileprivate var members: [(String, ConfigValue)] {
        [
            ("monitor", .string(monitor)), ("mode", .string(higherIsBetter ? "max" : "min")),
            ("factor", .number(factor)),
            ("patience", .int(patience)), ("threshold", .number(threshold)),
            ("min_learning_rate", .number(minimumLearningRate)),
        ]
    }
}
