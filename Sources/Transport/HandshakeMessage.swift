/// What the handshake says: five kinds of frames.
///
///     dialler                                 listener
///     hello      role, versions, nonce, context  ──▶
///                                            ◀── challenge  role, versions, nonce, context
///     proof      MAC("dist-train dialler" ‖ binding ‖ hello ‖ challenge)  ──▶
///                                            ◀── welcome    MAC("dist-train listener" ‖ binding ‖ hello ‖ challenge)
///     refusal, from either side at any point: reason, versions, a sentence
///
/// The binding names the TLS connection that all of this goes over (RFC 5705), and is empty without TLS: whoever stands between two TLS connections cannot pass proofs on.
/// The role, the protocol version and the program keep their places in every version, so that two versions can name each other.
enum HandshakeKind {
    static let hello = FrameHeader.firstHandshakeKind
    static let challenge = hello + 1
    static let proof = hello + 2
    static let welcome = hello + 3
    static let refusal = hello + 4
}

enum HandshakeRole: UInt8 { case dialler = 1, listener = 2 }

/// The payload of hello and challenge.
struct HandshakeGreeting: Equatable {
    static let nonceSize = 32
    static let longestProgram = 200

    var role: HandshakeRole
    var protocolVersion: UInt16
    var program: String
    var nonce: [UInt8]
    var context: [UInt8]

    var encoded: [UInt8] {
        var writer = FieldWriter()
        writer.byte(role.rawValue)
        writer.number(protocolVersion)
        writer.field(Array(program.utf8.prefix(HandshakeGreeting.longestProgram)))
        writer.field(nonce)
        writer.field(context)
        return writer.bytes
    }

    /// nil when it is malformed; of another protocol version only the fields that never move are read.
    init?(_ payload: [UInt8]) {
        var reader = FieldReader(payload)
        guard let role = reader.byte().flatMap(HandshakeRole.init), let version = reader.number(),
            let program = reader.field(atMost: HandshakeGreeting.longestProgram)
        else { return nil }
        (self.role, protocolVersion) = (role, version)
        self.program = printable(String(decoding: program, as: UTF8.self))
        (nonce, context) = ([], [])
        guard version == FrameHeader.protocolVersion else { return }
        guard let nonce = reader.field(atMost: HandshakeGreeting.nonceSize),
            nonce.count == HandshakeGreeting.nonceSize,
            let context = reader.field(atMost: Handshake.longestContext), reader.isAtEnd
        else { return nil }
        (self.nonce, self.context) = (nonce, context)
    }

    init(role: HandshakeRole, program: String, nonce: [UInt8], context: [UInt8]) {
        (self.role, protocolVersion, self.program) = (role, FrameHeader.protocolVersion, program)
        (self.nonce, self.context) = (nonce, context)
    }
}

/// The payload of a refusal.
struct HandshakeRefusal: Equatable {
    enum Reason: UInt8 { case other = 0, tokensDiffer = 1, otherVersion = 2, protectionDiffers = 3 }

    var reason: Reason
    var protocolVersion: UInt16
    var program: String
    var sentence: String

    var encoded: [UInt8] {
        var writer = FieldWriter()
        writer.byte(reason.rawValue)
        writer.number(protocolVersion)
        writer.field(Array(program.utf8.prefix(HandshakeGreeting.longestProgram)))
        writer.field(Array(sentence.utf8.prefix(Handshake.longestContext)))
        return writer.bytes
    }

    init(_ reason: Reason, program: String, sentence: String = "") {
        (self.reason, protocolVersion, self.program, self.sentence) = (
            reason, FrameHeader.protocolVersion, program, sentence
        )
    }

    init?(_ payload: [UInt8]) {
        var reader = FieldReader(payload)
        guard let reason = reader.byte(), let version = reader.number(),
            let program = reader.field(atMost: HandshakeGreeting.longestProgram),
            let sentence = reader.field(atMost: Handshake.longestContext)
        else { return nil }
        self.reason = Reason(rawValue: reason) ?? .other
        protocolVersion = version
        self.program = printable(String(decoding: program, as: UTF8.self))
        self.sentence = printable(String(decoding: sentence, as: UTF8.self), limit: Handshake.longestContext)
    }
}

/// Fields with their lengths before them, so that no two messages have the same bytes.
struct FieldWriter {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ value: UInt8) { bytes.append(value) }
    mutating func number(_ value: UInt16) { bytes += [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)] }
    mutating func field(_ field: [UInt8]) {
        number(UInt16(field.count))
        bytes += field
    }
}

struct FieldReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() -> UInt8? { rest.popFirst() }

    mutating func number() -> UInt16? {
        guard rest.count >= 2, let low = rest.popFirst(), let high = rest.popFirst() else { return nil }
        return UInt16(low) | UInt16(high) << 8
    }

    mutating func field(atMost limit: Int) -> [UInt8]? {
        guard let count = number(), count <= limit, rest.count >= Int(count) else { return nil }
        defer { rest = rest.dropFirst(Int(count)) }
        return Array(rest.prefix(Int(count)))
    }
}
