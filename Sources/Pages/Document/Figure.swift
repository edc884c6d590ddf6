import Configuration

/// A figure of a run's result.
package struct Figure: Sendable {
    package var set: String
    package var name: String
    package var value: Double
    /// The interval of the value; nil: unknown.
    package var interval: (low: Double, high: Double)?
    package var unit: String

    package init(
        set: String, name: String, value: Double, interval: (low: Double, high: Double)? = nil,
        unit: String = ""
    ) {
        self.set = set
        self.name = name
        self.value = value
        self.interval = interval
        self.unit = unit
    }

    var json: ConfigValue {
        .object([
            ("set", .string(set)), ("name", .string(name)), ("value", .number(value)),
            ("low", .optional(interval?.low)), ("high", .optional(interval?.high)), ("unit", .string(unit)),
        ])
    }
}
