/// Reads what `MessageWriter` wrote. Every length is compared with what is left before anything is allocated.
package struct MessageReader {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0
    private let name: String

    /// - Parameter name: what errors call the message.
    package init(_ bytes: UnsafeRawBufferPointer, of name: String) {
        self.bytes = bytes
        self.name = name
    }

    private var left: Int { bytes.count - offset }

    /// The error for a value that cannot be at this position.
    var malformed: MalformedMessage {
        MalformedMessage("a message `\(name)` is malformed at byte \(offset) of \(bytes.count)")
    }

    package mutating func read<Value: MessageValue>(_ type: Value.Type = Value.self)
        throws(MalformedMessage) -> Value
    {
        try Value(from: &self)
    }

    /// Reads a number that must lie in a range.
    mutating func read(in range: some RangeExpression<Int>) throws(MalformedMessage) -> Int {
        let value = try read(Int.self)
        guard range.contains(value) else { throw malformed }
        return value
    }

    /// Reads a number of steps, of which no job has 2⁴⁸.
    mutating func readStep() throws(MalformedMessage) -> Int { try read(in: 0..<1 << 48) }

    /// Reads the count of a list. Every element takes at least one byte, so a list cannot promise more than
    /// is left.
    mutating func readCount() throws(MalformedMessage) -> Int {
        let count = Int(try next(UInt32.self))
        guard count <= left else { throw malformed }
        return count
    }

    /// Takes the bytes of an integer, the lowest first.
    mutating func next<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(MalformedMessage) -> T {
        guard left >= MemoryLayout<T>.size else { throw malformed }
        defer { offset += MemoryLayout<T>.size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// - Throws: `MalformedMessage` if bytes are left.
    package func finish() throws(MalformedMessage) {
        guard left == 0 else { throw malformed }
    }
}
