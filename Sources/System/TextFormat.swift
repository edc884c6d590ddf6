import Platform

/// Formats numbers for people, without Foundation; the same in every locale.
package enum TextFormat {
    /// Formats `value` with so many digits after the point, correctly rounded: `3.142`.
    package static func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        return withVaList([Int32(decimals), value]) { arguments in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
                guard let start = buffer.baseAddress else { return "\(value)" }
                vsnprintf(start, buffer.count, "%.*f", arguments)
                return String(cString: start)
            }
        }
    }

    /// Formats a loss or metric: four decimals, or as 1.234e+09 from 10^8 on.
    package static func measure(_ value: Double) -> String {
        guard value.magnitude >= 1e8, value.isFinite else { return fixed(value, 4) }
        var (mantissa, exponent) = (value, 0)
        while mantissa.magnitude >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        return "\(fixed(mantissa, 4))e+\(padded(exponent, 2))"
    }

    package static func fixed(_ value: Float, _ decimals: Int) -> String { fixed(Double(value), decimals) }

    /// Pads `text` with spaces at its right to at least `width` characters.
    package static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// Pads `text` with spaces at its left to at least `width` characters.
    package static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// Pads a number that is not negative at its left: `00000042`.
    package static func padded(_ value: Int, _ width: Int, with fill: Character = "0") -> String {
        let digits = String(value)
        return String(repeating: fill, count: max(0, width - digits.count)) + digits
    }

    /// Lists names in backquotes: the first `most` of them, and how many more there are.
    package static func list(_ names: [String], most: Int = 8) -> String {
        names.prefix(most).map { "`\($0)`" }.joined(separator: ", ")
            + (names.count > most ? " and \(names.count - most) more" : "")
    }

    /// Formats a number of bytes: `512 B`, `1.5 KiB`, `20.0 MiB`, `3.0 GiB`.
    package static func bytes(_ count: Int) -> String {
        if count.magnitude < 1_024 { return "\(count) B" }
        var value = Double(count)
        for unit in ["KiB", "MiB", "GiB"] {
            value /= 1_024
            if value.magnitude < 1_023.95 { return "\(fixed(value, 1)) \(unit)" }
        }
        return "\(fixed(value / 1_024, 1)) TiB"
    }

    /// Formats a number of seconds: `0.42 s`, `12.3 s`, `1 min 23 s`, `2 h 05 min`.
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e12 else { return "a long time" }
        if seconds < 9.995 { return "\(fixed(max(0, seconds), 2)) s" }
        if seconds < 59.95 { return "\(fixed(seconds, 1)) s" }
        let whole = Int(seconds.rounded())
        if whole < 3_600 { return "\(whole / 60) min \(padded(whole % 60, 2)) s" }
        return "\(whole / 3_600) h \(padded(whole / 60 % 60, 2)) min"
    }

    /// Formats a number in groups of three digits: `11,689,512`.
    package static func grouped(_ value: Int) -> String {
        let digits = Array(String(value.magnitude))
        var text = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// Formats bytes with two hexadecimal digits each.
    package static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Parses hexadecimal text; nil if it is none.
    package static func bytes(hex text: String) -> [UInt8]? {
        let digits = Array(text)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index].hexDigitValue, let low = digits[index + 1].hexDigitValue else {
                return nil
            }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }

    /// Formats a number with its noun: "1 worker", "3 workers"; with `plural`: "2 classes".
    package static func count(_ value: Int, _ noun: String, plural: String? = nil) -> String {
        "\(grouped(value)) \(value == 1 ? noun : plural ?? noun + "s")"
    }
}
