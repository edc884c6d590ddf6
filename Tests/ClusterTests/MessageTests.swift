import Cluster
import Collectives
import Testing
import Training
import Transport

/// Messages survive the way. Damaged ones are refused whole, and cost nothing.
@Suite struct MessageTests {
    // MARK: Every message of both directions

    /// Sends a message through its frame, and expects the same fields, and the same frame once more.
    private func check<M: FramedMessage>(_ message: M) throws {
        let frame = message.frame
        try frame.payload.withBytes { payload in
            let received = try M(frame.header, payload)
            // The description shows every field, and the address of bulk.
            #expect("\(received)" == "\(message)")
            #expect(received.frame.header == frame.header)
            #expect(received.frame.payload.bytes == frame.payload.bytes)
        }
        guard case .copied(let bytes) = frame.payload else { return }
        for count in bytes.indices { #expect(isRefused(M.self, frame.header, Array(bytes.prefix(count)))) }
        #expect(isRefused(M.self, frame.header, bytes + [0]), "a byte too many")
        for change in [
            { $0.step = 1 }, { $0.index = 1 }, { $0.detail = 1 }, { $0.flags = 1 }, { $0.kind = 239 },
        ] as [(inout FrameHeader) -> Void] {
            var header = frame.header
            change(&header)
            #expect(isRefused(M.self, header, bytes), "a header that is not its own: \(header)")
        }
    }

    private func isRefused<M: FramedMessage>(_ type: M.Type, _ header: FrameHeader, _ bytes: [UInt8]) -> Bool
    {
        do {
            try bytes.withUnsafeBytes { _ = try M(header, $0) }
            return false
        } catch {
            return error is MalformedMessage
        }
    }

    @Test func everyMessageToTheCoordinator() throws {
        let kinds = Set(MessageExamples.toCoordinator.map(\.frame.header.kind))
        #expect(kinds == Set(ToCoordinator.Kind.allCases.map(\.rawValue)))
        for message in MessageExamples.toCoordinator { try check(message) }
    }

    @Test func everyMessageToAWorker() throws {
        let kinds = Set(MessageExamples.toWorker.map(\.frame.header.kind))
        #expect(kinds == Set(ToWorker.Kind.allCases.map(\.rawValue)))
        for message in MessageExamples.toWorker { try check(message) }
    }

    @Test func probes() throws {
        #expect(
            Set(MessageExamples.probes.map(\.frame.header.kind))
                == Set(ProbeMessage.Kind.allCases.map(\.rawValue)))
        for message in MessageExamples.probes {
            // Any bytes are an echo.
            if case .echo(let bytes) = message {
                let frame = message.frame
                let read = try bytes.withUnsafeBytes { try ProbeMessage(frame.header, $0) }
                #expect(read == message)
            } else {
                try check(message)
            }
        }
    }

    @Test func heartbeats() throws {
        try check(MessageExamples.heartbeat)
        try check(MessageExamples.heartbeatAnswer)
    }

    /// A frame of the other direction, of the mesh or of the handshake is no message of this one.
    @Test func kindsOfBothDirectionsDiffer() {
        let toCoordinator = ToCoordinator.Kind.allCases.map(\.rawValue)
        let toWorker = ToWorker.Kind.allCases.map(\.rawValue)
        let heartbeats = [
            MessageExamples.heartbeat.frame.header.kind, MessageExamples.heartbeatAnswer.frame.header.kind,
        ]
        let all = toCoordinator + toWorker + heartbeats
        #expect(Set(all).count == all.count)
        for kind in UInt8.min ... .max {
            if !toCoordinator.contains(kind) {
                #expect(isRefused(ToCoordinator.self, FrameHeader(kind: kind), []), "\(kind)")
            }
            if !toWorker.contains(kind) {
                #expect(isRefused(ToWorker.self, FrameHeader(kind: kind), []), "\(kind)")
            }
            #expect(!all.contains(kind) || Envelope.Kind(rawValue: kind) == nil)
        }
    }

    // MARK: Bulk

    /// A model with more than 1.43 · 10⁹ parameters and Adam, at one owner: the offset of its part of a
    /// snapshot, in floats, does not fit 32 bits.
    @Test func offsetsBeyond32Bits() throws {
        for offset in [1 << 32, 1 << 32 + 1, 3 << 33 + 7, 1 << 47] {
            let sent = ToCoordinator.snapshot(
                SnapshotRun(step: 5, rank: 1, offset: offset), MessageExamples.floats)
            let received = try ToCoordinator(sent.frame.header, MessageExamples.bytes)
            guard case .snapshot(let run, let floats) = received else {
                Issue.record("\(received)")
                return
            }
            #expect(run == SnapshotRun(step: 5, rank: 1, offset: offset))
            #expect(Array(floats) == Array(MessageExamples.floats))
            let state = ToWorker.state(StateRun(section: 2, offset: offset), MessageExamples.floats)
            guard case .state(let run)? = try ToWorker.BulkHeader(state.frame.header) else {
                Issue.record("the header of a run of the state was not understood")
                return
            }
            #expect(run == StateRun(section: 2, offset: offset))
        }
    }

