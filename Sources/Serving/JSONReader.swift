import Datasets

/// Reads JSON (RFC 8259) from left to right, without building a tree: requests hold long lists of numbers,
/// and the reader of configs, which keeps every value's place, takes many times as long.
package struct JSONReader {
    /// Lists and objects within each other, at most.
    private static let mostDepth = 32

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    /// - Parameter bytes: must stay valid as long as the reader is used.
    package init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    // MARK: - Places

    /// The fault that something is wrong here.
    package func fault(_ text: String) -> RequestFault {
        let before = bytes.prefix(position)
        let line = before.count { $0 == 10 } + 1
        let column = position - (before.lastIndex(of: 10).map { $0 + 1 } ?? 0) + 1
        return RequestFault("the JSON, line \(line), column \(column): \(text)")
    }

    private func unexpected(_ wanted: String) -> RequestFault {
        guard position < bytes.count else {
            return fault("it ends where \(wanted) should be; send all of it")
        }
        let byte = bytes[position]
        let found = (33...126).contains(byte) ? "`\(Character(UnicodeScalar(byte)))`" : "the byte \(byte)"
        return fault("\(found) stands where \(wanted) should be; correct it")
    }

    // MARK: - Signs

    /// The first byte of the next value or sign; nil at the end.
    package mutating func next() -> UInt8? {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            case let byte: return byte
            }
        }
        return nil
    }

    /// Takes the sign if it is next.
    package mutating func take(_ sign: Unicode.Scalar) -> Bool {
        guard next() == UInt8(ascii: sign) else { return false }
        position += 1
        return true
    }

    package mutating func require(_ sign: Unicode.Scalar, _ what: String) throws(RequestFault) {
        guard take(sign) else { throw unexpected("`\(sign)` \(what)") }
    }

    /// Takes the sign between two elements, or the one behind the last.
    ///
    /// - Returns: whether there is another element.
    package mutating func another(or end: Unicode.Scalar) throws(RequestFault) -> Bool {
        if take(",") { return true }
        guard take(end) else { throw unexpected("`,` or `\(end)`") }
        return false
    }

    package mutating func requireEnd() throws(RequestFault) {
        guard next() == nil else { throw unexpected("the end") }
    }

    // MARK: - Values

    /// Takes a number and returns its text.
    package mutating func number() throws(RequestFault) -> UnsafeBufferPointer<UInt8> {
        _ = next()
        let start = position
        if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
        let isZero = position < bytes.count && bytes[position] == UInt8(ascii: "0")
        guard takeDigits() > 0 else { throw unexpected("a number") }
        guard !isZero || position - start <= (bytes[start] == UInt8(ascii: "-") ? 2 : 1) else {
            throw fault("a number begins with a needless 0; leave it out")
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            guard takeDigits() > 0 else { throw unexpected("a digit") }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count,
                bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+")
            {
                position += 1
            }
            guard takeDigits() > 0 else { throw unexpected("a digit") }
        }
        return UnsafeBufferPointer(rebasing: bytes[start..<position])
    }

    private mutating func takeDigits() -> Int {
        let start = position
        while position < bytes.count, bytes[position] &- 48 < 10 { position += 1 }
        return position - start
    }

    /// Takes a number and returns the nearest double, which is infinite if the number is too large for one.
    package mutating func double() throws(RequestFault) -> Double {
        let text = try number()
        return DecimalNumber.parse(text) ?? .infinity
    }

    /// Takes a string.
    package mutating func string() throws(RequestFault) -> String {
        try require("\"", "of a string")
        var text: [UInt8] = []
        var start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                text += bytes[start..<position]
                position += 1
                guard let valid = String(validating: text, as: UTF8.self) else {
                    throw fault("the string that ends here is no UTF-8; encode it so")
                }
                return valid
            case UInt8(ascii: "\\"):
                text += bytes[start..<position]
                position += 1
                text += try escape()
                start = position
            case 0..<0x20: throw fault("a string has a control character; write it as \\u00…")
            default: position += 1
            }
        }
        throw unexpected("the end of a string")
    }

    /// Takes what follows a backslash.
    private mutating func escape() throws(RequestFault) -> [UInt8] {
        guard position < bytes.count else { throw unexpected("an escape") }
        defer { position += 1 }
        switch bytes[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [bytes[position]]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            let scalar = try escapedScalar()
            return Array(String(Character(scalar)).utf8)
        default: throw unexpected("an escape")
        }
    }

    /// Takes four hexadecimal digits behind a `u`, or two such escapes that are one character. Leaves the
    /// position at the last digit.
    private mutating func escapedScalar() throws(RequestFault) -> Unicode.Scalar {
        let unit = try escapedUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard unit & 0xFC00 == 0xD800, position + 2 < bytes.count, bytes[position + 1] == UInt8(ascii: "\\"),
            bytes[position + 2] == UInt8(ascii: "u")
        else { throw fault("\\u\(String(unit, radix: 16)) is half a character; write both halves") }
        position += 2
        let low = try escapedUnit()
        guard low & 0xFC00 == 0xDC00,
            let scalar = Unicode.Scalar(0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF)
        else { throw fault("\\u\(String(unit, radix: 16)) is half a character; write both halves") }
        return scalar
    }

    private mutating func escapedUnit() throws(RequestFault) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            position += 1
            guard position < bytes.count,
                let digit = Character(UnicodeScalar(bytes[position])).hexDigitValue
            else { throw unexpected("a hexadecimal digit") }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    /// Takes `true`, `false` or `null` and returns the word.
    package mutating func word() throws(RequestFault) -> String {
        _ = next()
        for word in ["true", "false", "null"]
        where bytes.count - position >= word.utf8.count
            && bytes[position..<position + word.utf8.count].elementsEqual(word.utf8)
        {
            position += word.utf8.count
            return word
        }
        throw unexpected("a value")
    }

    /// Takes any value and forgets it.
    package mutating func skip(depth: Int = 0) throws(RequestFault) {
        guard depth < Self.mostDepth else { throw fault("lists or objects are nested too deeply") }
        switch next() {
        case UInt8(ascii: "["):
            position += 1
            if take("]") { return }
            repeat { try skip(depth: depth + 1) } while try another(or: "]")
        case UInt8(ascii: "{"):
            position += 1
            if take("}") { return }
            repeat {
                _ = try string()
                try require(":", "behind a name")
                try skip(depth: depth + 1)
            } while try another(or: "}")
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): _ = try word()
        default: _ = try number()
        }
    }
}
