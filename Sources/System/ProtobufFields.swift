/// The fields of a message of Protocol Buffers that is being read, in their order.
///
/// ```swift
/// var fields = ProtobufFields(bytes)
/// while let field = try fields.next() { … }      // field.number, field.value
/// ```
package struct ProtobufFields {
    package enum FieldValue: Equatable, Sendable {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        /// Text, a message, packed numbers.
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>

    package init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// Takes the next field; nil at the end.
    ///
    /// - Throws: `SystemError` if the bytes are no message.
    package mutating func next() throws(SystemError) -> (number: Int, value: FieldValue)? {
        guard !rest.isEmpty else { return nil }
        let key = try varint()
        guard (1...0x1FFF_FFFF).contains(key >> 3), let type = ProtobufMessage.WireType(rawValue: key & 7)
        else {
            throw SystemError("a field begins with \(key), which is no number and kind of a field")
        }
        return (Int(key >> 3), try value(type))
    }

    private mutating func value(_ type: ProtobufMessage.WireType) throws(SystemError) -> FieldValue {
        switch type {
        case .varint: return .varint(try varint())
        case .fixed64: return .fixed64(Self.integer(try take(8)))
        case .fixed32: return .fixed32(Self.integer(try take(4)))
        case .lengthDelimited:
            let count = try varint()
            guard count <= UInt64(rest.count) else {
                throw SystemError("a field claims \(count) bytes, and \(rest.count) follow: it is cut off")
            }
            return .bytes(try take(Int(count)))
        }
    }

    private mutating func take(_ count: Int) throws(SystemError) -> ArraySlice<UInt8> {
        guard rest.count >= count else {
            throw SystemError("a field of \(count) bytes ends after \(rest.count): it is cut off")
        }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private mutating func varint() throws(SystemError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else {
                throw SystemError("a number is cut off")
            }
            let bits = UInt64(byte & 0x7F)
            guard shift < 63 || bits <= 1 else { break }
            value |= bits << shift
            if byte < 0x80 { return value }
        }
        throw SystemError("a number has more than 64 bits")
    }

    /// The lowest byte comes first.
    private static func integer<T: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>) -> T {
        bytes.reversed().reduce(0) { $0 << 8 | T($1) }
    }
}
