import COpenSSL

/// An MD5 digest (RFC 1321), computed by OpenSSL. It tells damaged downloads of data sets whose authors
/// publish it; it protects against nobody.
package enum MD5 {
    /// Returns the 16 bytes of the digest; nil if OpenSSL has been configured without MD5.
    package static func digest(of bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: 16)
        // OpenSSL wants a pointer even to no bytes.
        let start = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
        return EVP_Digest(start, bytes.count, &digest, nil, EVP_md5(), nil) == 1 ? digest : nil
    }
}
