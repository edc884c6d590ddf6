import Configuration

extension ConfigValue {
    /// A measurement to a thousandth, or to four digits if it is small.
    static func measured(_ value: Double) -> ConfigValue {
        guard value > 0, value.isFinite else { return .number(value) }
        var unit = 1e3
        while value * unit < 1e3, unit < 1e12 { unit *= 10 }
        return .number((value * unit).rounded() / unit)
    }
}
