/// Values of a kind; nil for a value of another kind.
extension ConfigValue {
    package var text: String? {
        guard case .string(let text) = kind else { return nil }
        return text
    }

    package var double: Double? {
        guard case .number(let number) = kind else { return nil }
        return number.value
    }

    package var integer: Int? {
        guard case .number(let number) = kind else { return nil }
        return number.integer
    }
}
