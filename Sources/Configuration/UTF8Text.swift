/// Decodes UTF-8 from bytes that may be anything.
enum UTF8Text {
    /// The scalar that begins at `offset`, and its length in bytes. Nil if the text ends there or the bytes
    /// are not valid UTF-8; overlong forms, surrogates and sequences that are cut off are not valid.
    static func scalar(in text: [UInt8], at offset: Int) -> (scalar: Unicode.Scalar, length: Int)? {
        guard offset < text.count else { return nil }
        let first = text[offset]
        if first < 0x80 { return (Unicode.Scalar(first), 1) }
        let length: Int
        let smallest: UInt32
        switch first {
        case 0xC2...0xDF:
            length = 2
            smallest = 0x80
        case 0xE0...0xEF:
            length = 3
            smallest = 0x800
        case 0xF0...0xF4:
            length = 4
            smallest = 0x10000
        default: return nil
        }
        guard offset + length <= text.count else { return nil }
        var value = UInt32(first) & (0x7F >> UInt32(length))
        for byte in text[offset + 1..<offset + length] {
            guard byte & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        guard value >= smallest, let scalar = Unicode.Scalar(value) else { return nil }
        return (scalar, length)
    }

    /// The offset of the first byte that is not valid UTF-8; nil if all are.
    static func firstInvalidOffset(in text: [UInt8]) -> Int? {
        var offset = 0
        while offset < text.count {
            if text[offset] < 0x80 {
                offset += 1
            } else if let (_, length) = scalar(in: text, at: offset) {
                offset += length
            } else {
                return offset
            }
        }
        return nil
    }
}
