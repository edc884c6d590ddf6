import Configuration
import NeuralNetwork

extension NamedLayer {
    var value: ConfigValue {
        var members = spec.members(inputs: from)
        if isScope { members.append(("name", .string(name))) }
        // Joins have their inputs where other layers have their kind's value.
        if !from.isEmpty, spec != .add, spec != .concatenate { members.append(("from", .string(from[0]))) }
        return .object(members)
    }
}

extension LayerSpec {
    fileprivate func members(inputs: [String]) -> [(String, ConfigValue)] {
        switch self {
        case .dense(let units, let bias, let initializer):
            [("dense", .int(units)), ("bias", .bool(bias)), ("init", initializer.value)]
        case .convolution(let channels, let window, let bias, let initializer):
            [("conv", .int(channels)), ("kernel", .pair(window.height, window.width))] + window.members
                + [("bias", .bool(bias)), ("init", initializer.value)]
        case .pool(let function, let window):
            [(function.word, .pair(window.height, window.width))] + window.members + [
                ("ceil_mode", .bool(window.roundsUp))
            ]
        case .globalAveragePool: [("global_average_pool", true)]
        case .batchNorm(let momentum, let epsilon, let synchronized):
            [
                (
                    "batch_norm",
                    .object([
                        ("momentum", .number(momentum)), ("epsilon", .number(epsilon)),
                        ("sync", .bool(synchronized)),
                    ])
                )
            ]
        case .activation(let function): [("activation", function.value)]
        case .maxout(let pieces): [("maxout", .int(pieces))]
        case .softmax: [("softmax", true)]
        case .flatten: [("flatten", true)]
        // No config has it: `data.normalize` puts it in front of the layers.
        case .whitening: []
        case .dropout(let rate): [("dropout", .number(rate))]
        case .add: [("add", .array(inputs.map { .string($0) }))]
        case .concatenate: [("concat", .array(inputs.map { .string($0) }))]
        case .block(let layers): [("block", .array(layers.map(\.value)))]
        case .branches(let branches): [("branches", .array(branches.map { .array($0.map(\.value)) }))]
        case .residual(let body, let shortcut):
            [("residual", .array(body.map(\.value))), ("shortcut", shortcut.value)]
        }
    }
}

extension Shortcut {
    fileprivate var value: ConfigValue {
        switch self {
        case .identity: "identity"
        case .automatic: "auto"
        case .layers(let layers): .array(layers.flatMap(\.members).map(\.value))
        }
    }
}

extension NamedLayer {
    /// A block's layers; of any other layer itself.
    fileprivate var members: [NamedLayer] {
        if case .block(let layers) = spec { layers } else { [self] }
    }
}

extension ActivationFunction {
    fileprivate var value: ConfigValue {
        switch self {
        case .leakyReLU(let slope): .object([(name, .object([("slope", .number(slope))]))])
        case .elu(let alpha): .object([(name, .object([("alpha", .number(alpha))]))])
        case .relu, .sigmoid, .tanh: .string(name)
        }
    }
}
