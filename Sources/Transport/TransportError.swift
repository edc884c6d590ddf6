/// A failure between two machines. Its description is a sentence that names the peer and says what to do.
package enum TransportError: Error, Equatable, Sendable {
    case invalidEndpoint(text: String, reason: String)
    case unknownHost(host: String, reason: String)
    case connectionRefused(peer: String)
    case unreachable(peer: String, reason: String)
    case timedOut(peer: String, during: String, seconds: Double)
    case portInUse(address: String)
    case cannotListen(address: String, reason: String)
    /// The peer's first bytes were not a frame.
    case notOurProtocol(peer: String)
    case spokeHTTP(peer: String)
    /// One side uses TLS, the other one plaintext; `ours` is this side's.
    case protectionDiffers(peer: String, ours: Protection)
    /// The TLS handshake failed.
    case handshakeFailed(peer: String, reason: String)
    /// The protocol versions differ. A program is nil if its name was not learned.
    case otherVersion(peer: String, theirs: UInt16, theirProgram: String?, ours: UInt16, ourProgram: String?)
    case frameTooLong(peer: String, bytes: Int, limit: Int, authenticated: Bool)
    case unknownKind(peer: String, kind: UInt8)
    case unexpectedLength(peer: String, kind: UInt8, bytes: Int, expected: Int)
    case corruptFrame(peer: String)
    /// TLS found that a record is not as the peer sent it.
    case changedOnTheWay(peer: String, reason: String)
    /// The peer's end of stream came in the middle of a frame.
    case truncated(peer: String)
    case lost(peer: String, reason: String)
    case closedDuringHandshake(peer: String)
    case malformedHandshake(peer: String, reason: String)
    case tokensDiffer(peer: String)
    /// The connection was unauthenticated when newer ones needed its place: see `PreauthLimiter`.
    case evicted(peer: String)
    case reflected(peer: String)
    /// The peer refused the connection, in its own words.
    case refused(peer: String, sentence: String)
    /// The peer's run has ended, and it lets nobody in any more.
    case runOver(peer: String)
    /// The two sides belong to different jobs, as the side that listens puts it.
    case otherJob(peer: String, sentence: String)
    /// This side refused a frame or a peer.
    case rejected(peer: String, reason: String)
    case system(call: String, reason: String)
}

