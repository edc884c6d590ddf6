// Strings (section 5 of the JSON5 specification).
extension JSON5Parser {
    mutating func parseString() throws(SyntaxError) -> String {
        let start = offset
        let quote = text[offset]
        var content: [UInt8] = []
        offset += 1
        while let byte = peek {
            switch byte {
            case quote:
                offset += 1
                return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"): content += try parseEscape()
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): throw unterminated(from: start)
            default:
                content.append(byte)
                offset += 1
            }
        }
        throw unterminated(from: start)
    }

    private func unterminated(from start: Int) -> SyntaxError {
        SyntaxError(
            "this string is never closed", start..<offset,
            label: "expected \(text[start] == UInt8(ascii: "'") ? "`'`" : "`\"`")")
    }

    /// Parses an escape and returns the bytes that it stands for; none for a line continuation.
    private mutating func parseEscape() throws(SyntaxError) -> [UInt8] {
        let start = offset
        offset += 1
        guard let (scalar, length) = UTF8Text.scalar(in: text, at: offset) else {
            throw SyntaxError(
                "this string is never closed", start..<offset, label: "the text ends in an escape")
        }
        offset += length
        switch scalar {
        case "n": return [0x0A]
        case "t": return [0x09]
        case "r": return [0x0D]
        case "b": return [0x08]
        case "f": return [0x0C]
        case "v": return [0x0B]
        case "0":
            if let next = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next) {
                throw octalEscape(start)
            }
            return [0]
        case "1"..."9": throw octalEscape(start)
        case "x":
            guard let code = takeHex(digits: 2), let scalar = Unicode.Scalar(code) else {
                throw SyntaxError("expected two hexadecimal digits after `\\x`", start..<offset)
            }
            return Array(String(Character(scalar)).utf8)
        case "u": return Array(String(Character(try parseUnicodeEscape(from: start))).utf8)
        case "\r":
            _ = take("\n")
            return []
        case _ where Self.isLineEnd(scalar): return []
        default: return Array(text[offset - length..<offset])
        }
    }

    private func octalEscape(_ start: Int) -> SyntaxError {
        SyntaxError(
            "an escape must not begin with a digit", start..<offset,
            label: "write `\\x` and two hexadecimal digits")
    }

    /// Parses the part after `\u`: one scalar, which may take a pair of escapes (UTF-16 surrogates).
    private mutating func parseUnicodeEscape(from start: Int) throws(SyntaxError) -> Unicode.Scalar {
        guard let high = takeHex(digits: 4) else {
            throw SyntaxError("expected four hexadecimal digits after `\\u`", start..<offset)
        }
        if let scalar = Unicode.Scalar(high) { return scalar }
        let end = offset
        if high < 0xDC00, take("\\"), take("u"), let low = takeHex(digits: 4),
            (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
        {
            return scalar
        }
        throw SyntaxError(
            "half of a surrogate pair is not a character", start..<end,
            label: "expected a pair such as \\uD83D\\uDE00")
    }
}
