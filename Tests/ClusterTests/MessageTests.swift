import Cluster
import Collectives
import Datasets
import Testing
import Training
import Transport

/// Messages survive the way; damaged ones are refused whole, and cost nothing.
@Suite struct MessageTests {
    static let endpoints = [Endpoint(host: "10.0.0.7", port: 40_001), Endpoint(host: "fe80::1", port: 1)]

    static let join = ConnectionPurpose.join(
        JoinRequest(
            name: "größer/12", machine: "größer", cores: 8, blasCore: "Zen", isCoreFixed: true,
            endpoints: endpoints, meshPort: 65_535))
    static let mesh = ConnectionPurpose.mesh(
        MeshGreeting(
            job: "abc", generation: FrameGeneration(incarnation: 3, counter: .max), from: 4, to: 1,
            isUrgent: true))
    static let welcome = Welcome(
        worker: 7, job: "{name: \"x\"}", jobIdentity: "0123", blasCore: "Haswell",
        normalization: Normalization(
            kind: .zScore, shift: [1.5, -0.0, .leastNonzeroMagnitude], factor: [2, 3, 4]),
        datasets: [
            DatasetTicket(role: .train, hash: Array(0..<32), byteCount: 1 << 40),
            DatasetTicket(role: .test, hash: Array(repeating: 255, count: 32), byteCount: 1),
        ], peerTimeout: 0.25)
    static let prepared = Prepared(
        fingerprint: Fingerprint(parts: [.init(name: "a", value: ""), .init(name: "", value: "b")]))
    static let formation = Formation(
        generation: FrameGeneration(incarnation: 1, counter: 9), rank: 1,
        members: [
            .init(worker: 3, name: "w3", endpoints: endpoints),
            .init(worker: 5, name: "w5", endpoints: [Endpoint(host: "a", port: 2)]),
            .init(worker: 6, name: "", endpoints: [endpoints[1]]),
        ], cuts: [0, 3, 3, 8], owners: (0..<64).map { $0 % 3 }, firstStep: 1 << 33, localWorkers: 2,
        tracedUntil: 1 << 34,
        keptSince: FrameGeneration(incarnation: 1, counter: 8),
        audit: AuditSchedule(fraction: 0.1, disputed: 1 << 33))

    static let timing = TimingMessage(
        offset: -0.5, through: .max,
        spans: Activity.allCases.enumerated().map {
            Span($1, step: 1 << 40, begin: Double($0), end: Double($0) + 0.5, busy: 0.25, layer: $0)
        })

    private func decode<M: Message>(_ bytes: [UInt8], as type: M.Type = M.self) throws -> M {
        try bytes.withUnsafeBytes { try M(decoding: $0) }
    }

