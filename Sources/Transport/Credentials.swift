/// The protection of a job's connections. Both ends must use the same one: nothing is negotiated.
package enum Protection: Equatable, Sendable {
    /// TLS 1.3 with a key that is derived from the token.
    case tls
    /// Frames with checksums, which anybody on the network can read and change: for trusted networks.
    case plaintext
}

/// The token and the protection, which all processes of a job have in common.
package struct Credentials: Sendable {
    package let token: SharedToken
    package let protection: Protection

    package init(_ token: SharedToken, _ protection: Protection = .tls) {
        self.token = token
        self.protection = protection
    }
}
