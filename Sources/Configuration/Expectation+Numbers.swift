extension Expectation where Value == Int {
    package static var int: Self { whole(nil, nil) }

    package static func int(_ range: PartialRangeFrom<Int>) -> Self { whole(range.lowerBound, nil) }

    package static func int(_ range: PartialRangeThrough<Int>) -> Self { whole(nil, range.upperBound) }

    package static func int(_ range: ClosedRange<Int>) -> Self { whole(range.lowerBound, range.upperBound) }

    private static func whole(_ least: Int?, _ most: Int?) -> Self {
        let description =
            switch (least, most) {
            case (let least?, let most?): "a whole number from \(least) to \(most)"
            case (let least?, nil): "a whole number of at least \(least)"
            case (nil, let most?): "a whole number of at most \(most)"
            case (nil, nil): "a whole number"
            }
        return Expectation(description, hint: NumberHint.unquoted) { value in
            guard case .number(let number) = value.kind, let integer = number.integer else { return nil }
            return integer >= least ?? Int.min && integer <= most ?? Int.max ? integer : nil
        }
    }
}

extension Expectation where Value == UInt64 {
    /// Any 64 bits, exactly: seeds.
    package static var unsigned: Self {
        Expectation("a whole number from 0 to \(UInt64.max)", hint: NumberHint.unquoted) { value in
            if case .number(let number) = value.kind { number.unsigned } else { nil }
        }
    }
}

extension Expectation where Value == Double {
    /// A finite number in an interval: `.number(.positive)`, `.number(.from(0, below: 1))`.
    package static func number(_ interval: Interval = .finite) -> Self {
        Expectation(interval.description, hint: NumberHint.unquoted) { value in
            guard case .number(let number) = value.kind, interval.contains(number.value) else { return nil }
            return number.value
        }
    }

    package static func number(_ range: ClosedRange<Double>) -> Self {
        number(.from(range.lowerBound, to: range.upperBound))
    }

    /// A number with any property: `description` is the end of "must be …".
    package static func number(_ description: String, where holds: @escaping (Double) -> Bool) -> Self {
        Expectation(description, hint: NumberHint.unquoted) { value in
            guard case .number(let number) = value.kind, holds(number.value) else { return nil }
            return number.value
        }
    }
}

/// An interval of finite numbers, and how a sentence names it.
package struct Interval: Sendable {
    package let description: String
    private let lower: Double
    private let upper: Double
    private let includesLower: Bool
    private let includesUpper: Bool

    private init(
        _ description: String, _ lower: Double, _ includesLower: Bool, _ upper: Double, _ includesUpper: Bool
    ) {
        self.description = description
        self.lower = lower
        self.upper = upper
        self.includesLower = includesLower
        self.includesUpper = includesUpper
    }

    package func contains(_ value: Double) -> Bool {
        value.isFinite && (includesLower ? value >= lower : value > lower)
            && (includesUpper ? value <= upper : value < upper)
    }

    package static let finite = Interval("a number", -.infinity, false, .infinity, false)
    package static let positive = above(0)
    package static let nonNegative = atLeast(0)

    package static func atLeast(_ lower: Double) -> Interval {
        Interval("a number of at least \(ForPeople.number(lower))", lower, true, .infinity, false)
    }

    package static func above(_ lower: Double) -> Interval {
        Interval("a number above \(ForPeople.number(lower))", lower, false, .infinity, false)
    }

    package static func atMost(_ upper: Double) -> Interval {
        Interval("a number of at most \(ForPeople.number(upper))", -.infinity, false, upper, true)
    }

    package static func from(_ lower: Double, to upper: Double) -> Interval {
        Interval(
            "a number from \(ForPeople.number(lower)) to \(ForPeople.number(upper))", lower, true, upper, true
        )
    }

    package static func from(_ lower: Double, below upper: Double) -> Interval {
        Interval(
            "a number of at least \(ForPeople.number(lower)) and below \(ForPeople.number(upper))", lower,
            true, upper, false)
    }

    package static func above(_ lower: Double, to upper: Double) -> Interval {
        Interval(
            "a number above \(ForPeople.number(lower)) and at most \(ForPeople.number(upper))", lower, false,
            upper, true)
    }

    package static func above(_ lower: Double, below upper: Double) -> Interval {
        Interval(
            "a number above \(ForPeople.number(lower)) and below \(ForPeople.number(upper))", lower, false,
            upper, false)
    }
}

private enum NumberHint {
    /// A number in quotes is the commonest slip.
    static func unquoted(_ value: ConfigValue) -> String? {
        guard case .string(let text) = value.kind, let number = Double(text), number.isFinite else {
            return nil
        }
        return "write it without quotes"
    }
}