    private func check<M: Message & Equatable>(_ message: M) throws {
        let bytes = message.encoded
        #expect(try decode(bytes, as: M.self) == message)
        for count in bytes.indices {
            #expect(throws: MalformedMessage.self, "\(M.name): \(count) of \(bytes.count) bytes") {
                try decode(Array(bytes.prefix(count)), as: M.self)
            }
        }
        #expect(throws: MalformedMessage.self, "a byte too many") { try decode(bytes + [0], as: M.self) }
    }

    @Test func roundTripsAndTruncation() throws {
        try check(Self.join)
        try check(ConnectionPurpose.heartbeat(worker: -1))
        try check(Self.mesh)
        try check(Self.welcome)
        try check(Self.prepared)
        try check(Self.formation)
        try check(Self.timing)
        try check(ContributionDigests(step: 17, digests: [1, .max, 0]))
        try check(AuditResult(step: 17, member: 2, gradients: [.max, 3], received: 1, recomputed: 1 << 63))
        try check(Heartbeat(clock: 1e5 + 0.25, sent: 1 << 40, received: 0, receivedFromMembers: .max))
    }

    /// What no clock can have shown would spoil sums and traces.
    @Test func impossibleTimes() {
        for (begin, end, busy) in [
            (2.0, 1.0, 0.0), (1, 2, 3), (1, .nan, 0), (.infinity, .infinity, 0), (1e12, 1e12, 0), (1, 2, -1),
        ] {
            var message = TimingMessage(
                offset: 0, through: 1, spans: [Span(.data, step: 0, begin: 1, end: 2)])
            (message.spans[0].begin, message.spans[0].end, message.spans[0].busy) = (begin, end, busy)
            #expect(throws: MalformedMessage.self, "\(begin) \(end) \(busy)") {
                try decode(message.encoded, as: TimingMessage.self)
            }
        }
        for offset in [Double.nan, .infinity, 1e10] {
            let message = TimingMessage(offset: offset, through: 1, spans: [])
            #expect(throws: MalformedMessage.self) { try decode(message.encoded, as: TimingMessage.self) }
        }
    }

    /// A span of a step that the job does not have would be waited for without end.
    @Test func stepsThatTheJobDoesNotHave() {
        func spans(_ steps: [Int]) -> TimingMessage {
            TimingMessage(
                offset: 0, through: .max, spans: steps.map { Span(.data, step: $0, begin: 1, end: 2) })
        }
        #expect(spans([]).isWithin(steps: 0) && spans([0, 7, 3]).isWithin(steps: 7))
        #expect(!spans([0, 8]).isWithin(steps: 7) && !spans([1 << 47]).isWithin(steps: 7))
    }

    /// There is one way to write yes.
    @Test func flagsAreZeroOrOne() {
        for byte in UInt8.min ... .max {
            let value = try? withUnsafeBytes(of: byte) {
                var reader = MessageReader($0, of: "test")
                return try reader.readBool()
            }
            #expect(value == (byte == 0 ? false : byte == 1 ? true : nil))
        }
    }

    /// The bits of numbers, not their values: −0 and NaN payloads too.
    @Test func numbersTravelAsBits() throws {
        var writer = MessageWriter()
        let floats: [Float] = [-0.0, Float(bitPattern: 0x7FC0_1234), .leastNonzeroMagnitude, -.infinity]
        for value in floats { writer.write(value) }
        writer.write(Double(bitPattern: 0x7FF8_0000_0000_0042))
        writer.write(Int.min)
        writer.write(true)
        writer.write(UInt16(0x1234))
        #expect(Array(writer.bytes.suffix(2)) == [0x34, 0x12], "little-endian")
        try writer.bytes.withUnsafeBytes { bytes in
            var reader = MessageReader(bytes, of: "test")
            for value in floats { #expect(try reader.readFloat().bitPattern == value.bitPattern) }
            #expect(try reader.readDouble().bitPattern == 0x7FF8_0000_0000_0042)
            #expect(try reader.readInt() == .min)
            #expect(try reader.readBool())
            #expect(try reader.read(UInt16.self) == 0x1234)
            try reader.finish()
        }
    }

    /// A length is believed only if so many bytes are there.
    @Test(arguments: [UInt32(1) << 31, .max, 1 << 24, 9])
    func hugeLengths(length: UInt32) {
        let bytes =
            withUnsafeBytes(of: length.littleEndian) { Array($0) } + Array(repeating: UInt8(0), count: 8)
        bytes.withUnsafeBytes { bytes in
            #expect(throws: MalformedMessage.self) {
                var reader = MessageReader(bytes, of: "test")
                _ = try reader.readBytes()
            }
            #expect(throws: MalformedMessage.self) {
                var reader = MessageReader(bytes, of: "test")
                _ = try reader.readString()
            }
            var calls = 0
            #expect(throws: MalformedMessage.self) {
                var reader = MessageReader(bytes, of: "test")
                _ = try reader.readList { reader throws(MalformedMessage) in
                    calls += 1
                    return try reader.readInt()
                }
            }
            #expect(calls == 0, "nothing is read of a list that cannot be there")
        }
    }

    /// Every byte of every message, damaged: an error or another message, never a crash.
    @Test func damagedBytes() {
        let messages = [
            Self.join.encoded, Self.mesh.encoded, Self.welcome.encoded, Self.prepared.encoded,
            Self.formation.encoded, Self.timing.encoded,
        ]
        var refused = 0
        for (kind, message) in messages.enumerated() {
            for index in message.indices {
                for damage: UInt8 in [0x01, 0x80, 0xFF] {
                    var bytes = message
                    bytes[index] ^= damage
                    do {
                        switch kind {
                        case 0, 1: _ = try decode(bytes, as: ConnectionPurpose.self)
                        case 2: _ = try decode(bytes, as: Welcome.self)
                        case 3: _ = try decode(bytes, as: Prepared.self)
                        case 4: _ = try decode(bytes, as: Formation.self)
                        default: _ = try decode(bytes, as: TimingMessage.self)
                        }
                    } catch {
                        refused += 1
                    }
                }
            }
        }
        #expect(refused > 100)
    }

    @Test func textMustBeUTF8() {
        var writer = MessageWriter()
        writer.write(bytes: [0xC3, 0x28])
        writer.bytes.withUnsafeBytes { bytes in
            _ = #expect(throws: MalformedMessage.self) {
                var reader = MessageReader(bytes, of: "test")
                _ = try reader.readString()
            }
        }
    }

    @Test func inconsistentFormations() {
        func refused(_ change: (inout Formation) -> Void) -> Bool {
            var formation = Self.formation
            change(&formation)
            return (try? decode(formation.encoded, as: Formation.self)) == nil
        }
        #expect(!refused { _ in })
        #expect(refused { $0.rank = 3 })
        #expect(refused { $0.rank = -1 })
        #expect(refused { $0.owners[5] = 3 })
        #expect(refused { $0.cuts = [0, 8] })
        #expect(refused { $0.cuts = [0, 5, 3, 8] })
        #expect(refused { $0.cuts = [1, 3, 4, 8] })
        #expect(refused { $0.cuts = [.min, 3, 4, 8] })
        #expect(refused { $0.firstStep = -1 })
        #expect(refused { $0.members = [] })
        #expect(refused { $0.firstStep = .max })
        #expect(refused { $0.members[1].endpoints = [] }, "nobody could dial it")
    }

    @Test func absurdWelcomes() {
        func refused(_ change: (inout Welcome) -> Void) -> Bool {
            var welcome = Self.welcome
            change(&welcome)
            return (try? decode(welcome.encoded, as: Welcome.self)) == nil
        }
        #expect(!refused { _ in })
        for seconds in [Double.nan, .infinity, 0, -1] {
            #expect(refused { $0.peerTimeout = seconds }, "\(seconds)")
        }
        for bytes in [Int.min, -1, 0, 1 << 47, .max] {
            #expect(refused { $0.datasets[0].byteCount = bytes }, "\(bytes)")
        }
    }

    @Test func chunksCoverADataSet() {
        for (bytes, chunks) in [(0, 0), (1, 1), (1 << 20, 1), ((1 << 20) + 1, 2), (5_000_000, 5)] {
            let ticket = DatasetTicket(role: .train, hash: [], byteCount: bytes)
            #expect(ticket.chunkCount == chunks)
            let ranges = (0..<chunks).map { ticket.range(ofChunk: $0) }
            #expect(ranges.reduce(0) { $0 + $1.count } == bytes)
            #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
        }
    }
}
