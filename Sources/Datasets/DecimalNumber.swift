/// Decimal numbers as tables write them, in any locale: `-1.5e3`, `.5`, `7.`, and the words for infinity and
/// NaN.
package enum DecimalNumber {
    /// The nearest double; nil if the text is no number.
    package static func parse(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        guard let decimal = scan(text) else { return word(text) }
        // Both factors are exact, so that only one rounding is left (Clinger 1990, "How to read floating
        // point numbers accurately").
        if decimal.mantissa <= 1 << 53, decimal.exponent.magnitude <= 22 {
            let mantissa = Double(decimal.mantissa)
            let power = powersOfTen[Int(decimal.exponent.magnitude)]
            let value = decimal.exponent < 0 ? mantissa / power : mantissa * power
            return decimal.isNegative ? -value : value
        }
        // This is correctly rounded too, but slower.
        return Double(String(decoding: text, as: UTF8.self)) ?? .infinity
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
        1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    private struct Scanned {
        var isNegative = false
        /// All digits as one number; `UInt64.max` if there are too many of them.
        var mantissa: UInt64 = 0
        var exponent = 0

        mutating func append(_ digit: UInt8) {
            let (product, overflow) = mantissa.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            mantissa = overflow || carry || mantissa == .max ? .max : sum
        }
    }

    /// Splits `[+-] digits [. digits] [e [+-] digits]`, with a digit on at least one side of the point.
    private static func scan(_ text: UnsafeBufferPointer<UInt8>) -> Scanned? {
        var number = Scanned()
        var offset = 0
        var digits = 0
        func digit() -> UInt8? {
            guard offset < text.count, text[offset] &- UInt8(ascii: "0") < 10 else { return nil }
            return text[offset] - UInt8(ascii: "0")
        }
        func sign() -> Bool {
            guard offset < text.count, text[offset] == UInt8(ascii: "-") || text[offset] == UInt8(ascii: "+")
            else { return false }
            offset += 1
            return text[offset - 1] == UInt8(ascii: "-")
        }
        number.isNegative = sign()
        while let next = digit() {
            number.append(next)
            offset += 1
            digits += 1
        }
        if offset < text.count, text[offset] == UInt8(ascii: ".") {
            offset += 1
            while let next = digit() {
                number.append(next)
                offset += 1
                digits += 1
                number.exponent -= 1
            }
        }
        guard digits > 0 else { return nil }
        if offset < text.count, text[offset] | 0x20 == UInt8(ascii: "e") {
            offset += 1
            let isNegative = sign()
            var exponent = 0
            guard digit() != nil else { return nil }
            while let next = digit() {
                exponent = min(exponent * 10 + Int(next), 1_000_000)
                offset += 1
            }
            number.exponent += isNegative ? -exponent : exponent
        }
        return offset == text.count ? number : nil
    }

    private static func word(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        guard let first = text.first, text.count <= 9 else { return nil }
        let hasSign = first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
        switch String(decoding: text.dropFirst(hasSign ? 1 : 0).map { $0 | 0x20 }, as: UTF8.self) {
        case "nan": return .nan
        case "inf", "infinity": return first == UInt8(ascii: "-") ? -.infinity : .infinity
        default: return nil
        }
    }
}
