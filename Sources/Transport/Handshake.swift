/// The peer of a handshake, as it describes itself.
package struct HandshakePeer: Equatable, Sendable {
    /// The name and version of the peer's program.
    package var program: String
    /// The bytes that the peer sent with its greeting. They are authenticated once the handshake has
    /// succeeded, not before.
    package var context: [UInt8]

    package init(program: String, context: [UInt8]) {
        self.program = program
        self.context = context
    }
}

/// A listener's decision about an authenticated dialler.
package enum HandshakeDecision: Sendable {
    case accept
    /// Ends the connection; the peer gets the sentence.
    case refuse(String)
    /// Ends the connection, because the run is over.
    case refuseAfterRun
    /// Ends the connection, because the dialler belongs to another job; it gets the sentence.
    case refuseOtherJob(String)
}

/// Mutual authentication by a shared token (challenge and response), as a value that takes frames and returns
/// frames.
///
/// For example, both sides without a network:
///
///     var dialler = Handshake.dialler(credentials, program: "worker 1", context: [7])
///     var listener = Handshake.listener(credentials, program: "coordinator 1")
///     let hello = dialler.start()[0]
///     let (frames, outcome) = listener.receive(hello.kind, hello.payload)   // the challenge, .proceeds
///     …                                                                     // until .authenticated(peer)
///
/// Each side proves that it knows the token by a MAC over both greetings: roles, versions, nonces and
/// contexts. The dialler proves first. A different label for each role and each side's own nonce make
/// reflected and replayed proofs worthless; the channel binding does the same for proofs that a third party
/// passes on. The frames are described in `HandshakeKind`.
package struct Handshake {
    /// The longest context, in bytes.
    package static let longestContext = 2048
    /// The longest duration of a handshake, in seconds.
    package static let timeLimit = 10.0

    package typealias Authorize = (HandshakePeer) -> HandshakeDecision

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
    /// The binding of the channel that carries the frames (`ByteStream.channelBinding`). Set it before the
    /// first frame is received.
    package var channelBinding: [UInt8] = []
    let credentials: Credentials
    private let role: HandshakeRole
    private let program: String
    private let nonce: [UInt8]
    private let context: [UInt8]
    private let authorize: Authorize
    private var state: State

    /// Creates the handshake of the side that dials.
    ///
    /// - Parameters:
    ///   - program: name and version of this program.
    ///   - context: at most `longestContext` bytes, by which the listener decides about the connection.
    package static func dialler(
        _ credentials: Credentials, program: String, context: [UInt8]
    ) -> Handshake {
        Handshake(.dialler, credentials, program: program, context: context) { _ in .accept }
    }

    /// Creates the handshake of the side that listens.
    ///
    /// - Parameters:
    ///   - program: name and version of this program.
    ///   - authorize: decides about a dialler that has proven that it knows the token.
    package static func listener(
        _ credentials: Credentials, program: String,
        authorize: @escaping Authorize = { _ in .accept }
    ) -> Handshake {
        Handshake(.listener, credentials, program: program, context: [], authorize: authorize)
    }

    private init(
        _ role: HandshakeRole, _ credentials: Credentials, program: String, context: [UInt8],
        authorize: @escaping Authorize
    ) {
        precondition(context.count <= Handshake.longestContext, "a handshake's context is at most 2 KB")
        self.role = role
        self.credentials = credentials
        self.program = program
        self.context = context
        self.authorize = authorize
        nonce = randomBytes(HandshakeGreeting.nonceSize)
        state = role == .listener ? .awaitsHello : .start
    }

    /// Returns the stream that carries the handshake's frames, and all frames after them, over a connected
    /// socket.
    func protected(_ socket: PlainStream) -> any ByteStream {
        switch credentials.protection {
        case .plaintext: socket
        case .tls: TLSStream(socket, token: credentials.token, role == .dialler ? .dialler : .listener)
        }
    }

    /// Returns the frames to send first; a listener has none.
    package mutating func start() -> [Frame] {
        guard case .start = state else { return [] }
        state = .awaitsChallenge
        return [Frame(kind: HandshakeKind.hello, payload: greeting.encoded)]
    }

    /// Takes a frame of the peer and returns the frames to send and the outcome so far.
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
        case (.awaitsChallenge, HandshakeKind.hello) where payload == greeting.encoded:
            return ([], .failed(.reflected(peer: peer)))
        default: return malformed("a frame of kind \(kind) out of turn")
        }
    }
}

