import Configuration

extension Job {
    /// The optional fields of `JobDecoder.course`.
    var courseMembers: [(String, ConfigValue)] {
        var members: [(String, ConfigValue)] = []
        if let maxSteps { members.append(("max_steps", .int(maxSteps))) }
        if let earlyStopping { members.append(("early_stopping", earlyStopping.value)) }
        let logging = [
            ("every", ConfigValue.int(logEvery)), ("gradients", .bool(optimization.logsGradients)),
        ]
        return members + [("checkpoint", checkpoint.value), ("logging", .object(logging))]
    }
}

extension EarlyStopping {
    var value: ConfigValue {
        .object([
            ("monitor", .string(monitor.name)), ("mode", .string(monitor.mode.rawValue)),
            ("patience", .int(patience)),
            ("minimum_delta", .number(minimumDelta)),
        ])
    }
}

extension MetricMonitor {
    var value: ConfigValue {
        if mode == Self.usualMode(of: metric) { return .string(name) }
        return .object([("monitor", .string(name)), ("mode", .string(mode.rawValue))])
    }
}

extension CheckpointPolicy {
    var value: ConfigValue {
        let interval: ConfigValue =
            switch every {
            case .epoch: .string("epoch")
            case .steps(let steps): .int(steps)
            }
        return .object(
            [("every", interval), ("keep", .int(keep))] + (best.map { [("best", $0.value)] } ?? []))
    }
}
