// Numbers (section 6 of the JSON5 specification).
extension JSON5Parser {
    mutating func parseNumber() throws(SyntaxError) -> ConfigNumber {
        let start = offset
        let isNegative = peek == UInt8(ascii: "-")
        if !take("-") { _ = take("+") }
        var magnitude: Double?
        if let word = takeWord(["Infinity", "NaN"]) {
            magnitude = word == "NaN" ? .nan : .infinity
        } else if peek == UInt8(ascii: "0"), byte(after: 1).map({ $0 | 0x20 }) == UInt8(ascii: "x") {
            magnitude = try takeHexadecimal()
        } else {
            magnitude = try takeDecimal(from: start)
        }
        guard let magnitude, !continuesNumber else { throw malformedNumber(from: start) }
        let literal = String(decoding: text[start..<offset], as: UTF8.self)
        return ConfigNumber(value: isNegative ? -magnitude : magnitude, literal: literal)
    }

    private mutating func takeWord(_ words: [String]) -> String? {
        for word in words where text[offset...].starts(with: word.utf8) {
            offset += word.utf8.count
            return word
        }
        return nil
    }

    private mutating func takeHexadecimal() throws(SyntaxError) -> Double? {
        let start = offset
        offset += 2
        while let byte = peek, Character(Unicode.Scalar(byte)).isHexDigit { offset += 1 }
        guard offset > start + 2 else { return nil }
        return try finite(start..<offset, from: start)
    }

    /// The nearest double of well-formed digits.
    private func finite(_ digits: Range<Int>, from start: Int) throws(SyntaxError) -> Double? {
        let value = Double(String(decoding: text[digits], as: UTF8.self))
        if let value, value.isInfinite {
            throw SyntaxError("this number is too large", start..<offset, label: "the largest is 1.797e308")
        }
        return value
    }

    /// Skips a decimal number: `5`, `5.`, `.5`, `5.25e-3`. Nil if a digit is missing.
    private mutating func takeDecimal(from start: Int) throws(SyntaxError) -> Double? {
        let first = offset
        let whole = takeDigits()
        var fraction = 0
        if take(".") { fraction = takeDigits() }
        guard whole + fraction > 0 else { return nil }
        if whole > 1, text[first] == UInt8(ascii: "0") {
            throw SyntaxError("a number must not begin with 0", start..<offset, label: "leave the zeros out")
        }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard takeDigits() > 0 else { return nil }
        }
        return try finite(first..<offset, from: start)
    }

    private mutating func takeDigits() -> Int {
        let start = offset
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
        return offset - start
    }

    private var continuesNumber: Bool {
        guard let (scalar, _) = UTF8Text.scalar(in: text, at: offset) else { return false }
        return scalar == "." || scalar == "\\" || Self.continuesIdentifier(scalar)
    }

    private mutating func malformedNumber(from start: Int) -> SyntaxError {
        while continuesNumber, let (_, length) = UTF8Text.scalar(in: text, at: offset) { offset += length }
        let literal = String(decoding: text[start..<max(offset, start + 1)], as: UTF8.self)
        let hasUnderscore = literal.contains("_") && literal.allSatisfy { $0 == "_" || $0.isNumber }
        let label = hasUnderscore ? "write it without `_`" : "put text in quotes"
        return SyntaxError(
            "\(ForPeople.code(literal)) is not a number", start..<max(offset, start + 1), label: label)
    }
}
