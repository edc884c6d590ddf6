/// Reads JSON (RFC 8259) into a tree.
struct JSONTreeParser {
    private static let mostDepth = 64
    private let text: UnsafeBufferPointer<UInt8>
    private let name: String
    private var position = 0
    private var depth = 0

    init(_ text: UnsafeBufferPointer<UInt8>, name: String) {
        self.text = text
        self.name = name
    }

    mutating func parse() throws(DatasetError) -> JSONTree {
        if let bad = UTF8Scalars.firstInvalidOffset(in: text) {
            position = bad
            throw fault("a byte is not UTF-8; save the file as UTF-8")
        }
        let value = try value()
        guard next() == nil else { throw fault("something follows the end of the JSON; remove it") }
        return value
    }

    private func fault(_ what: String) -> DatasetError {
        let before = text.prefix(position)
        let line = before.count { $0 == 10 } + 1
        let column = position - (before.lastIndex(of: 10).map { $0 + 1 } ?? 0) + 1
        return DatasetError("`\(name)`, line \(line), column \(column): \(what)")
    }

    private func unexpected(_ wanted: String) -> DatasetError {
        guard position < text.count else {
            return fault("the text ends where \(wanted) should be; copy the file again")
        }
        let byte = text[position]
        let found = (33...126).contains(byte) ? "`\(Character(UnicodeScalar(byte)))`" : "the byte \(byte)"
        return fault("\(found) stands where \(wanted) should be; this is no JSON")
    }

    private mutating func next() -> UInt8? {
        while position < text.count {
            switch text[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            case let byte: return byte
            }
        }
        return nil
    }

    private mutating func take(_ sign: Unicode.Scalar) -> Bool {
        guard next() == UInt8(ascii: sign) else { return false }
        position += 1
        return true
    }

    private mutating func value() throws(DatasetError) -> JSONTree {
        switch next() {
        case UInt8(ascii: "{"): return try nested { p throws(DatasetError) in try p.object() }
        case UInt8(ascii: "["): return try nested { p throws(DatasetError) in try p.list() }
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func nested(_ read: (inout JSONTreeParser) throws(DatasetError) -> JSONTree)
        throws(DatasetError) -> JSONTree
    {
        guard depth < Self.mostDepth else { throw fault("lists or objects are nested too deeply") }
        depth += 1
        position += 1
        defer { depth -= 1 }
        return try read(&self)
    }

    private mutating func list() throws(DatasetError) -> JSONTree {
        var elements: [JSONTree] = []
        if take("]") { return .list([]) }
        repeat { elements.append(try value()) } while take(",")
        guard take("]") else { throw unexpected("`,` or `]`") }
        return .list(elements)
    }

    private mutating func object() throws(DatasetError) -> JSONTree {
        var members: [JSONTree.Member] = []
        if take("}") { return .object([]) }
        repeat {
            guard next() == UInt8(ascii: "\"") else { throw unexpected("a name") }
            let name = try string()
            guard take(":") else { throw unexpected("`:`") }
            members.append(JSONTree.Member(name: name, value: try value()))
        } while take(",")
        guard take("}") else { throw unexpected("`,` or `}`") }
        return .object(members)
    }

    private mutating func word(_ word: StaticString, _ value: JSONTree) throws(DatasetError) -> JSONTree {
        let length = word.utf8CodeUnitCount
        guard text.count - position >= length,
            text[position..<position + length].elementsEqual(
                UnsafeBufferPointer(start: word.utf8Start, count: length))
        else { throw unexpected("a value") }
        position += length
        return value
    }

    private mutating func number() throws(DatasetError) -> Double {
        let start = position
        while position < text.count, Self.isPartOfNumber(text[position]) { position += 1 }
        let digits = UnsafeBufferPointer(rebasing: text[start..<position])
        guard let number = Self.isNumber(digits) ? DecimalNumber.parse(digits) : nil else {
            position = start
            throw unexpected("a value")
        }
        return number
    }

    private static func isPartOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    /// Whether a number is spelled as JSON wants it, not only as tables may have it.
    private static func isNumber(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var rest = text[...]
        func isDigit(_ byte: UInt8?) -> Bool { byte.map { $0 &- 48 < 10 } ?? false }
        func dropDigits() -> Bool {
            guard isDigit(rest.first) else { return false }
            rest = rest.drop { isDigit($0) }
            return true
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let isZero = rest.first == UInt8(ascii: "0")
        let start = rest.startIndex
        guard dropDigits(), !isZero || rest.startIndex == start + 1 else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard dropDigits() else { return false }
        }
        if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
                rest = rest.dropFirst()
            }
            guard dropDigits() else { return false }
        }
        return rest.isEmpty
    }

    // MARK: - Strings

    private mutating func string() throws(DatasetError) -> [UInt8] {
        position += 1
        let start = position
        while position < text.count, text[position] != UInt8(ascii: "\""),
            text[position] != UInt8(ascii: "\\"),
            text[position] >= 0x20
        { position += 1 }
        var bytes = [UInt8](text[start..<position])
        while position < text.count {
            let byte = text[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return bytes
            case UInt8(ascii: "\\"): try escape(into: &bytes)
            case 0..<0x20: throw fault("a string has a control character; write it as \\u00…")
            default:
                bytes.append(byte)
                position += 1
            }
        }
        throw unexpected("the end of a string")
    }

    /// Takes a backslash and what belongs to it.
    private mutating func escape(into bytes: inout [UInt8]) throws(DatasetError) {
        position += 1
        guard position < text.count else { throw unexpected("an escape") }
        let byte: UInt8
        switch text[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte = text[position]
        case UInt8(ascii: "b"): byte = 0x08
        case UInt8(ascii: "f"): byte = 0x0C
        case UInt8(ascii: "n"): byte = 0x0A
        case UInt8(ascii: "r"): byte = 0x0D
        case UInt8(ascii: "t"): byte = 0x09
        case UInt8(ascii: "u"): return UTF8Scalars.append(try escapedScalar(), to: &bytes)
        default: throw unexpected("an escape")
        }
        bytes.append(byte)
        position += 1
    }

    private mutating func escapedScalar() throws(DatasetError) -> UInt32 {
        let unit = try escapedUnit()
        guard unit & 0xF800 == 0xD800 else { return unit }
        guard unit < 0xDC00, position + 1 < text.count, text[position] == UInt8(ascii: "\\"),
            text[position + 1] == UInt8(ascii: "u")
        else { throw fault("\\u\(String(unit, radix: 16)) is half a character; write both halves") }
        position += 1
        let low = try escapedUnit()
        guard low & 0xFC00 == 0xDC00 else {
            throw fault("\\u\(String(unit, radix: 16)) is half a character; write both halves")
        }
        return 0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF
    }

    /// Takes a `u` and four hexadecimal digits.
    private mutating func escapedUnit() throws(DatasetError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            position += 1
            guard position < text.count,
                let digit = Character(UnicodeScalar(text[position])).hexDigitValue
            else { throw unexpected("a hexadecimal digit") }
            unit = unit << 4 | UInt32(digit)
        }
        position += 1
        return unit
    }
}
