/// A syntax error after which the rest of the text cannot be parsed.
struct SyntaxError: Error {
    let message: String
    let offsets: Range<Int>
    let label: String?

    init(_ message: String, _ offsets: Range<Int>, label: String? = nil) {
        self.message = message
        self.offsets = offsets
        self.label = label
    }
}

/// A recursive-descent parser over the bytes of one text, which is valid UTF-8. This file parses values and
/// containers; `JSON5Parser+Lexical`, `+Numbers` and `+Strings` parse the words of the language.
struct JSON5Parser {
    let file: SourceFile
    let text: [UInt8]
    /// The offset of the next byte.
    var offset: Int
    private let limits: JSON5.Limits
    private let diagnostics: Diagnostics
    private var depth = 0
    private var values = 0
    private var mistakes = 0
    private static let mostMistakes = 1000
    /// The path of the object or list that is being parsed, for syntax errors.
    private var container = ConfigPath.root

    init(_ file: SourceFile, from offset: Int, limits: JSON5.Limits, diagnostics: Diagnostics) {
        self.file = file
        self.text = file.text
        self.offset = offset
        self.limits = limits
        self.diagnostics = diagnostics
    }

    /// Parses one value with nothing but white space after it. Nil, with a diagnostic, after a syntax error.
    mutating func parseDocument(at path: ConfigPath) -> ConfigValue? {
        do throws(SyntaxError) {
            try skipSpace()
            if atEnd { throw SyntaxError("expected a value, found nothing", offset..<offset) }
            let value = try parseValue(at: path)
            try skipSpace()
            if !atEnd { throw SyntaxError("expected the end after the value, found \(found)", foundOffsets) }
            return value
        } catch {
            diagnostics.add(
                Diagnostic(
                    .error, error.message, range: range(error.offsets), path: container, label: error.label))
            return nil
        }
    }

    private func range(_ offsets: Range<Int>) -> SourceRange { SourceRange(file: file, offsets: offsets) }

    private mutating func parseValue(at path: ConfigPath) throws(SyntaxError) -> ConfigValue {
        let start = offset
        values += 1
        guard values <= limits.values else {
            throw SyntaxError("more than \(limits.values) values, which is no configuration", start..<start)
        }
        let kind: ConfigValue.Kind
        switch peek {
        case UInt8(ascii: "{"):
            kind = .object(
                try nested(path) { parser throws(SyntaxError) in try parser.parseMembers(of: path) })
        case UInt8(ascii: "["):
            kind = .array(
                try nested(path) { parser throws(SyntaxError) in try parser.parseElements(of: path) })
        case UInt8(ascii: "\""), UInt8(ascii: "'"): kind = .string(try parseString())
        case let byte? where "+-.0123456789".utf8.contains(byte):
            kind = .number(try parseNumber())
        default: kind = try parseWord()
        }
        return ConfigValue(kind, range: range(start..<offset), path: path)
    }

    private mutating func nested<Content>(
        _ path: ConfigPath, _ parse: (inout JSON5Parser) throws(SyntaxError) -> Content
    ) throws(SyntaxError) -> Content {
        guard depth < limits.depth else {
            throw SyntaxError(
                "more than \(limits.depth) objects and lists inside one another", offset..<offset + 1)
        }
        let outer = container
        container = path
        depth += 1
        let content = try parse(&self)
        depth -= 1
        container = outer
        return content
    }

    private mutating func parseElements(of path: ConfigPath) throws(SyntaxError) -> [ConfigValue] {
        let open = offset
        var elements: [ConfigValue] = []
        offset += 1
        while true {
            try skipSpace()
            if atEnd { throw SyntaxError("this `[` is never closed", open..<open + 1, label: "expected `]`") }
            if take("]") { return elements }
            elements.append(try parseValue(at: path.appending(elements.count)))
            try parseSeparator(closing: "]", after: "element \(elements.count - 1)", open: open)
        }
    }

    private mutating func parseMembers(of path: ConfigPath) throws(SyntaxError) -> [ConfigMember] {
        let open = offset
        var members: [ConfigMember] = []
        var keys: [String: SourceRange] = [:]
        offset += 1
        while true {
            try skipSpace()
            if atEnd { throw SyntaxError("this `{` is never closed", open..<open + 1, label: "expected `}`") }
            if take("}") { return members }
            let start = offset
            let key = try parseKey()
            let keyRange = range(start..<offset)
            try parseColon(after: key, open: open)
            let value = try parseValue(at: path.appending(key))
            if let first = keys[key] {
                let label = "it is already set on line \(file.lineNumber(at: first.offsets.lowerBound))"
                try report(
                    Diagnostic(
                        .error, "duplicate field \(ForPeople.code(key))", range: keyRange, path: path,
                        label: label))
            } else {
                keys[key] = keyRange
                members.append(ConfigMember(key: key, keyRange: keyRange, value: value))
            }
            try parseSeparator(closing: "}", after: ForPeople.code(key), open: open)
        }
    }

    private mutating func parseKey() throws(SyntaxError) -> String {
        if peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "'") { return try parseString() }
        if let name = try parseIdentifier() { return name }
        let isDigit = peek.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
        throw SyntaxError(
            "expected a field name or `}`, found \(found)", foundOffsets,
            label: isDigit ? "put a name that starts with a digit in quotes" : nil)
    }

    private mutating func parseColon(after key: String, open: Int) throws(SyntaxError) {
        let end = offset
        try skipSpace()
        if take(":") {
            try skipSpace()
            return
        }
        if atEnd {
            throw SyntaxError(
                "this `{` is never closed", open..<open + 1,
                label: "expected `:` after \(ForPeople.code(key)), then `}`")
        }
        let message = "expected `:` after the field name \(ForPeople.code(key)), found \(found)"
        if peek == UInt8(ascii: "=") { throw SyntaxError(message, foundOffsets, label: "write `:` instead") }
        throw SyntaxError(message, end..<end)
    }

    /// Skips a comma, or stops at the end of the container. A missing comma is reported, and parsing goes on.
    private mutating func parseSeparator(closing: Unicode.Scalar, after what: String, open: Int)
        throws(SyntaxError)
    {
        let end = offset
        try skipSpace()
        if take(",") || atEnd || peek == UInt8(ascii: closing) { return }
        let isNext = closing == "}" ? beginsKey : beginsValue
        guard isNext else {
            throw SyntaxError("expected `,` or `\(closing)` after \(what), found \(found)", foundOffsets)
        }
        let message = "expected `,` or `\(closing)` after \(what), found \(found)"
        try report(
            Diagnostic(
                .error, message, range: range(end..<end), path: container, label: "is a comma missing here?"))
    }

    /// Reports a mistake after which parsing goes on, unless there have been too many.
    private mutating func report(_ mistake: Diagnostic) throws(SyntaxError) {
        diagnostics.add(mistake)
        mistakes += 1
        guard mistakes <= Self.mostMistakes else {
            throw SyntaxError(
                "more than \(Self.mostMistakes) mistakes, which is no configuration", offset..<offset)
        }
    }
}
