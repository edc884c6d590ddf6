/// What protects the bytes of a job's connections on their way. Both ends must have the same: nothing is negotiated.
package enum Protection: Equatable, Sendable {
    /// TLS 1.3, whose key comes from the token.
    case tls
    /// Frames with checksums, which anybody on the way can read and change: for wires that are trusted.
    case plaintext
}

/// What all processes of a job have in common.
package struct Credentials: Sendable {
    package let token: SharedToken
    package let protection: Protection

    package init(_ token: SharedToken, _ protection: Protection = .tls) {
        (self.token, self.protection) = (token, protection)
    }
}
