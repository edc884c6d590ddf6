/// A message of Protocol Buffers that is being written, field by field
/// (https://protobuf.dev/programming-guides/encoding/).
///
/// A field is its number and the kind of its value in one varint, then the value. A repeated field is written
/// once for each element. For example, field 1 with the number 150 is `08 96 01`.
package struct ProtobufMessage: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case lengthDelimited = 2
        case fixed32 = 5
    }

    package mutating func add(_ field: Int, _ value: Int) {
        begin(field, .varint)
        writeVarint(UInt64(bitPattern: Int64(value)))
    }

    package mutating func add(_ field: Int, _ value: Float) {
        begin(field, .fixed32)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func add(_ field: Int, _ value: Double) {
        begin(field, .fixed64)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func add(_ field: Int, _ text: String) { add(field, bytes: Array(text.utf8)) }

    package mutating func add(_ field: Int, _ message: ProtobufMessage) { add(field, bytes: message.bytes) }

    package mutating func add(_ field: Int, bytes value: [UInt8]) {
        begin(field, .lengthDelimited)
        writeVarint(UInt64(value.count))
        bytes += value
    }

    private mutating func begin(_ field: Int, _ type: WireType) {
        writeVarint(UInt64(field) << 3 | type.rawValue)
    }

    /// Seven bits in a byte, the lowest first; all bytes but the last have the top bit.
    private mutating func writeVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
