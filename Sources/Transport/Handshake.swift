/// What one side says of itself and learns of the other.
package struct HandshakePeer: Equatable, Sendable {
    /// Name and version of the peer's program.
    package var program: String
    /// What the peer sent with its greeting. Authenticated once the handshake has succeeded, and not before.
    package var context: [UInt8]
    /// At the dialler: what the listener's `afterAuthentication` replied.
    package var reply: [UInt8]

    package init(program: String, context: [UInt8], reply: [UInt8] = []) {
        (self.program, self.context, self.reply) = (program, context, reply)
    }
}

package enum HandshakeDecision: Sendable {
    /// Goes on, and tells the peer this (≤ 2 KB).
    case accept(reply: [UInt8] = [])
    /// Ends the connection; the peer gets the sentence.
    case refuse(String)
}

/// Mutual authentication by a shared token (challenge and response): a value that takes frames and returns frames.
///
/// Each side proves that it knows the token by a MAC over both greetings: roles, versions, nonces and contexts. The dialler proves first; a
/// different label for each role, and each side's own nonce, make reflected and replayed proofs worthless, and the channel's binding those that were passed on. Kinds are in `HandshakeKind`.
package struct Handshake {
    package static let longestContext = 2048
    /// Seconds from the first byte to the last.
    package static let timeLimit = 10.0

    package typealias Decide = (HandshakePeer) -> HandshakeDecision

    package struct Frame: Equatable, Sendable {
        package var kind: UInt8
        package var payload: [UInt8]
    }

    package enum Outcome: Equatable, Sendable {
        case proceeds
        case authenticated(HandshakePeer)
        case failed(TransportError)
    }

    private enum State {
        case start, awaitsHello, awaitsChallenge
        case awaitsProof(HandshakePeer, transcript: [UInt8])
        case awaitsWelcome(HandshakePeer, transcript: [UInt8])
        case ended
    }

    /// The peer's name in errors.
    package var peer = "the peer"
    /// Of the channel that the frames go over (`ByteStream.channelBinding`): to be set before the first frame is received.
    package var channelBinding: [UInt8] = []
    let credentials: Credentials
    private let role: HandshakeRole
    private let program: String
    private let nonce: [UInt8]
    private let context: [UInt8]
    private let before: Decide
    private let after: Decide
    private var state: State

    /// The side that dials. `context`: at most 2 KB for the listener's decisions (who I am, to whom I think I speak).
    /// `decide` judges the authenticated listener's context and reply.
    package static func dialler(
        _ credentials: Credentials, program: String, context: [UInt8],
        decide: @escaping Decide = { _ in .accept() }
    ) -> Handshake {
        Handshake(
            .dialler, credentials, program, context, randomBytes(HandshakeGreeting.nonceSize),
            before: { _ in .accept() }, after: decide)
    }

    /// The side that listens. `before` sees what anybody may have written (its reply is the challenge's context); `after` sees what a
    /// holder of the token wrote, and its reply is authenticated.
    package static func listener(
        _ credentials: Credentials, program: String,
        beforeAuthentication before: @escaping Decide = { _ in .accept() },
        afterAuthentication after: @escaping Decide = { _ in .accept() }
    ) -> Handshake {
        Handshake(
            .listener, credentials, program, [], randomBytes(HandshakeGreeting.nonceSize), before: before,
            after: after)
    }

    private init(
        _ role: HandshakeRole, _ credentials: Credentials, _ program: String, _ context: [UInt8],
        _ nonce: [UInt8],
        before: @escaping Decide, after: @escaping Decide
    ) {
        precondition(context.count <= Handshake.longestContext, "a handshake's context is at most 2 KB")
        (self.role, self.credentials, self.program, self.context, self.nonce) = (
            role, credentials, program, context, nonce
        )
        (self.before, self.after) = (before, after)
        state = role == .listener ? .awaitsHello : .start
    }

    /// What carries its frames, and all that follows them, over a connected socket.
    func protected(_ socket: PlainStream) -> any ByteStream {
        switch credentials.protection {
        case .plaintext: socket
        case .tls: TLSStream(socket, token: credentials.token, role == .dialler ? .dialler : .listener)
        }
    }

    /// The frames to send first (a listener has none).
    package mutating func start() -> [Frame] {
        guard case .start = state else { return [] }
        state = .awaitsChallenge
        return [Frame(kind: HandshakeKind.hello, payload: greeting(context).encoded)]
    }

    /// Takes a frame of the peer; returns what to send, and where that leads.
    package mutating func receive(_ kind: UInt8, _ payload: [UInt8]) -> (frames: [Frame], outcome: Outcome) {
        let current = state
        state = .ended
        if kind == HandshakeKind.refusal { return ([], .failed(refused(payload))) }
        switch (current, kind) {
        case (.awaitsHello, HandshakeKind.hello): return receiveHello(payload)
        case (.awaitsChallenge, HandshakeKind.challenge): return receiveChallenge(payload)
        case (.awaitsProof(let peer, let transcript), HandshakeKind.proof):
            return receiveProof(payload, peer, transcript)
        case (.awaitsWelcome(let peer, let transcript), HandshakeKind.welcome):
            return receiveWelcome(payload, peer, transcript)
        case (.awaitsChallenge, HandshakeKind.hello) where payload == greeting(context).encoded:
            return ([], .failed(.reflected(peer: peer)))
        default: return malformed("a frame of kind \(kind) out of turn")
        }
    }
}

// MARK: - The four messages

extension Handshake {
    private func greeting(_ context: [UInt8]) -> HandshakeGreeting {
        HandshakeGreeting(role: role, program: program, nonce: nonce, context: context)
    }

