import COpenSSL

/// TLS 1.3 with a key that both sides know already (RFC 8446, section 2.2) and an ephemeral Diffie-Hellman exchange (`psk_dhe_ke`), so that a token that becomes
/// known later does not open what was recorded before.
package enum TLS {
    /// The version of the library, for people.
    package static var libraryVersion: String { String(cString: OpenSSL_version(OPENSSL_VERSION)) }

    package enum Role: Sendable { case dialler, listener }

    /// After so many bytes with one key another one follows, far from AES-GCM's limit of 2^24.5 records (RFC 8446, section 5.5).
    package static let bytesPerKey = 64 << 30

    /// One end of a connection over a connected, non-blocking socket, which it closes.
    package static func stream(
        over descriptor: Int32, _ token: SharedToken, _ role: Role, bytesPerKey: Int = bytesPerKey
    ) -> any ByteStream {
        TLSStream(PlainStream(descriptor: descriptor), token: token, role, bytesPerKey: bytesPerKey)
    }

    /// Names the key in the dialler's hello; the same for every token, so that it tells nobody anything.
    static let identity = Array("dist-train".utf8)
    private static let cipher: [UInt8] = [0x13, 0x01]  // TLS_AES_128_GCM_SHA256

    /// Shared by all connections of the process, and never changed (hence unchecked).
    private struct Context: @unchecked Sendable {
        let pointer: OpaquePointer?
    }

    private static let context = Context(
        pointer: copenssl_tls13_context(
            { ssl, _, name, length, session in
                // The library copies both before it returns to the stream that lends them.
                guard let stream = TLSStream.owner(of: ssl) else { return 0 }
                name?.pointee = UnsafePointer(stream.identity.baseAddress)
                length?.pointee = stream.identity.count
                session?.pointee = TLS.session(ssl, stream)
                return session?.pointee == nil ? 0 : 1
            },
            { ssl, name, length, session in
                session?.pointee = nil
                guard let stream = TLSStream.owner(of: ssl),
                    UnsafeBufferPointer(start: name, count: length).elementsEqual(identity)
                else {
                    return 1  // a key that is not known: the library goes on without, and so to its refusal
                }
                session?.pointee = TLS.session(ssl, stream)
                return session?.pointee == nil ? 0 : 1
            }))

    /// A connection's state; nil without memory.
    static func connection() -> OpaquePointer? { context.pointer.flatMap { SSL_new($0) } }

    /// The key in the form in which the library takes it.
    private static func session(_ ssl: OpaquePointer?, _ stream: TLSStream) -> OpaquePointer? {
        guard let session = SSL_SESSION_new() else { return nil }
        let key = stream.key
        guard SSL_SESSION_set1_master_key(session, key, key.count) == 1,
            SSL_SESSION_set_cipher(session, SSL_CIPHER_find(ssl, cipher)) == 1,
            SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1
        else {
            SSL_SESSION_free(session)
            return nil
        }
        return session
    }
}

extension SharedToken {
    /// The key for TLS: another secret than the token, which is never given to a library that could send it.
    var transportKey: [UInt8] {
        var writer = FieldWriter()
        writer.field(Array("dist-train TLS 1.3 external pre-shared key".utf8))
        return authenticationCode(writer.bytes)
    }
}
