import Configuration

extension RunEntry {
    /// The run for programs.
    package var value: ConfigValue {
        func metrics(_ set: String) -> ConfigValue {
            let values = self.metrics(set)
            return values.isEmpty ? .null : .object(values.map { ($0.name, .number($0.value)) })
        }
        let best = best.map { best in
            ConfigValue.object([
                ("monitor", .string(best.metric)), ("value", .number(best.value)),
                ("epoch", .int(best.epoch)),
            ])
        }
        return .object([
            ("name", .string(name)), ("run_directory", .string(path)), ("state", .string(state.rawValue)),
            ("started", origin.map { .string($0.started) } ?? .null),
            ("config", origin.map { .string($0.config) } ?? .null),
            ("set", .array((origin?.overrides ?? []).map { .string($0) })), ("epochs", .int(epochs.done)),
            ("job_epochs", epochs.all.map { .int($0) } ?? .null), ("best", best ?? .null),
            ("train", metrics("train")), ("validation", metrics("validation")), ("test", metrics("test")),
        ])
    }
}
