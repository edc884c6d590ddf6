/// The payload of a refusal.
struct HandshakeRefusal: Equatable {
    enum Reason: UInt8 {
        case other = 0, tokensDiffer = 1, otherVersion = 2, protectionDiffers = 3, runOver = 4,
            otherJob = 5
    }

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
        self.reason = reason
        protocolVersion = FrameHeader.protocolVersion
        self.program = program
        self.sentence = sentence
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
