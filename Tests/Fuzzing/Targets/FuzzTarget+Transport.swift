import Platform
import Transport

// Targets for the bytes of peers and strangers: frames, and the handshake before them.
extension FuzzTarget {
    /// A connection receives frames that the input describes, valid and damaged, cut into pieces. Those
    /// before the first damage arrive as they were sent, and no damaged one arrives.
    static let frames = FuzzTarget("frames", longestInput: 2048) { input in
        let script = FrameScript(input)
        let reactor = try Reactor(name: "fuzz")
        let stream = try ScriptedStream(script.bytes, pieces: script.pieces)
        guard let place = SocketAddress(host: "127.0.0.1", port: 1) else { return }
        let connection = Connection(stream, reactor: reactor, local: place, remote: place)
        var arrived: [FrameScript.Frame] = []
        var end: TransportError??
        let named = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)
        defer { named.deallocate() }
        connection.maximumPayload = FrameScript.longestPayload
        connection.destination = {
            $0.index & 1 == 0 ? nil : UnsafeMutableRawBufferPointer(rebasing: named[..<$0.payloadLength])
        }
        connection.received = { arrived.append(FrameScript.Frame(header: $0, payload: Array($1))) }
        connection.closed = {
            end = .some($0)
            reactor.stop()
        }
        reactor.run()
        let sound = script.soundFrames
        try require(
            arrived.count >= sound.count && zip(arrived, sound).allSatisfy { $0.isCopy(of: $1) },
            "a sound frame did not arrive as it was")
        if script.isSound {
            try require(end == .some(nil), "sound frames ended in \(String(describing: end))")
        }
        if script.endsInDamage {
            try require(arrived.count == sound.count && end != .some(nil), "a damaged frame was delivered")
        }
        if case .some(.some(let error)) = end { throw error }
    }

    /// Two sides whose messages are changed in transit. Neither accepts a changed message, nor anything that
    /// depends on it.
    static let handshake = FuzzTarget("handshake", longestInput: 8192) { input in
        var script = Input(input)
        guard let token = SharedToken(hex: String(repeating: "5a", count: 32)) else { return }
        let credentials = Credentials(token, .plaintext)
        var dialler = Handshake.dialler(credentials, program: "fuzz 1", context: [1, 2, 3])
        var listener = Handshake.listener(credentials, program: "fuzz 2")
        var under = (toListener: dialler.start(), toDialler: listener.start())
        var isChanged = false
        var messages = 0
        var failure: TransportError?
        while let frame = under.toListener.first ?? under.toDialler.first, messages < 16 {
            let toListener = !under.toListener.isEmpty
            let sent = changed(frame, &script)
            isChanged = isChanged || sent != frame
            messages += 1
            let (frames, outcome) =
                toListener
                ? listener.receive(sent.kind, sent.payload) : dialler.receive(sent.kind, sent.payload)
            if toListener { under.toListener.removeFirst() } else { under.toDialler.removeFirst() }
            if toListener { under.toDialler += frames } else { under.toListener += frames }
            if case .authenticated = outcome {
                try require(!isChanged, "a side believes what was changed on its way")
            }
            if case .failed(let error) = outcome {
                try require(isChanged, "an honest handshake failed: \(error)")
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Applies a script to a frame: it stays as it is, or gets other bytes, a flipped bit or another kind, or
    /// is cut short.
    private static func changed(_ frame: Handshake.Frame, _ script: inout Input) -> Handshake.Frame {
        var frame = frame
        switch script.byte() {
        case 0: break
        case 1: frame.payload = Array(script.part().prefix(4096))
        case 2:
            if !frame.payload.isEmpty {
                frame.payload[script.number() % frame.payload.count] ^= 1 << (script.byte() & 7)
            }
        case 3: frame.kind = script.byte()
        default: frame.payload = Array(frame.payload.prefix(script.number())) + script.part().prefix(64)
        }
        return frame
    }
}

/// The bytes of a peer, as an input describes them.
private struct FrameScript {
    struct Frame {
        var header: FrameHeader
        var payload: [UInt8]

        /// Everything is valid except the length, which the receiver judges.
        func isCopy(of other: Frame) -> Bool {
            let (one, two) = (header, other.header)
            return payload == other.payload && one.kind == two.kind && one.flags == two.flags
                && one.generation == two.generation
                && one.step == two.step && one.index == two.index && one.detail == two.detail
        }
    }

    static let longestPayload = 60_000
    /// Bytes of a payload; only the last frame may be longer.
    private static let enough = 1 << 18

    private(set) var bytes: [UInt8] = []
    /// The frames before the first damage.
    private(set) var soundFrames: [Frame] = []
    private(set) var isSound = true
    /// True if the last frame has one flipped bit, which is the first damage.
    private(set) var endsInDamage = false
    /// The sizes of the reads, used in turns.
    let pieces: [Int]

    init(_ input: UnsafeRawBufferPointer) {
        var script = Input(input)
        pieces = (0..<4).map { _ in script.number() + 1 }
        while !script.isEmpty, !endsInDamage, bytes.count < Self.enough {
            switch script.byte() & 7 {
            case 0: addRaw(script.part())
            case 1: addDamaged(Self.frame(&script), bit: script.number())
            default: add(Self.frame(&script))
            }
        }
    }

    private static func frame(_ script: inout Input) -> Frame {
        let header = FrameHeader(
            kind: script.byte() % FrameHeader.firstHandshakeKind, flags: script.byte(),
            generation: FrameGeneration(incarnation: UInt32(script.number()), counter: .max),
            step: UInt64(script.number()) << 40,
            index: UInt32(script.byte()), detail: 7 << 40 | 9)
        // The payload is a length and the byte that fills it, or the bytes themselves.
        let length = script.number()
        let payload =
            length < 256
            ? script.bytes(length) : Array(repeating: UInt8(length & 255), count: min(length, longestPayload))
        return Frame(header: header, payload: payload)
    }

    private mutating func add(_ frame: Frame) {
        bytes += frame.header.encoded(payload: frame.payload)
        if isSound { soundFrames.append(frame) }
    }

    /// Appends bytes that may begin any frame, and what follows is part of it.
    private mutating func addRaw(_ raw: [UInt8]) {
        bytes += raw
        isSound = isSound && raw.isEmpty
    }

    private mutating func addDamaged(_ frame: Frame, bit: Int) {
        var encoded = frame.header.encoded(payload: frame.payload)
        encoded[bit / 8 % encoded.count] ^= 1 << (bit & 7)
        bytes += encoded
        endsInDamage = isSound
        isSound = false
    }
}

/// A stream whose bytes arrive in pieces, and then end. After many pieces the rest arrives at once, because a
/// megabyte byte by byte takes long and shows nothing new.
private final class ScriptedStream: ByteStream {
    private static let mostPieces = 4096
    let descriptor: Int32
    private let bytes: [UInt8]
    private let pieces: [Int]
    private var offset = 0
    private var reads = 0
    private var isClosed = false

    init(_ bytes: [UInt8], pieces: [Int]) throws {
        self.bytes = bytes
        self.pieces = pieces
        descriptor = open("/dev/zero", O_RDONLY | O_CLOEXEC)  // always readable
        guard descriptor >= 0 else { throw Finding("/dev/zero cannot be opened") }
    }

    deinit { close() }

    var wantsRead: Bool { false }
    var wantsWrite: Bool { false }
    /// True now and then, so that the loop polls in between.
    var hasBufferedInput: Bool { offset < bytes.count && reads % 64 != 0 }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamFailure) -> StreamOutcome {
        let empty = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        return try read(into: buffer, then: empty)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, then next: UnsafeMutableRawBufferPointer)
        throws(StreamFailure) -> StreamOutcome
    {
        guard offset < bytes.count else { return .endOfStream }
        reads += 1
        let piece = reads < Self.mostPieces ? pieces[reads % pieces.count] : Int.max
        let count = min(piece, buffer.count + next.count, bytes.count - offset)
        let first = min(count, buffer.count)
        buffer.copyBytes(from: bytes[offset..<offset + first])
        next.copyBytes(from: bytes[offset + first..<offset + count])
        offset += count
        return .bytes(count)
    }

    func write(gather pieces: UnsafeMutableBufferPointer<iovec>) throws(StreamFailure) -> StreamOutcome {
        .wouldBlock
    }
    func endWriting() {}

    func close() {
        guard !isClosed else { return }
        isClosed = true
        _ = Platform.close(descriptor)
    }
}