    private mutating func receiveHello(_ payload: [UInt8]) -> (frames: [Frame], outcome: Outcome) {
        guard let hello = HandshakeGreeting(payload), hello.role == .dialler else {
            return malformed("in its hello")
        }
        if let refusal = refuseOtherVersion(hello) { return refusal }
        let introduced = HandshakePeer(program: hello.program, context: hello.context)
        switch before(introduced) {
        case .refuse(let sentence): return refuse(sentence)
        case .accept(let reply):
            precondition(reply.count <= Handshake.longestContext, "a handshake's reply is at most 2 KB")
            let challenge = greeting(reply).encoded
            state = .awaitsProof(introduced, transcript: Handshake.transcript(payload, challenge))
            return ([Frame(kind: HandshakeKind.challenge, payload: challenge)], .proceeds)
        }
    }

    private mutating func receiveChallenge(_ payload: [UInt8]) -> (frames: [Frame], outcome: Outcome) {
        guard let challenge = HandshakeGreeting(payload) else { return malformed("in its challenge") }
        guard challenge.role == .listener, challenge.nonce != nonce else {
            return ([], .failed(.reflected(peer: peer)))
        }
        if let refusal = refuseOtherVersion(challenge) { return refusal }
        let transcript = Handshake.transcript(greeting(context).encoded, payload)
        state = .awaitsWelcome(
            HandshakePeer(program: challenge.program, context: challenge.context), transcript: transcript)
        return ([Frame(kind: HandshakeKind.proof, payload: proof(.dialler, transcript, []))], .proceeds)
    }

    private mutating func receiveProof(_ payload: [UInt8], _ peer: HandshakePeer, _ transcript: [UInt8]) -> (
        frames: [Frame], outcome: Outcome
    ) {
        guard equalInConstantTime(payload, proof(.dialler, transcript, [])) else {
            let refusal = HandshakeRefusal(.tokensDiffer, program: program)
            return (
                [Frame(kind: HandshakeKind.refusal, payload: refusal.encoded)],
                .failed(.tokensDiffer(peer: self.peer))
            )
        }
        switch after(peer) {
        case .refuse(let sentence): return refuse(sentence)
        case .accept(let reply):
            precondition(reply.count <= Handshake.longestContext, "a handshake's reply is at most 2 KB")
            let welcome = Frame(
                kind: HandshakeKind.welcome, payload: proof(.listener, transcript, reply) + reply)
            return ([welcome], .authenticated(peer))
        }
    }

    private mutating func receiveWelcome(_ payload: [UInt8], _ peer: HandshakePeer, _ transcript: [UInt8])
        -> (
            frames: [Frame], outcome: Outcome
        )
    {
        var peer = peer
        peer.reply = Array(payload.dropFirst(32))
        guard equalInConstantTime(Array(payload.prefix(32)), proof(.listener, transcript, peer.reply)) else {
            return ([], .failed(.tokensDiffer(peer: self.peer)))
        }
        switch after(peer) {
        case .refuse(let sentence): return refuse(sentence)
        case .accept: return ([], .authenticated(peer))
        }
    }
}

// MARK: - Proofs and refusals

extension Handshake {
    private static func transcript(_ hello: [UInt8], _ challenge: [UInt8]) -> [UInt8] {
        var writer = FieldWriter()
        writer.field(hello)
        writer.field(challenge)
        return writer.bytes
    }

    private func proof(_ role: HandshakeRole, _ transcript: [UInt8], _ reply: [UInt8]) -> [UInt8] {
        var writer = FieldWriter()
        writer.field(Array((role == .dialler ? "dist-train dialler" : "dist-train listener").utf8))
        writer.field(channelBinding)
        writer.field(transcript)
        writer.field(reply)
        return credentials.token.authenticationCode(writer.bytes)
    }

    private func malformed(_ reason: String) -> (frames: [Frame], outcome: Outcome) {
        ([], .failed(.malformedHandshake(peer: peer, reason: reason)))
    }

    /// For a dialler whose protection is another one; of a listener.
    var protectionRefusal: Frame? {
        guard role == .listener else { return nil }
        return Frame(
            kind: HandshakeKind.refusal,
            payload: HandshakeRefusal(.protectionDiffers, program: program).encoded)
    }

    private func refuse(_ sentence: String) -> (frames: [Frame], outcome: Outcome) {
        let refusal = HandshakeRefusal(.other, program: program, sentence: sentence)
        return (
            [Frame(kind: HandshakeKind.refusal, payload: refusal.encoded)],
            .failed(.rejected(peer: peer, reason: sentence))
        )
    }

    private func refuseOtherVersion(_ greeting: HandshakeGreeting) -> (frames: [Frame], outcome: Outcome)? {
        guard greeting.protocolVersion != FrameHeader.protocolVersion else { return nil }
        let refusal = HandshakeRefusal(.otherVersion, program: program)
        return (
            [Frame(kind: HandshakeKind.refusal, payload: refusal.encoded)],
            .failed(otherVersion(greeting.protocolVersion, greeting.program))
        )
    }

    private func otherVersion(_ version: UInt16, _ program: String) -> TransportError {
        .otherVersion(
            peer: peer, theirs: version, theirProgram: program, ours: FrameHeader.protocolVersion,
            ourProgram: self.program)
    }

    private func refused(_ payload: [UInt8]) -> TransportError {
        guard let refusal = HandshakeRefusal(payload) else {
            return .malformedHandshake(peer: peer, reason: "in its refusal")
        }
        return switch refusal.reason {
        case .tokensDiffer: .tokensDiffer(peer: peer)
        case .otherVersion: otherVersion(refusal.protocolVersion, refusal.program)
        case .protectionDiffers: .protectionDiffers(peer: peer, ours: credentials.protection)
        case .other: .refused(peer: peer, sentence: refusal.sentence)
        }
    }
}
