/// A value of a JSON text (RFC 8259), with strings as UTF-8 bytes: vocabularies have hundreds of thousands of
/// names, some of which Swift's `String` takes for equal.
enum JSONTree: Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case text([UInt8])
    case list([JSONTree])
    /// Members in the order of the text. Of equal names the last one counts.
    case object([Member])

    struct Member: Equatable {
        let name: [UInt8]
        let value: JSONTree
    }

    /// Reads a whole text.
    /// - Parameter name: the file's name in messages.
    /// - Throws: `DatasetError` with the place of the first fault.
    init(_ text: [UInt8], name: String) throws(DatasetError) {
        self = try text.withUnsafeBufferPointer { text throws(DatasetError) in
            try JSONTree(text, name: name)
        }
    }

    init(_ text: UnsafeBufferPointer<UInt8>, name: String) throws(DatasetError) {
        var parser = JSONTreeParser(text, name: name)
        self = try parser.parse()
    }

    /// The member with a name; nil if there is none, or if this is no object.
    subscript(name: String) -> JSONTree? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name.elementsEqual(name.utf8) }?.value
    }

    var isNull: Bool { self == .null }

    var bytes: [UInt8]? { if case .text(let bytes) = self { bytes } else { nil } }

    var string: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    var elements: [JSONTree]? { if case .list(let elements) = self { elements } else { nil } }

    var members: [Member]? { if case .object(let members) = self { members } else { nil } }

    var flag: Bool? { if case .bool(let flag) = self { flag } else { nil } }

    /// A whole number from 0 to 2^31 - 1.
    var id: Int32? {
        guard case .number(let number) = self else { return nil }
        return Int32(exactly: number).flatMap { $0 >= 0 ? $0 : nil }
    }

    /// The value in a sentence, at most about 60 characters.
    var shown: String {
        switch self {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .number(let number): number.description
        case .text(let text): "\"\(String(decoding: text.prefix(60), as: UTF8.self))\""
        case .list(let elements): "a list of \(elements.count)"
        case .object: "an object"
        }
    }
}
