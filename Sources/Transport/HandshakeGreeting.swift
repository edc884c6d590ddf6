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

    /// Decodes a greeting; nil if it is malformed. If its protocol version is another one, only the fields
    /// that never move are read.
    init?(_ payload: [UInt8]) {
        var reader = FieldReader(payload)
        guard let role = reader.byte().flatMap(HandshakeRole.init), let version = reader.number(),
            let program = reader.field(atMost: HandshakeGreeting.longestProgram)
        else { return nil }
        self.role = role
        protocolVersion = version
        self.program = printable(String(decoding: program, as: UTF8.self))
        nonce = []
        context = []
        guard version == FrameHeader.protocolVersion else { return }
        guard let nonce = reader.field(atMost: HandshakeGreeting.nonceSize),
            nonce.count == HandshakeGreeting.nonceSize,
            let context = reader.field(atMost: Handshake.longestContext), reader.isAtEnd
        else { return nil }
        self.nonce = nonce
        self.context = context
    }

    init(role: HandshakeRole, program: String, nonce: [UInt8], context: [UInt8]) {
        self.role = role
        protocolVersion = FrameHeader.protocolVersion
        self.program = program
        self.nonce = nonce
        self.context = context
    }
}
