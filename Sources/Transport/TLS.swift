import COpenSSL

/// TLS 1.3 with a pre-shared key, derived from the token, and an ephemeral Diffie-Hellman exchange
/// (`psk_dhe_ke`; RFC 8446, section 2.2). Because of the exchange, a token that becomes known later does not
/// decrypt recorded connections.
package enum TLS {
    /// The version of OpenSSL, for people.
    package static var libraryVersion: String { String(cString: OpenSSL_version(OPENSSL_VERSION)) }

    package enum Role: Sendable { case dialler, listener }

    /// Bytes after which a connection changes its key: far below AES-GCM's limit of 2^24.5 records (RFC 8446,
    /// section 5.5).
    package static let bytesPerKey = 64 << 30

    /// Creates one end of a connection over a connected, non-blocking socket, which it closes. For tests.
    package static func stream(
        over descriptor: Int32, _ token: SharedToken, _ role: Role, bytesPerKey: Int = bytesPerKey
    ) -> any ByteStream {
        TLSStream(PlainStream(descriptor: descriptor), token: token, role, bytesPerKey: bytesPerKey)
    }

    /// The name of the key in the dialler's hello. It is the same for every token, so that it reveals
    /// nothing.
    static let identity = Array("dist-train".utf8)
    private static let cipher: [UInt8] = [0x13, 0x01]  // TLS_AES_128_GCM_SHA256

    /// OpenSSL's context, which all connections share. It never changes (hence `@unchecked Sendable`).
    private struct Context: @unchecked Sendable {
        let pointer: OpaquePointer?
    }

    private static let context = Context(
        pointer: copenssl_tls13_context(
            { ssl, _, name, length, session in
                // OpenSSL copies both before it returns to the stream that owns them.
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
                    // The key is unknown: OpenSSL continues without one, and then refuses the connection.
                    return 1
                }
                session?.pointee = TLS.session(ssl, stream)
                return session?.pointee == nil ? 0 : 1
            }))

    /// Creates OpenSSL's state of one connection; nil if memory is short.
    static func connection() -> OpaquePointer? { context.pointer.flatMap { SSL_new($0) } }

    /// Wraps the key into the session object that OpenSSL expects; nil if memory is short.
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
    /// The pre-shared key for TLS. It is derived from the token, so that OpenSSL never has the token itself.
    var transportKey: [UInt8] {
        var writer = FieldWriter()
        writer.field(Array("dist-train TLS 1.3 external pre-shared key".utf8))
        return authenticationCode(writer.bytes)
    }
}
