/// A value with a binary form: a message's payload, or a field of one.
///
/// For example, a payload of two fields:
///
///     package struct PeerFailure: MessageValue {
///         package var rank: Int
///         package var reason: Sentence
///
///         package func write(to writer: inout MessageWriter) {
///             writer.write(rank)
///             writer.write(reason)
///         }
///
///         package init(from reader: inout MessageReader) throws(MalformedMessage) {
///             rank = try reader.read()
///             reason = try reader.read()
///         }
///     }
package protocol MessageValue {
    func write(to writer: inout MessageWriter)
    /// - Throws: `MalformedMessage` if the bytes are not such a value.
    init(from reader: inout MessageReader) throws(MalformedMessage)
}

extension MessageValue {
    package var encoded: [UInt8] {
        var writer = MessageWriter()
        writer.write(self)
        return writer.bytes
    }

    /// Reads a payload, which must hold this value and nothing else.
    ///
    /// - Parameter name: what errors call the message.
    package init(decoding bytes: UnsafeRawBufferPointer, named name: String) throws(MalformedMessage) {
        var reader = MessageReader(bytes, of: name)
        self = try Self(from: &reader)
        try reader.finish()
    }
}

// MARK: - Lists, optionals and enumerations

/// A list is its count (32 bits) and its elements.
extension Array: MessageValue where Element: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.writeCount(count)
        for element in self { element.write(to: &writer) }
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        let count = try reader.readCount()
        self = []
        // An element may take far more memory than its one byte in the message.
        reserveCapacity(Swift.min(count, 1024))
        for _ in 0..<count { append(try Element(from: &reader)) }
    }
}

/// An optional is a flag and, if that is true, the value.
extension Optional: MessageValue where Wrapped: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(self != nil)
        if let self { self.write(to: &writer) }
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        self = try reader.read(Bool.self) ? try Wrapped(from: &reader) : nil
    }
}

/// An enumeration and an option set are their raw value.
extension MessageValue where Self: RawRepresentable, RawValue: MessageValue {
    package func write(to writer: inout MessageWriter) { rawValue.write(to: &writer) }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        guard let value = Self(rawValue: try reader.read()) else { throw reader.malformed }
        self = value
    }
}

// MARK: - Numbers and text

/// An integer is its bytes, the lowest first.
extension MessageValue where Self: FixedWidthInteger {
    package func write(to writer: inout MessageWriter) { writer.append(self) }
    package init(from reader: inout MessageReader) throws(MalformedMessage) { self = try reader.next() }
}

extension UInt8: MessageValue {}
extension UInt16: MessageValue {}
extension UInt32: MessageValue {}
extension UInt64: MessageValue {}

extension Int: MessageValue {
    package func write(to writer: inout MessageWriter) { writer.append(Int64(self)) }
    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        self = Int(try reader.next(Int64.self))
    }
}

extension Bool: MessageValue {
    package func write(to writer: inout MessageWriter) { writer.append(UInt8(self ? 1 : 0)) }
    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        let byte = try reader.next(UInt8.self)
        guard byte <= 1 else { throw reader.malformed }
        self = byte == 1
    }
}

extension Float: MessageValue {
    package func write(to writer: inout MessageWriter) { writer.append(bitPattern) }
    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        self.init(bitPattern: try reader.next())
    }
}

extension Double: MessageValue {
    package func write(to writer: inout MessageWriter) { writer.append(bitPattern) }
    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        self.init(bitPattern: try reader.next())
    }
}

/// A text is the count of its bytes (32 bits) and its UTF-8.
extension String: MessageValue {
    package func write(to writer: inout MessageWriter) { Array(utf8).write(to: &writer) }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        guard let text = String(validating: try reader.read([UInt8].self), as: UTF8.self) else {
            throw reader.malformed
        }
        self = text
    }
}
