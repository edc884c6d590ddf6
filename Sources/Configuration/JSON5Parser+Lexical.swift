// White space, comments, identifiers and words (sections 2, 3.1, 7 and 8 of the JSON5 specification).
extension JSON5Parser {
    var atEnd: Bool { offset >= text.count }

    /// The next byte; nil at the end.
    var peek: UInt8? { offset < text.count ? text[offset] : nil }

    func byte(after distance: Int) -> UInt8? {
        offset + distance < text.count ? text[offset + distance] : nil
    }
    /// Skips one ASCII character if it is next. Returns whether it was.
    /// Skips one ASCII character if it is next.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    mutating func skipSpace() throws(SyntaxError) {
        while let byte = peek {
            switch byte {
            case 0x09...0x0D, 0x20: offset += 1
            case UInt8(ascii: "/"): try skipComment()
            case 0x80...:
                guard let (scalar, length) = UTF8Text.scalar(in: text, at: offset), Self.isSpace(scalar)
                else { return }
                offset += length
            default: return
            }
        }
    }

    private mutating func skipComment() throws(SyntaxError) {
        let start = offset
        switch byte(after: 1) {
        case UInt8(ascii: "/"):
            while let (scalar, length) = UTF8Text.scalar(in: text, at: offset), !Self.isLineEnd(scalar) {
                offset += length
            }
        case UInt8(ascii: "*"):
            offset += 2
            while !(peek == UInt8(ascii: "*") && byte(after: 1) == UInt8(ascii: "/")) {
                if atEnd {
                    throw SyntaxError(
                        "this comment is never closed", start..<start + 2, label: "expected `*/`")
                }
                offset += 1
            }
            offset += 2
        default:
            throw SyntaxError(
                "expected a comment after `/`", start..<start + 1, label: "comments begin with `//` or `/*`")
        }
    }

    static func isLineEnd(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\n" || scalar == "\r" || scalar == "\u{2028}" || scalar == "\u{2029}"
    }

    /// White space beyond ASCII: no-break space, byte order mark, line and paragraph separators, and
    /// Unicode's space separators.
    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\u{FEFF}" || isLineEnd(scalar) || scalar.properties.generalCategory == .spaceSeparator
    }

    /// Parses `true`, `false`, `null`, `Infinity` or `NaN`.
    mutating func parseWord() throws(SyntaxError) -> ConfigValue.Kind {
        let start = offset
        guard let word = try parseIdentifier() else {
            if atEnd { throw SyntaxError("expected a value, found the end of the text", offset..<offset) }
            throw SyntaxError("expected a value, found \(found)", foundOffsets)
        }
        // As in ECMAScript, a word that is spelled with escapes is a different word.
        switch String(decoding: text[start..<offset], as: UTF8.self) {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .null
        case "Infinity": return .number(ConfigNumber(value: .infinity, literal: "Infinity"))
        case "NaN": return .number(ConfigNumber(value: .nan, literal: "NaN"))
        default:
            throw SyntaxError(
                "expected a value, found the word \(ForPeople.code(word))", start..<offset,
                label: Self.hint(forWord: word))
        }
    }

    private static func hint(forWord word: String) -> String {
        switch word.lowercased() {
        case "true", "yes", "on": "write `true`"
        case "false", "no", "off": "write `false`"
        case "null", "none", "nil", "undefined": "write `null`"
        case "nan": "write `NaN`"
        case "inf", "infinity": "write `Infinity`"
        default: "put text in quotes: \(ForPeople.quoted(word))"
        }
    }

    /// Parses an ECMAScript 5.1 identifier name; nil if none begins here.
    mutating func parseIdentifier() throws(SyntaxError) -> String? {
        var name = String.UnicodeScalarView()
        while let (scalar, length) = UTF8Text.scalar(in: text, at: offset) {
            if scalar == "\\" {
                name.append(try parseIdentifierEscape(isFirst: name.isEmpty))
            } else if name.isEmpty ? Self.startsIdentifier(scalar) : Self.continuesIdentifier(scalar) {
                name.append(scalar)
                offset += length
            } else {
                break
            }
        }
        return name.isEmpty ? nil : String(name)
    }

    private mutating func parseIdentifierEscape(isFirst: Bool) throws(SyntaxError) -> Unicode.Scalar {
        let start = offset
        offset += 1
        guard take("u"), let code = takeHex(digits: 4) else {
            throw SyntaxError(
                "expected `\\u` and four hexadecimal digits in a field name", start..<max(offset, start + 1))
        }
        guard let scalar = Unicode.Scalar(code),
            isFirst ? Self.startsIdentifier(scalar) : Self.continuesIdentifier(scalar)
        else {
            throw SyntaxError(
                "this escape is no letter of a field name", start..<offset, label: "put the name in quotes")
        }
        return scalar
    }

    /// Skips exactly `digits` hexadecimal digits and returns their value; nil, and nothing is skipped, if
    /// they are not there.
    mutating func takeHex(digits: Int) -> UInt32? {
        var value: UInt32 = 0
        for distance in 0..<digits {
            guard let byte = byte(after: distance), let digit = Character(Unicode.Scalar(byte)).hexDigitValue
            else { return nil }
            value = value << 4 | UInt32(digit)
        }
        offset += digits
        return value
    }

    static func startsIdentifier(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar == "$" || scalar == "_" || scalar.properties.isAlphabetic }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .letterNumber:
            return true
        default: return false
        }
    }

    static func continuesIdentifier(_ scalar: Unicode.Scalar) -> Bool {
        if startsIdentifier(scalar) || scalar == "\u{200C}" || scalar == "\u{200D}" { return true }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .decimalNumber, .connectorPunctuation: return true
        default: return false
        }
    }

    var beginsKey: Bool {
        guard let (scalar, _) = UTF8Text.scalar(in: text, at: offset) else { return false }
        return scalar == "\"" || scalar == "'" || Self.startsIdentifier(scalar)
    }

    var beginsValue: Bool {
        guard let (scalar, _) = UTF8Text.scalar(in: text, at: offset) else { return false }
        return beginsKey || "{[+-.0123456789".unicodeScalars.contains(scalar)
    }

    /// The byte range of the word or character at this position.
    var foundOffsets: Range<Int> {
        var end = offset
        while let (scalar, length) = UTF8Text.scalar(in: text, at: end), Self.continuesIdentifier(scalar) {
            end += length
        }
        if end == offset, let (_, length) = UTF8Text.scalar(in: text, at: end) { end += length }
        return offset..<end
    }

    /// The word or character at this position, for a sentence.
    var found: String {
        guard !atEnd else { return "the end of the text" }
        let shown = String(decoding: text[foundOffsets], as: UTF8.self)
        if let scalar = shown.unicodeScalars.first, !ForPeople.isPrintable(scalar) {
            return "the character U+" + String(scalar.value, radix: 16, uppercase: true)
        }
        return ForPeople.code(shown)
    }
}
