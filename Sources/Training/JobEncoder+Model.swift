import Configuration
import NeuralNetwork

extension NamedLayer {
    var value: ConfigValue {
        let name = ("name", ConfigValue.string(name))
        return switch spec {
        case .dense(let units, let bias, let initializer):
            .object([("dense", .int(units)), name, ("bias", .bool(bias)), ("init", initializer.value)])
        case .batchNorm(let momentum, let epsilon):
            .object([("batch_norm", .object([("momentum", .number(momentum)), ("epsilon", .number(epsilon))])), name])
        case .activation(let function): .object([("activation", .string(function.rawValue)), name])
        case .softmax: .object([("activation", .string("softmax")), name])
        case .flatten: .object([("flatten", .bool(true)), name])
        }
    }
}
