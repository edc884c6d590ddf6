/// Writes a message's payload: little-endian numbers, length-prefixed strings and lists.
package struct MessageWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func write<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func write(_ value: Int) { write(Int64(value)) }
    package mutating func write(_ value: Bool) { write(UInt8(value ? 1 : 0)) }
    package mutating func write(_ value: Float) { write(value.bitPattern) }
    package mutating func write(_ value: Double) { write(value.bitPattern) }

    package mutating func write(bytes other: [UInt8]) {
        write(UInt32(other.count))
        bytes.append(contentsOf: other)
    }

    package mutating func write(_ value: String) { write(bytes: Array(value.utf8)) }

    package mutating func write<T>(_ list: [T], _ each: (inout MessageWriter, T) -> Void) {
        write(UInt32(list.count))
        for element in list { each(&self, element) }
    }
}

/// A payload that is not what its kind says.
package struct MalformedMessage: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// Reads what `MessageWriter` wrote. Lengths are checked against what is left before anything is allocated.
package struct MessageReader {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0
    private let what: String

    package init(_ bytes: UnsafeRawBufferPointer, of what: String) { (self.bytes, self.what) = (bytes, what) }

    private var left: Int { bytes.count - offset }
    private var malformed: MalformedMessage {
        MalformedMessage(
            description:
                "a \(what) message is malformed at byte \(offset) of \(bytes.count); check that both sides run the same version"
        )
    }

    package mutating func read<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(MalformedMessage) -> T {
        guard left >= MemoryLayout<T>.size else { throw malformed }
        defer { offset += MemoryLayout<T>.size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    package mutating func readInt() throws(MalformedMessage) -> Int { Int(try read(Int64.self)) }
    package mutating func readBool() throws(MalformedMessage) -> Bool {
        let byte = try read(UInt8.self)
        guard byte <= 1 else { throw malformed }
        return byte == 1
    }
    package mutating func readFloat() throws(MalformedMessage) -> Float {
        Float(bitPattern: try read(UInt32.self))
    }
    package mutating func readDouble() throws(MalformedMessage) -> Double {
        Double(bitPattern: try read(UInt64.self))
    }

    package mutating func readBytes() throws(MalformedMessage) -> [UInt8] {
        let count = Int(try read(UInt32.self))
        guard count <= left else { throw malformed }
        defer { offset += count }
        return Array(bytes[offset..<(offset + count)])
    }

    package mutating func readString() throws(MalformedMessage) -> String {
        guard let text = String(validating: try readBytes(), as: UTF8.self) else { throw malformed }
        return text
    }

    /// Every element takes at least one byte, so a list cannot promise more than the payload holds.
    package mutating func readList<T>(_ each: (inout MessageReader) throws(MalformedMessage) -> T)
        throws(MalformedMessage) -> [T]
    {
        let count = Int(try read(UInt32.self))
        guard count <= left else { throw malformed }
        var list: [T] = []
        list.reserveCapacity(min(count, 1024))  // an element may be far larger than its one byte
        for _ in 0..<count { list.append(try each(&self)) }
        return list
    }

    package func finish() throws(MalformedMessage) {
        guard left == 0 else { throw malformed }
    }
}

/// A message with a payload of its own.
package protocol Message {
    static var name: String { get }
    func write(to writer: inout MessageWriter)
    init(from reader: inout MessageReader) throws(MalformedMessage)
}

extension Message {
    package var encoded: [UInt8] {
        var writer = MessageWriter()
        write(to: &writer)
        return writer.bytes
    }

    package init(decoding bytes: UnsafeRawBufferPointer) throws(MalformedMessage) {
        var reader = MessageReader(bytes, of: Self.name)
        self = try Self(from: &reader)
        try reader.finish()
    }
}
