/// The characters that stand for bytes in the files of byte-level tokenizers, as GPT-2 chose them: printable
/// characters of Latin-1 stand for themselves, the other bytes are U+0100, U+0101, … in order.
enum ByteAlphabet {
    /// The character of each byte.
    static let scalars: [UInt32] = {
        var next: UInt32 = 0x100
        return (0..<256).map { (byte: UInt32) in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return byte
            default:
                defer { next += 1 }
                return next
            }
        }
    }()

    private static let bytes: [UInt32: UInt8] = Dictionary(
        uniqueKeysWithValues: scalars.enumerated().map { ($0.element, UInt8($0.offset)) })

    /// The byte that a character stands for.
    static func byte(_ scalar: UInt32) -> UInt8? { bytes[scalar] }

    /// The bytes that a token of a file stands for; nil if one of its characters stands for none.
    static func bytes(of token: [UInt8]) -> [UInt8]? {
        token.withUnsafeBufferPointer { token in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(token.count)
            var offset = 0
            while offset < token.count {
                let (scalar, length) = UTF8Scalars.scalar(in: token, at: offset)
                guard let byte = byte(scalar) else { return nil }
                bytes.append(byte)
                offset += length
            }
            return bytes
        }
    }

    /// The characters that stand for bytes, as UTF-8.
    static func token(of bytes: some Sequence<UInt8>) -> [UInt8] {
        var token: [UInt8] = []
        for byte in bytes { UTF8Scalars.append(scalars[Int(byte)], to: &token) }
        return token
    }
}
