/// Operations on valid UTF-8, whose scalars are read one after the other.
enum UTF8Scalars {
    /// The scalar at an offset of valid UTF-8, and the number of its bytes.
    @inline(__always)
    static func scalar(in text: UnsafeBufferPointer<UInt8>, at offset: Int) -> (value: UInt32, length: Int) {
        let lead = UInt32(text[offset])
        if lead < 0x80 { return (lead, 1) }
        @inline(__always) func tail(_ index: Int) -> UInt32 { UInt32(text[offset + index]) & 0x3F }
        if lead < 0xE0 { return ((lead & 0x1F) << 6 | tail(1), 2) }
        if lead < 0xF0 { return ((lead & 0x0F) << 12 | tail(1) << 6 | tail(2), 3) }
        return ((lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4)
    }

    static func append(_ scalar: UInt32, to text: inout [UInt8]) {
        guard let scalar = Unicode.Scalar(scalar) else { return }
        text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    static func bytes(_ scalar: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        append(scalar, to: &bytes)
        return bytes
    }

    /// The scalars of valid UTF-8.
    static func scalars(of text: UnsafeBufferPointer<UInt8>) -> [UInt32] {
        var scalars: [UInt32] = []
        scalars.reserveCapacity(text.count)
        var offset = 0
        while offset < text.count {
            let (value, length) = scalar(in: text, at: offset)
            scalars.append(value)
            offset += length
        }
        return scalars
    }

    /// The offset of the first byte that is not part of valid UTF-8; nil if there is none.
    static func firstInvalidOffset(in text: UnsafeBufferPointer<UInt8>) -> Int? {
        var offset = 0
        while offset < text.count {
            if text[offset] < 0x80 {
                offset += 1
                continue
            }
            guard let length = length(in: text, at: offset) else { return offset }
            offset += length
        }
        return nil
    }

    /// The number of bytes of the well-formed scalar at an offset (Unicode, table 3-7); nil if there is none.
    private static func length(in text: UnsafeBufferPointer<UInt8>, at offset: Int) -> Int? {
        let second: ClosedRange<UInt8>
        let length: Int
        switch text[offset] {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return nil
        }
        guard offset + length <= text.count, second.contains(text[offset + 1]) else { return nil }
        for index in offset + 2..<offset + length where text[index] & 0xC0 != 0x80 { return nil }
        return length
    }

    /// Checks that a text is UTF-8.
    /// - Throws: `DatasetError` with the place of the first byte that is not.
    static func require(_ text: UnsafeBufferPointer<UInt8>) throws {
        guard let bad = firstInvalidOffset(in: text) else { return }
        let byte = String(text[bad], radix: 16, uppercase: true)
        throw DatasetError(
            "byte \(bad) of the text is 0x\(byte), which is not UTF-8; convert the text to UTF-8, or use the"
                + " tokenizer `bytes`")
    }
}