    @Test func impossibleBulkHeaders() {
        let snapshot = ToCoordinator.snapshot(
            SnapshotRun(step: 5, rank: 1, offset: 0), MessageExamples.floats)
        let state = ToWorker.state(StateRun(section: 1, offset: 0), MessageExamples.floats)
        func isRefused(_ header: FrameHeader, _ change: (inout FrameHeader) -> Void, bytes: Int = 20) -> Bool
        {
            var header = header
            change(&header)
            let payload = [UInt8](repeating: 0, count: bytes)
            return self.isRefused(ToCoordinator.self, header, payload)
                && self.isRefused(ToWorker.self, header, payload)
        }
        #expect(isRefused(snapshot.frame.header, { _ in }, bytes: 19), "no floats")
        #expect(isRefused(snapshot.frame.header, { $0.detail = 1 << 63 }))
        #expect(isRefused(snapshot.frame.header, { $0.step = 1 << 63 }))
        #expect(isRefused(snapshot.frame.header, { $0.flags = 1 }))
        #expect(isRefused(state.frame.header, { $0.detail = .max }))
        #expect(isRefused(state.frame.header, { $0.step = 1 }))
        #expect(isRefused(state.frame.header, { _ in }, bytes: 18))
    }

    @Test func meshMessages() {
        let envelopes = [
            Envelope(.partial, step: 1 << 40, index: 1 << 31, part: 1 << 31), Envelope(.control, step: 0),
        ]
        let generation = FrameGeneration(incarnation: 2, counter: 3)
        for envelope in envelopes {
            let plain = MeshMessage(MeshMessage(envelope).header(of: generation))
            #expect(plain?.envelope == envelope && plain?.memoryOffset == nil)
            for offset in [0, 64, 64 * Int(UInt32.max)] {
                let header = MeshMessage(envelope, memoryOffset: offset)?.header(of: generation)
                #expect(header?.generation == generation)
                let shared = header.flatMap { MeshMessage($0) }
                #expect(shared?.envelope == envelope && shared?.memoryOffset == offset)
            }
            for offset in [1, 63, 64 * (Int(UInt32.max) + 1)] {
                #expect(MeshMessage(envelope, memoryOffset: offset) == nil)
            }
        }
        for header in [
            FrameHeader(kind: 0), FrameHeader(kind: 17), FrameHeader(kind: 1, flags: 2),
            FrameHeader(kind: 1, step: 1 << 48),
        ] {
            #expect(MeshMessage(header) == nil, "\(header)")
        }
    }

    // MARK: Damage

    /// Every byte of every payload, damaged: an error or another message, never a crash.
    @Test func damagedBytes() {
        func refused<M: FramedMessage>(_ message: M) -> Int {
            guard case .copied(let payload) = message.frame.payload else { return 0 }
            return payload.indices.reduce(0) { sum, index in
                sum
                    + [0x01, 0x80, 0xFF].count { (damage: UInt8) in
                        var bytes = payload
                        bytes[index] ^= damage
                        return isRefused(M.self, message.frame.header, bytes)
                    }
            }
        }
        let refusals =
            MessageExamples.toCoordinator.reduce(0) { $0 + refused($1) }
            + MessageExamples.toWorker.reduce(0) { $0 + refused($1) }
        #expect(refusals > 500)
    }

    // MARK: Purposes of connections

    @Test func purposes() throws {
        for purpose in MessageExamples.purposes {
            let bytes = purpose.encoded
            #expect(try bytes.withUnsafeBytes { try ConnectionPurpose(decoding: $0, named: "g") } == purpose)
            for count in 0...bytes.count + 1 where count != bytes.count {
                let changed = count < bytes.count ? Array(bytes.prefix(count)) : bytes + [0]
                #expect(throws: MalformedMessage.self) {
                    try changed.withUnsafeBytes { try ConnectionPurpose(decoding: $0, named: "greeting") }
                }
            }
        }
        #expect(throws: MalformedMessage("a message `greeting` is malformed at byte 1 of 1")) {
            try [UInt8(9)].withUnsafeBytes { try ConnectionPurpose(decoding: $0, named: "greeting") }
        }
    }
}

extension MessageFrame.Payload {
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        switch self {
        case .copied(let bytes): try bytes.withUnsafeBytes(body)
        case .borrowed(let bytes): try body(bytes)
        }
    }

    var bytes: [UInt8] { withBytes { Array($0) } }
}
