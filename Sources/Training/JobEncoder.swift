import Configuration
import NeuralNetwork

// A job as a config with every default filled in and every layer named: what `job.json5` holds and what travels to workers.
extension Job {
    package var resolved: ConfigValue {
        var members: [(String, ConfigValue)] = [
            ("name", .string(name)), ("seed", .unsigned(seed)), ("data", data.value), ("model", .array(layers.map(\.value))),
            ("loss", .string(loss.rawValue)), ("optimizer", optimizer.value),
            (
                "batch",
                .object(
                    [("size", batchSize.map { .int($0) } ?? .string("all"))] + (microbatches.map { [("microbatches", .int($0))] } ?? []))
            ),
            ("epochs", .int(epochs)),
        ]
        if let maxSteps { members.append(("max_steps", .int(maxSteps))) }
        members.append(("checkpoint", checkpoint.value))
        members.append(("logging", .object([("every", .int(logEvery))])))
        if let blasCore { members.append(("numerics", .object([("blas_core", .string(blasCore))]))) }
        if let forcedCuts { members.append(("assignment", .object([("cuts", .array(forcedCuts.map { .int($0) }))]))) }
        return .object(members)
    }
}

extension DataSpec {
    fileprivate var value: ConfigValue {
        var members = [("train", train.value)]
        if let validation { members.append(("validation", validation.value)) }
        if let test { members.append(("test", test.value)) }
        members.append(("normalize", .string(normalization.rawValue)))
        return .object(members)
    }
}

extension DataSpec.Source {
    fileprivate var value: ConfigValue {
        switch self {
        case .digits: .object([("builtin", .string("digits"))])
        case .idx(let images, let labels):
            .object([("idx", .object([("images", .string(images)), ("labels", .string(labels))]))])
        }
    }
}

extension NamedLayer {
    fileprivate var value: ConfigValue {
        let name = ("name", ConfigValue.string(name))
        return switch spec {
        case .dense(let units, let bias, let initializer):
            .object([("dense", .int(units)), name, ("bias", .bool(bias)), ("init", .string(initializer.rawValue))])
        case .batchNorm(let momentum, let epsilon):
            .object([("batch_norm", .object([("momentum", .number(momentum)), ("epsilon", .number(epsilon))])), name])
        case .activation(let function): .object([("activation", .string(function.rawValue)), name])
        case .softmax: .object([("activation", .string("softmax")), name])
        case .flatten: .object([("flatten", .bool(true)), name])
        }
    }
}

extension Optimizer {
    fileprivate var value: ConfigValue {
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

extension CheckpointPolicy {
    fileprivate var value: ConfigValue {
        let interval: ConfigValue =
            switch every {
            case .epoch: .string("epoch")
            case .steps(let steps): .int(steps)
            }
        return .object([("every", interval), ("keep", .int(keep))])
    }
}
