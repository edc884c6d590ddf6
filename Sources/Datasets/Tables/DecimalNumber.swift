/// Decimal numbers as tables write them, in any locale: `-1.5e3`, `.5`, `7.`, and the words for infinity and
/// NaN.
package enum DecimalNumber {
    /// The nearest double; nil if the text is no number.
    /// - Parameter point: the character before the fraction.
    @inline(__always)
    package static func parse(_ text: UnsafeBufferPointer<UInt8>, point: UInt8 = UInt8(ascii: ".")) -> Double?
    {
        guard let start = text.baseAddress, let scanned = Scanned(start, start + text.count, point) else {
            return word(text)
        }
        guard let magnitude = scanned.magnitude else { return general(text, point) }
        return scanned.isNegative ? -magnitude : magnitude
    }

    /// Any number, through the C library: correctly rounded too, but slower.
    private static func general(_ text: UnsafeBufferPointer<UInt8>, _ point: UInt8) -> Double {
        let plain = text.map { $0 == point ? UInt8(ascii: ".") : $0 }
        return Double(String(decoding: plain, as: UTF8.self)) ?? .infinity
    }

    private static func word(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        guard let first = text.first, text.count <= 9 else { return nil }
        let hasSign = first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
        guard text.count > (hasSign ? 1 : 0), [0x69, 0x6E].contains(text[hasSign ? 1 : 0] | 0x20) else {
            return nil
        }
        switch String(decoding: text.dropFirst(hasSign ? 1 : 0).map { $0 | 0x20 }, as: UTF8.self) {
        case "nan": return .nan
        case "inf", "infinity": return first == UInt8(ascii: "-") ? -.infinity : .infinity
        default: return nil
        }
    }
}

/// The parts of `[+-] digits [. digits] [e [+-] digits]`, with a digit on at least one side of the point:
/// ± mantissa · 10^exponent.
private struct Scanned {
    var isNegative = false
    /// All digits as one number, modulo 2⁶⁴.
    private var mantissa: UInt64 = 0
    private var digits = 0
    private var exponent = 0

    @inline(__always)
    init?(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ point: UInt8) {
        var at = start
        guard at < end else { return nil }
        if at.pointee == UInt8(ascii: "-") || at.pointee == UInt8(ascii: "+") {
            isNegative = at.pointee == UInt8(ascii: "-")
            at += 1
        }
        takeDigits(&at, end)
        if at < end, at.pointee == point {
            at += 1
            let whole = digits
            takeDigits(&at, end)
            exponent = whole - digits
        }
        guard digits > 0 else { return nil }
        if at < end {
            guard at.pointee | 0x20 == UInt8(ascii: "e"), let power = Self.power(at + 1, end) else {
                return nil
            }
            exponent += power
        }
    }

    @inline(__always)
    private mutating func takeDigits(_ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) {
        let start = at
        while at < end {
            let digit = at.pointee &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            mantissa = mantissa &* 10 &+ UInt64(digit)
            at += 1
        }
        digits += at - start
    }

    /// The number behind an `e`, which ends the text.
    private static func power(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int? {
        var at = start
        var isNegative = false
        if at < end, at.pointee == UInt8(ascii: "-") || at.pointee == UInt8(ascii: "+") {
            isNegative = at.pointee == UInt8(ascii: "-")
            at += 1
        }
        guard at < end else { return nil }
        var power = 0
        while at < end {
            let digit = at.pointee &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            power = min(power * 10 + Int(digit), 1_000_000)
            at += 1
        }
        return isNegative ? -power : power
    }

    /// The nearest double to mantissa · 10^exponent; nil where this needs more than 128 bits.
    ///
    /// Up to 2⁵³ and 10²² both factors are doubles, so that only one rounding is left (Clinger 1990, "How to
    /// read floating point numbers accurately"). Other fractions of at most 19 digits are one exact division.
    @inline(__always)
    var magnitude: Double? {
        guard digits <= 19 else { return nil }
        if mantissa <= 1 << 53, exponent.magnitude <= 22 {
            let power = PowersOfTen.doubles[Int(exponent.magnitude)]
            return exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
        }
        guard mantissa > 0, exponent < 0, exponent >= -19 else { return nil }
        return Self.quotient(mantissa, PowersOfTen.integers[-exponent])
    }

    /// The double nearest to a / b: a quotient of 64 bits whose last bit also stands for the remainder.
    private static func quotient(_ a: UInt64, _ b: UInt64) -> Double {
        let (aZeros, bZeros) = (a.leadingZeroBitCount, b.leadingZeroBitCount)
        let (dividend, divisor) = (a << UInt64(aZeros), b << UInt64(bZeros))
        let isLarge = dividend >= divisor
        let (quotient, remainder) = divisor.dividingFullWidth(
            isLarge ? (dividend >> 1, dividend << 63) : (dividend, 0))
        let exponent = bZeros - aZeros - 64 + (isLarge ? 1 : 0)
        return Double(quotient | (remainder == 0 ? 0 : 1))
            * Double(bitPattern: UInt64(1_023 + exponent) << 52)
    }
}

private enum PowersOfTen {
    static let doubles: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
        1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    static let integers: [UInt64] = [
        1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
        10_000_000_000, 100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000,
        1_000_000_000_000_000, 10_000_000_000_000_000, 100_000_000_000_000_000,
        1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
    ]
}
