/// Writes fields with their lengths before them, so that no two messages have the same bytes.
struct FieldWriter {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ value: UInt8) { bytes.append(value) }
    mutating func number(_ value: UInt16) { bytes += [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)] }
    mutating func field(_ field: [UInt8]) {
        number(UInt16(field.count))
        bytes += field
    }
}

/// Reads what `FieldWriter` has written; nil where the bytes are malformed.
struct FieldReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() -> UInt8? { rest.popFirst() }

    mutating func number() -> UInt16? {
        guard rest.count >= 2, let low = rest.popFirst(), let high = rest.popFirst() else { return nil }
        return UInt16(low) | UInt16(high) << 8
    }

    mutating func field(atMost limit: Int) -> [UInt8]? {
        guard let count = number(), count <= limit, rest.count >= Int(count) else { return nil }
        defer { rest = rest.dropFirst(Int(count)) }
        return Array(rest.prefix(Int(count)))
    }
}
