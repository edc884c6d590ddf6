import Configuration

extension Job {
    /// The optional fields of `JobDecoder.course`.
    var courseMembers: [(String, ConfigValue)] {
        (maxSteps.map { [("max_steps", .int($0))] } ?? []) + [
            ("checkpoint", checkpoint.value),
            ("logging", .object([("every", .int(logEvery)), ("gradients", .bool(optimization.logsGradients))])),
        ]
    }
}

extension CheckpointPolicy {
    var value: ConfigValue {
        let interval: ConfigValue =
            switch every {
            case .epoch: .string("epoch")
            case .steps(let steps): .int(steps)
            }
        return .object([("every", interval), ("keep", .int(keep))])
    }
}
