/// A number together with its spelling, so that integers of up to 64 bits stay exact where a `Double` would
/// round them.
package struct ConfigNumber: Sendable {
    /// The nearest double; infinite or NaN if the literal says so.
    package let value: Double
    /// The number as it was written: `1e-3`, `0xFF`, `+Infinity`.
    package let literal: String

    init(value: Double, literal: String) {
        self.value = value
        self.literal = literal
    }

    package init(_ value: Int) { self.init(value: Double(value), literal: "\(value)") }

    package init(_ value: UInt64) { self.init(value: Double(value), literal: "\(value)") }

    package init(_ value: Double) {
        let literal =
            switch value {
            case _ where value.isNaN: "NaN"
            case .infinity: "Infinity"
            case -.infinity: "-Infinity"
            default: value.description
            }
        self.init(value: value, literal: literal)
    }

    /// Takes the shortest decimal that reads back as this float, not the 17 digits of its double.
    package init(_ value: Float) {
        self.init(value.isFinite ? Double(value.description) ?? Double(value) : Double(value))
    }

    /// The exact value if it is a whole number in the range of `Int`.
    package var integer: Int? {
        guard let (isNegative, magnitude) = whole else { return nil }
        if !isNegative { return Int(exactly: magnitude) }
        return magnitude <= UInt64(Int.max) + 1 ? Int(truncatingIfNeeded: 0 &- magnitude) : nil
    }

    /// The exact value if it is a whole number from 0 to 2⁶⁴ − 1 (a seed).
    package var unsigned: UInt64? {
        guard let (isNegative, magnitude) = whole, !isNegative || magnitude == 0 else { return nil }
        return magnitude
    }

    /// Sign and magnitude of a whole number whose magnitude is below 2⁶⁴.
    private var whole: (isNegative: Bool, magnitude: UInt64)? {
        var digits = literal.utf8[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
        if let magnitude = Self.magnitude(digits) { return (isNegative, magnitude) }
        // 1e3 and 5.0 are whole numbers too, as long as doubles are exact (below 2⁵³).
        guard value == value.rounded(.towardZero), value.magnitude < 9_007_199_254_740_992,
            digits.contains(where: { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") })
        else { return nil }
        return (value < 0, UInt64(value.magnitude))
    }

    private static func magnitude(_ digits: Substring.UTF8View) -> UInt64? {
        if digits.starts(with: "0x".utf8) || digits.starts(with: "0X".utf8) {
            return UInt64(Substring(digits.dropFirst(2)), radix: 16)
        }
        return UInt64(Substring(digits))
    }
}

extension ConfigNumber: Equatable {
    /// Two numbers are equal if they are the same whole number or the same double. NaN equals NaN, and 0
    /// equals −0.
    package static func == (left: ConfigNumber, right: ConfigNumber) -> Bool {
        if let a = left.whole, let b = right.whole { return a == b || (a.magnitude == 0 && b.magnitude == 0) }
        return left.value == right.value && left.integer == right.integer
            || (left.value.isNaN && right.value.isNaN)
    }
}
