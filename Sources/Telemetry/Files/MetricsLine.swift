import Configuration

/// The lines of `metrics.jsonl`: each is a function of one event, and leads back to it.
package enum MetricsLine {
    /// The line that an event makes; nil for an event that is not in `metrics.jsonl`.
    package static func line(of event: RunEvent) -> ConfigValue? {
        switch event {
        case .training(.stepLogged(let step)): line(step)
        case .training(.epochFinished(let epoch)): line(epoch)
        case .timing(.epoch(let times)): line(times)
        default: nil
        }
    }

    private static func line(_ step: StepSummary) -> ConfigValue {
        .object(
            [("kind", "step"), ("step", .int(step.step)), ("epoch", .int(step.epoch))] + members(step.values)
                + (step.learningRate.map { [("learning_rate", .number($0))] } ?? [])
                + diagnostics(step) + [("seconds", .number(step.seconds))])
    }

    private static func line(_ epoch: EpochSummary) -> ConfigValue {
        .object(
            [
                ("kind", "epoch"), ("epoch", .int(epoch.epoch)), ("step", .int(epoch.step)),
                ("train", .object(members(epoch.trainAndPenalty))),
                ("validation", epoch.validation.isEmpty ? .null : .object(members(epoch.validation))),
            ]
                + (epoch.stoppedEarly ? [("stopped_early", .bool(true))] : [])
                + [("seconds", .number(epoch.seconds))])
    }

    private static func line(_ times: EpochTimes) -> ConfigValue {
        .object([
            ("kind", "times"), ("epoch", .int(times.epoch)),
            (
                "workers",
                .array(
                    times.workers.map { worker in
                        .object([
                            ("worker", .int(worker.worker.number)), ("name", .string(worker.worker.name)),
                            ("steps", .int(worker.steps)), ("seconds", .object(members(worker.parts))),
                            ("beside", .object(members(worker.beside))),
                        ])
                    })
            ),
        ])
    }

    private static func diagnostics(_ step: StepSummary) -> [(String, ConfigValue)] {
        guard !step.gradients.isEmpty else { return [] }
        let norms = step.gradients.map { norms in
            (
                norms.name,
                ConfigValue.object([
                    ("l1", .number(norms.l1)), ("l2", .number(norms.l2)), ("linf", .number(norms.linf)),
                ])
            )
        }
        return [("gradients", .object(norms)), ("dead_units", .object(members(step.deadUnits)))]
    }

    private static func members(_ values: [NamedValue]) -> [(String, ConfigValue)] {
        values.map { ($0.name, .number($0.value)) }
    }
}
