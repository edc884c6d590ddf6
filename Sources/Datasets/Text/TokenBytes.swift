/// Tokens as a data set stores them: little-endian numbers of 1, 2 or 4 bytes.
enum TokenBytes {
    /// Appends tokens that the type can hold.
    static func append(_ tokens: some Sequence<Int32>, as type: ElementType, to bytes: inout [UInt8]) {
        switch type {
        case .uint8: bytes.append(contentsOf: tokens.lazy.map { UInt8(truncatingIfNeeded: $0) })
        case .uint16:
            for token in tokens {
                bytes.append(UInt8(truncatingIfNeeded: token))
                bytes.append(UInt8(truncatingIfNeeded: token >> 8))
            }
        case .uint32, .float32:
            for token in tokens {
                for shift in [0, 8, 16, 24] as [Int32] {
                    bytes.append(UInt8(truncatingIfNeeded: token >> shift))
                }
            }
        }
    }

    /// Whether all tokens are below a number.
    static func areAll(below limit: Int, _ bytes: UnsafeRawBufferPointer, _ type: ElementType) -> Bool {
        switch type {
        case .uint8: largest(bytes.bindMemory(to: UInt8.self)) < limit
        case .uint16: largest(bytes.bindMemory(to: UInt16.self)) < limit
        case .uint32, .float32: largest(bytes.bindMemory(to: UInt32.self)) < limit
        }
    }

    private static func largest<Element: FixedWidthInteger>(_ tokens: UnsafeBufferPointer<Element>) -> Int {
        var largest = Element.min
        for token in tokens { largest = max(largest, Element(littleEndian: token)) }
        return Int(largest)
    }
}
