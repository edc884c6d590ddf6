import Configuration
import NeuralNetwork

extension Job {
    /// The optional fields of `JobDecoder.objective`.
    var objectiveMembers: [(String, ConfigValue)] {
        metrics.map { [("metrics", .array($0.map { .string($0.name) }))] } ?? []
    }
}

extension Loss {
    /// The bare name where there are no options.
    var value: ConfigValue {
        var options: [(String, ConfigValue)] = []
        if labelSmoothing != 0 { options.append(("label_smoothing", .number(labelSmoothing))) }
        switch classWeights {
        case nil: break
        case .balanced: options.append(("class_weights", .string("balanced")))
        case .values(let values): options.append(("class_weights", .array(values.map { .number($0) })))
        }
        if !positiveWeights.isEmpty {
            options.append(("positive_weight", .array(positiveWeights.map { .number($0) })))
        }
        return options.isEmpty ? .string(kind.rawValue) : .object([(kind.rawValue, .object(options))])
    }
}
