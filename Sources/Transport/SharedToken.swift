import COpenSSL
import Platform

/// The 256-bit secret that all processes of a job share. It is never sent over the wire, and never printed.
package struct SharedToken: Sendable, CustomStringConvertible, CustomReflectable {
    package static let byteCount = 32
    private let bytes: [UInt8]

    /// Creates a token from the system's random generator.
    package static func random() -> SharedToken { SharedToken(bytes: randomBytes(byteCount)) }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// Reads 64 hexadecimal digits and ignores white space around them; nil if the text is anything else.
    package init?(hex text: String) {
        let white: Set<UInt8> = [9, 10, 13, 32]
        let trimmed = text.utf8.drop { white.contains($0) }.reversed().drop { white.contains($0) }.reversed()
        let digits = trimmed.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 2 * SharedToken.byteCount, trimmed.count == digits.count else { return nil }
        bytes = (0..<SharedToken.byteCount).map { UInt8(digits[2 * $0] << 4 | digits[2 * $0 + 1]) }
    }

    /// The token as 64 hexadecimal digits: for a file of mode 0600 or the coordinator's own terminal, and
    /// nothing else.
    package var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    package var description: String { "(token)" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// Computes the HMAC-SHA256 of a message with the token as its key (RFC 2104): 32 bytes.
    package func authenticationCode(_ message: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let made = HMAC(EVP_sha256(), bytes, Int32(bytes.count), message, message.count, &code, &length)
        precondition(made != nil && length == 32, "HMAC-SHA256 needs no resource that could be missing")
        return code
    }
}

/// Compares two byte strings in a time that does not depend on where they differ.
package func equalInConstantTime(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
}

/// Returns random bytes from OpenSSL's generator, which takes its seed from the system.
func randomBytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    precondition(RAND_priv_bytes(&bytes, Int32(count)) == 1, "OpenSSL gets no random numbers from the system")
    return bytes
}
