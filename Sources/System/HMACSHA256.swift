import COpenSSL

/// HMAC with SHA-256 (RFC 2104), computed by OpenSSL.
package enum HMACSHA256 {
    /// The 32-byte code of `message` under `key`.
    package static func code(of message: [UInt8], key: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: SHA256.byteCount)
        var count: UInt32 = 0
        // An empty array may have no address, for which OpenSSL would take another meaning: no key at all.
        let key = key.isEmpty ? [0] : key
        let result = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, &count)
        precondition(result != nil && count == UInt32(SHA256.byteCount), "OpenSSL could not compute an HMAC")
        return code
    }

    /// Whether two codes are equal, in a time that does not depend on where they differ.
    package static func areEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        return CRYPTO_memcmp(a, b, a.count) == 0
    }
}