// MARK: - The four messages

extension Handshake {
    private var greeting: HandshakeGreeting {
        HandshakeGreeting(role: role, program: program, nonce: nonce, context: context)
    }

    private mutating func receiveHello(_ payload: [UInt8]) -> (frames: [Frame], outcome: Outcome) {
        guard let hello = HandshakeGreeting(payload), hello.role == .dialler else {
            return malformed("in its hello")
        }
        if let refusal = refuseOtherVersion(hello) { return refusal }
        let introduced = HandshakePeer(program: hello.program, context: hello.context)
        let challenge = greeting.encoded
        state = .awaitsProof(introduced, transcript: Handshake.transcript(payload, challenge))
        return ([Frame(kind: HandshakeKind.challenge, payload: challenge)], .proceeds)
    }

    private mutating func receiveChallenge(_ payload: [UInt8]) -> (frames: [Frame], outcome: Outcome) {
        guard let challenge = HandshakeGreeting(payload) else { return malformed("in its challenge") }
        guard challenge.role == .listener, challenge.nonce != nonce else {
            return ([], .failed(.reflected(peer: peer)))
        }
        if let refusal = refuseOtherVersion(challenge) { return refusal }
        let transcript = Handshake.transcript(greeting.encoded, payload)
        state = .awaitsWelcome(
            HandshakePeer(program: challenge.program, context: challenge.context), transcript: transcript)
        return ([Frame(kind: HandshakeKind.proof, payload: proof(.dialler, transcript))], .proceeds)
    }

    private mutating func receiveProof(_ payload: [UInt8], _ peer: HandshakePeer, _ transcript: [UInt8]) -> (
        frames: [Frame], outcome: Outcome
    ) {
        guard equalInConstantTime(payload, proof(.dialler, transcript)) else {
            let refusal = HandshakeRefusal(.tokensDiffer, program: program)
            return (
                [Frame(kind: HandshakeKind.refusal, payload: refusal.encoded)],
                .failed(.tokensDiffer(peer: self.peer))
            )
        }
        switch authorize(peer) {
        case .refuse(let sentence): return refuse(.other, sentence)
        case .refuseAfterRun: return refuse(.runOver, "this run is over")
        case .refuseOtherJob(let sentence):
            let refusal = HandshakeRefusal(.otherJob, program: program, sentence: sentence)
            return (
                [Frame(kind: HandshakeKind.refusal, payload: refusal.encoded)],
                .failed(.otherJob(peer: self.peer, sentence: sentence))
            )
        case .accept:
            let welcome = Frame(kind: HandshakeKind.welcome, payload: proof(.listener, transcript))
            return ([welcome], .authenticated(peer))
        }
    }

    private mutating func receiveWelcome(_ payload: [UInt8], _ peer: HandshakePeer, _ transcript: [UInt8])
        -> (frames: [Frame], outcome: Outcome)
    {
        guard equalInConstantTime(payload, proof(.listener, transcript)) else {
            return ([], .failed(.tokensDiffer(peer: self.peer)))
        }
        return ([], .authenticated(peer))
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

    private func proof(_ role: HandshakeRole, _ transcript: [UInt8]) -> [UInt8] {
        var writer = FieldWriter()
        writer.field(Array((role == .dialler ? "dist-train dialler" : "dist-train listener").utf8))
        writer.field(channelBinding)
        writer.field(transcript)
        writer.field([])  // reserved by the protocol
        return credentials.token.authenticationCode(writer.bytes)
    }

    private func malformed(_ reason: String) -> (frames: [Frame], outcome: Outcome) {
        ([], .failed(.malformedHandshake(peer: peer, reason: reason)))
    }

    /// The refusal for a dialler whose protection is another one; nil at a dialler.
    var protectionRefusal: Frame? {
        guard role == .listener else { return nil }
        return Frame(
            kind: HandshakeKind.refusal,
            payload: HandshakeRefusal(.protectionDiffers, program: program).encoded)
    }

    private func refuse(_ reason: HandshakeRefusal.Reason, _ sentence: String)
        -> (frames: [Frame], outcome: Outcome)
    {
        let refusal = HandshakeRefusal(reason, program: program, sentence: sentence)
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
        case .runOver: .runOver(peer: peer)
        case .otherJob: .otherJob(peer: peer, sentence: refusal.sentence)
        case .other: .refused(peer: peer, sentence: refusal.sentence)
        }
    }
}
