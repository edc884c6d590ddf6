/// Writes the payload of a message: see `MessageValue`.
package struct MessageWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func write(_ value: some MessageValue) { value.write(to: &self) }

    /// Writes the count of a list or of a text's bytes.
    mutating func writeCount(_ count: Int) { append(UInt32(count)) }

    /// Appends the bytes of an integer, the lowest first.
    mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
