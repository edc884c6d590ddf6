/// The kinds of the handshake's frames.
///
///     dialler                                         listener
///     hello      role, versions, nonce, context  ──▶
///                                                ◀──  challenge  role, versions, nonce, empty context
///     proof      MAC("dist-train dialler" ‖ binding ‖ hello ‖ challenge ‖ empty)  ──▶
///                                                ◀──  welcome    MAC("dist-train listener" ‖ the same)
///     refusal    from either side at any point: reason, versions, a sentence
///
/// The binding identifies the TLS connection below (RFC 5705) and is empty without TLS. A third party between
/// two TLS connections therefore cannot pass proofs on. Every field has its length before it. The role, the
/// protocol version and the program keep their places in every version, so that two versions can name each
/// other.
enum HandshakeKind {
    static let hello = FrameHeader.firstHandshakeKind
    static let challenge = hello + 1
    static let proof = hello + 2
    static let welcome = hello + 3
    static let refusal = hello + 4
}

enum HandshakeRole: UInt8 { case dialler = 1, listener = 2 }
