/// An interval of finite numbers, and how a sentence names it.
package struct Interval: Sendable {
    package let description: String
    package let lower: Double
    package let upper: Double
    package let includesLower: Bool
    package let includesUpper: Bool

    private init(
        _ description: String, lower: Double = -.infinity, includesLower: Bool = false,
        upper: Double = .infinity, includesUpper: Bool = false
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

    package static let finite = Interval("a number")
    package static let positive = above(0)
    package static let nonNegative = atLeast(0)

    package static func atLeast(_ lower: Double) -> Interval {
        Interval("a number of at least \(ForPeople.number(lower))", lower: lower, includesLower: true)
    }

    package static func above(_ lower: Double) -> Interval {
        Interval("a number above \(ForPeople.number(lower))", lower: lower)
    }

    package static func atMost(_ upper: Double) -> Interval {
        Interval("a number of at most \(ForPeople.number(upper))", upper: upper, includesUpper: true)
    }

    package static func from(_ lower: Double, to upper: Double) -> Interval {
        Interval(
            "a number from \(ForPeople.number(lower)) to \(ForPeople.number(upper))", lower: lower,
            includesLower: true, upper: upper, includesUpper: true)
    }

    package static func from(_ lower: Double, below upper: Double) -> Interval {
        Interval(
            "a number of at least \(ForPeople.number(lower)) and below \(ForPeople.number(upper))",
            lower: lower, includesLower: true, upper: upper)
    }

    package static func above(_ lower: Double, to upper: Double) -> Interval {
        Interval(
            "a number above \(ForPeople.number(lower)) and at most \(ForPeople.number(upper))", lower: lower,
            upper: upper, includesUpper: true)
    }

    package static func above(_ lower: Double, below upper: Double) -> Interval {
        Interval(
            "a number above \(ForPeople.number(lower)) and below \(ForPeople.number(upper))", lower: lower,
            upper: upper)
    }
}