extension TransportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidEndpoint(let text, let reason):
            "`\(printable(text))` is not an address: \(reason); write HOST:PORT or [IPv6]:PORT"
        case .unknownHost(let host, let reason):
            "the host `\(printable(host))` is unknown (\(reason)); check its spelling, or give its IP address"
        case .connectionRefused(let peer):
            "\(peer) refused the connection;"
                + " check that the coordinator runs there and listens on this port"
        case .unreachable(let peer, let reason):
            "\(peer) cannot be reached (\(reason));"
                + " check that the machine is on, on the same network, and not behind a firewall"
        case .timedOut(let peer, let during, let seconds):
            "\(peer) did not answer within \(brief(seconds)) s (\(during));"
                + " check the address, the network and the firewall"
        case .portInUse(let address):
            "\(address) is in use by another program;"
                + " end that one, or choose another port with `--listen HOST:PORT` (port 0: any free one)"
        case .cannotListen(let address, let reason):
            "cannot listen on \(address) (\(reason));"
                + " choose an address of this machine and a free port with `--listen HOST:PORT`"
        case .notOurProtocol(let peer):
            "\(peer) does not speak dist-train's protocol; check the host and the port"
        case .spokeHTTP(let peer):
            "\(peer) does not speak dist-train's protocol, but HTTP; check the host and the port"
        case .protectionDiffers(let peer, ours: .tls):
            "\(peer) was started with --plaintext, this side uses TLS; " + Self.protectionAdvice
        case .protectionDiffers(let peer, ours: .plaintext):
            "\(peer) uses TLS, this side was started with --plaintext; " + Self.protectionAdvice
        case .handshakeFailed(let peer, let reason):
            "\(peer) and this side could not agree on TLS (\(reason));"
                + " check the host and the port, and that both sides run the same version"
        case .otherVersion(let peer, let theirs, let theirProgram, let ours, let ourProgram):
            "\(peer) runs \(program(theirProgram, theirs)), this side \(program(ourProgram, ours));"
                + " install the same version on both"
        case .frameTooLong(let peer, let bytes, let limit, let authenticated):
            "\(peer) sent a frame of \(bytes) bytes, at most \(limit) are allowed"
                + "\(authenticated ? "" : " before authentication");"
                + " check that both sides run the same version"
        case .unknownKind(let peer, let kind):
            "\(peer) sent a frame of the unknown kind \(kind); check that both sides run the same version"
        case .unexpectedLength(let peer, let kind, let bytes, let expected):
            "\(peer) sent \(bytes) bytes in a frame of kind \(kind), expected \(expected);"
                + " check that both sides run the same version and job"
        case .corruptFrame(let peer):
            "\(peer) sent a frame whose checksum is wrong; the network or a machine's memory damages data"
        case .changedOnTheWay(let peer, let reason):
            "what \(peer) sent was changed on its way (\(reason));"
                + " the network damages data, or somebody tampers with it"
        case .truncated(let peer):
            "\(peer) closed the connection in the middle of a frame; see that machine's log"
        case .lost(let peer, let reason):
            "the connection to \(peer) was lost (\(reason)); see that machine's log"
        case .closedDuringHandshake(let peer):
            "\(peer) closed the connection before authentication ended; see that machine's log"
        case .malformedHandshake(let peer, let reason):
            "\(peer) sent a malformed handshake (\(reason)); install the same version on both sides"
        case .tokensDiffer(let peer):
            "the token of \(peer) differs from the token here;"
                + " give both sides the same one (`--token-file` or DIST_TRAIN_TOKEN)"
        case .evicted(let peer):
            "\(peer) had not proven that it knows the token when too many others came; it may try again"
        case .reflected(let peer):
            "\(peer) sent this side's own handshake back;"
                + " check that the address does not lead back to this process"
        case .refused(let peer, let sentence): "\(peer) refused: \(sentence)"
        case .runOver(let peer): "\(peer) refused: this run is over"
        case .otherJob(let peer, let sentence):
            "\(peer) and this side belong to different jobs: \(sentence)"
        case .rejected(let peer, let reason): "\(peer): \(reason)"
        case .system(let call, let reason):
            "\(call) failed (\(reason)); see the limits of this machine (`ulimit -a`)"
        }
    }

    private static let protectionAdvice =
        "start both sides without --plaintext, or both with it if you trust the network"

    private func program(_ program: String?, _ version: UInt16) -> String {
        (program.map { "\($0) (protocol \(version))" }) ?? "protocol version \(version)"
    }

    private func brief(_ seconds: Double) -> String {
        let tenths = (seconds * 10).rounded() / 10  // a deadline 10 s from now is 9.999 s away
        return tenths == tenths.rounded() && abs(tenths) < 1e9 ? "\(Int(tenths))" : "\(tenths)"
    }
}

extension TransportError {
    init(_ failure: StreamFailure, of peer: String) {
        self =
            switch failure {
            case .broken(let reason): .lost(peer: peer, reason: reason)
            case .plaintext: .protectionDiffers(peer: peer, ours: .tls)
            case .http: .spokeHTTP(peer: peer)
            case .unknownLanguage: .notOurProtocol(peer: peer)
            case .tokensDiffer: .tokensDiffer(peer: peer)
            case .reflected: .reflected(peer: peer)
            case .handshake(let reason): .handshakeFailed(peer: peer, reason: reason)
            case .damaged(let reason): .changedOnTheWay(peer: peer, reason: reason)
            }
    }
}

/// Makes text from outside fit for a terminal: without control characters, and at most `limit` characters
/// long.
package func printable(_ text: String, limit: Int = 500) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.prefix(limit).map {
                $0.value < 32 || (127..<160).contains($0.value) ? "?" : $0
            }))
}
