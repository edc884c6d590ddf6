import COpenSSL

/// A SHA-256 digest (FIPS 180-4) of bytes that come in pieces, computed by OpenSSL.
package final class SHA256 {
    package static let byteCount = 32
    private let context: OpaquePointer

    package init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("OpenSSL offers no SHA-256: its installation is damaged or out of memory")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    package func update(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        precondition(
            EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1,
            "A digest takes no bytes after its end")
    }

    package func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// Adds the text's UTF-8 bytes.
    package func update(_ text: String) { update(Array(text.utf8)) }

    /// Adds the value's 8 bytes, least significant first.
    package func update(littleEndian value: UInt64) { withUnsafeBytes(of: value.littleEndian) { update($0) } }

    /// Returns the digest of everything so far (32 bytes). More bytes may follow.
    package func digest() -> [UInt8] {
        guard let copy = EVP_MD_CTX_new() else { preconditionFailure("OpenSSL is out of memory") }
        defer { EVP_MD_CTX_free(copy) }
        var digest = [UInt8](repeating: 0, count: SHA256.byteCount)
        let succeeded = EVP_MD_CTX_copy_ex(copy, context) == 1 && EVP_DigestFinal_ex(copy, &digest, nil) == 1
        precondition(succeeded, "OpenSSL could not finish a SHA-256 digest")
        return digest
    }

    /// Returns the digest as 64 hexadecimal digits.
    package func hexDigest() -> String { TextFormat.hex(digest()) }

    package static func digest(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        let hash = SHA256()
        hash.update(bytes)
        return hash.digest()
    }

    package static func digest(of bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { digest(of: $0) } }

    package static func hexDigest(of bytes: UnsafeRawBufferPointer) -> String {
        TextFormat.hex(digest(of: bytes))
    }

    package static func hexDigest(of bytes: [UInt8]) -> String { TextFormat.hex(digest(of: bytes)) }
}
