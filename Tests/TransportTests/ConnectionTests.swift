import Testing
import Transport

let protections = [Protection.tls, .plaintext]

@Suite(.serialized) struct ConnectionTests {
    @Test(arguments: protections) func manyFramesArriveInOrder(_ protection: Protection) async throws {
        let loop = try TestLoop()
        let wrong: Int = try await loop.run { reactor, finish in
            try connect(
                reactor, protection,
                { dialled, accepted in
                    final class State { var next = 0; var wrong = 0 }
                    let state = State()
                    accepted.received = { header, payload in
                        let index = state.next
                        state.next += 1
                        let expected = pattern(index % 700, seed: UInt64(index))
                        if header.index != UInt32(index) || header.step != UInt64(index) << 33
                            || !payload.elementsEqual(expected)
                        {
                            state.wrong += 1
                        }
                        if state.next == 20_000 { finish(.success(state.wrong)) }
                    }
                    accepted.closed = { finish(.failure($0 ?? .truncated(peer: "closed"))) }
                    for index in 0..<20_000 {
                        dialled.send(
                            FrameHeader(kind: 5, step: UInt64(index) << 33, index: UInt32(index)),
                            pattern(index % 700, seed: UInt64(index)))
                    }
                }, failed: { finish(.failure($0)) })
        }
        #expect(wrong == 0)
    }

    /// 100 MB arrive intact in frames of many sizes, borrowed at one end and read into named memory at the
    /// other.
    @Test(arguments: protections) func bulkArrivesWhereItBelongs(_ protection: Protection) async throws {
        let loop = try TestLoop()
        let sizes = [1 << 20, 32 << 10, (32 << 10) - 1, 9_999_999, 64 << 10, 1, 0, 5 << 20, 70_001]
        let total = 100 << 20
        let result: [Int] = try await loop.run { reactor, finish in
            let source = UnsafeMutableRawBufferPointer.allocate(byteCount: 10 << 20, alignment: 64)
            let target = UnsafeMutableRawBufferPointer.allocate(byteCount: 10 << 20, alignment: 64)
            source.copyBytes(from: pattern(10 << 20, seed: 11))
            try connect(
                reactor, protection,
                { dialled, accepted in
                    final class State {
                        var got = 0; var wrong = 0; var released = 0; var sentFrames = 0; var gotFrames = 0
                    }
                    let state = State()
                    accepted.destination = { header in
                        UnsafeMutableRawBufferPointer(rebasing: target[..<header.payloadLength])
                    }
                    accepted.received = { header, payload in
                        state.got += payload.count
                        state.gotFrames += 1
                        let offset = Int(header.detail)
                        if !payload.elementsEqual(source[offset..<offset + payload.count]) {
                            state.wrong += 1
                        }
                        if header.flags == 1 {
                            reactor.after(0) {
                                finish(.success([state.got, state.wrong, state.sentFrames - state.released]))
                            }
                        }
                    }
                    accepted.closed = { finish(.failure($0 ?? .truncated(peer: "closed"))) }
                    var (sent, index) = (0, 0)
                    while sent < total {
                        let size = min(sizes[index % sizes.count], total - sent)
                        let offset = (index * 4099) % ((10 << 20) - size)
                        sent += size
                        index += 1
                        state.sentFrames += 1
                        dialled.send(
                            FrameHeader(kind: 1, flags: sent == total ? 1 : 0, detail: UInt64(offset)),
                            borrowing: UnsafeRawBufferPointer(
                                rebasing: UnsafeRawBufferPointer(source)[offset..<offset + size]),
                            sent: { state.released += 1 })
                    }
                }, failed: { finish(.failure($0)) })
        }
        #expect(result == [total, 0, 0])
    }

    /// Everything except the second half of the last frame leaves at once. If the rest never follows, as when
    /// the process dies, the frame is not delivered; here its connection is closed instead.
    @Test(arguments: protections) func halfOfAFrame(_ protection: Protection) async throws {
        let loop = try TestLoop()
        let (frames, bytes, reason): (Int, UInt64, TransportError?) = try await loop.run { reactor, finish in
            let whole = [UInt8](repeating: 3, count: 1_000)
            let source = UnsafeMutableRawBufferPointer.allocate(byteCount: 40_000, alignment: 64)
            source.copyBytes(from: pattern(40_000, seed: 5))
            try connect(
                reactor, protection,
                { dialled, accepted in
                    final class State { var frames = 0 }
                    let (state, before) = (State(), accepted.bytesReceived)
                    accepted.received = { _, _ in state.frames += 1 }
                    accepted.closed = {
                        finish(.success((state.frames, accepted.bytesReceived - before, $0)))
                    }
                    dialled.send(FrameHeader(kind: 1), whole)
                    dialled.send(FrameHeader(kind: 1), borrowing: UnsafeRawBufferPointer(source))
                    dialled.pushHalfOfLastFrame()
                    #expect(dialled.pendingBytes == 20_000)
                    dialled.close()
                    source.deallocate()
                }, failed: { finish(.failure($0)) })
        }
        #expect(frames == 1)
        #expect(bytes == 48 + 1_000 + 48 + 20_000)
        guard case .truncated = reason else {
            Issue.record(
                "a frame that ends in its midst is truncated, not: \(reason.map { "\($0)" } ?? "an end")")
            return
        }
    }

    /// The rest of a frame follows by itself if the process lives on.
    @Test(arguments: protections) func bothHalvesOfAFrame(_ protection: Protection) async throws {
        let loop = try TestLoop()
        let right: Bool = try await loop.run { reactor, finish in
            let source = UnsafeMutableRawBufferPointer.allocate(byteCount: 40_001, alignment: 64)
            source.copyBytes(from: pattern(40_001, seed: 6))
            try connect(
                reactor, protection,
                { dialled, accepted in
                    accepted.received = { _, payload in
                        let isRight = payload.elementsEqual(source)
                        source.deallocate()
                        finish(.success(isRight))
                    }
                    dialled.send(FrameHeader(kind: 1), borrowing: UnsafeRawBufferPointer(source))
                    dialled.pushHalfOfLastFrame()
                }, failed: { finish(.failure($0)) })
        }
        #expect(right)
    }

    /// While megabytes wait on one connection, a round trip on another takes only a few turns of the loop.
    @Test(arguments: protections) func urgentFramesOvertakeBulk(_ protection: Protection) async throws {
        let loop = try TestLoop()
        let payload = Array(repeating: UInt8(7), count: 64 << 20)
        let bulkLeft: Int = try await loop.run { reactor, finish in
            try connect(
                reactor, protection,
                { bulk, bulkEnd in
                    do {
                        try connect(
                            reactor, protection, priority: 1,
                            { urgent, urgentEnd in
                                bulkEnd.received = { _, _ in }
                                urgentEnd.received = { header, _ in urgentEnd.send(header) }
                                urgent.received = { header, _ in
                                    if header.step == 5 { finish(.success(bulk.pendingBytes)) }
                                    var next = header
                                    next.step += 1
                                    urgent.send(next)
                                }
                                bulk.send(FrameHeader(kind: 1), payload)
                                urgent.send(FrameHeader(kind: 2))
                            }, failed: { finish(.failure($0)) })
                    } catch { finish(.failure(error)) }
                }, failed: { finish(.failure($0)) })
        }
        #expect(bulkLeft > 32 << 20, "six round trips took as long as \((64 << 20) - bulkLeft) bytes of bulk")
    }

    @Test(arguments: protections) func drainedAndFinishDeliverEverythingFirst(_ protection: Protection)
        async throws
    {
        let loop = try TestLoop()
        let result: [Int] = try await loop.run { reactor, finish in
            try connect(
                reactor, protection,
                { dialled, accepted in
                    final class State { var bytes = 0; var drained = 0 }
                    let state = State()
                    accepted.received = { _, payload in state.bytes += payload.count }
                    accepted.closed = { reason in
                        finish(.success([state.bytes, state.drained, reason == nil ? 0 : 1]))
                    }
                    dialled.drained = { state.drained += 1 }
                    dialled.send(FrameHeader(kind: 1), [1, 2, 3])
                    reactor.after(0.01) {
                        dialled.send(FrameHeader(kind: 1), pattern(3 << 20, seed: 5))
                        dialled.finish()
                    }
                }, failed: { finish(.failure($0)) })
        }
        #expect(result == [3 + (3 << 20), 1, 0])
    }

    @Test(arguments: protections) func closingInAHandlerIsSafe(_ protection: Protection) async throws {
        let loop = try TestLoop()
        let received: Int = try await loop.run { reactor, finish in
            try connect(
                reactor, protection,
                { dialled, accepted in
                    final class State { var count = 0 }
                    let state = State()
                    accepted.received = { _, _ in
                        state.count += 1
                        accepted.close()
                    }
                    dialled.received = { _, _ in }
                    dialled.closed = { _ in finish(.success(state.count)) }
                    for _ in 0..<100 { dialled.send(FrameHeader(kind: 1), [1]) }
                }, failed: { finish(.failure($0)) })
        }
        #expect(received == 1)
    }
}

/// Every kind of wrong input closes the connection with its own error.
@Suite(.serialized) struct ConnectionViolationTests {
    /// Returns the error of an authenticated connection whose peer wrote `bytes` and then, if asked, ended.
    private func error(
        after bytes: [UInt8], ends: Bool = false, pieces: Int? = nil,
        configure: @escaping @Sendable (Connection) -> Void = { _ in }
    ) async throws -> (error: TransportError?, frames: Int) {
        let loop = try TestLoop()
        struct Found: Sendable { var error: TransportError?; var frames: Int }
        let found: Found = try await loop.run { reactor, finish in
            final class State { var frames = 0 }
            let state = State()
            let server = try reactor.listen(
                Endpoint(host: "127.0.0.1", port: 0), handshake: { listener(token, .plaintext) },
                accepted: { connection, _ in
                    connection.peer = "10.0.0.3:7070"
                    connection.maximumPayload = 1 << 20
                    connection.isKnownKind = { $0 < 10 }
                    configure(connection)
                    connection.received = { _, _ in state.frames += 1 }
                    connection.closed = { finish(.success(Found(error: $0, frames: state.frames))) }
                }, failed: { finish(.failure($0)) })
            let port = server.localAddress.port
            try startClient {
                let client = try RawClient(port: port)
                try client.authenticate(token, pieces: pieces)
                try client.write(bytes, pieces: pieces)
                if ends { client.endWriting() }
                _ = try client.readToEnd()
            }
        }
        return (found.error, found.frames)
    }

    private let good = FrameHeader(kind: 3).encoded(payload: [1, 2, 3, 4])

    @Test func aByteAtATime() async throws {
        let found = try await error(after: good + good, ends: true, pieces: 1)
        #expect(found.error == nil && found.frames == 2)
    }

    @Test func damagedPayloadAndHeader() async throws {
        for index in good.indices {
            var frame = good
            frame[index] ^= 0x10
            let found = try await error(after: good + frame)
            #expect(found.error == .corruptFrame(peer: "10.0.0.3:7070") && found.frames == 1, "byte \(index)")
        }
    }

    @Test func otherBytesAfterAFrame() async throws {
        let found = try await error(after: good + Array("GET / HTTP/1.1\r\n\r\n".utf8))
        #expect(found.error == .corruptFrame(peer: "10.0.0.3:7070"))
    }

    @Test func tooLong() async throws {
        var header = FrameHeader(kind: 3).encoded(payload: [UInt8](repeating: 0, count: (1 << 20) + 1))
        header.removeLast((1 << 20) + 1)
        let found = try await error(after: header)
        #expect(
            found.error.map { "\($0)" }
                == "10.0.0.3:7070 sent a frame of 1048577 bytes, at most 1048576 are allowed;"
                + " check that both sides run the same version"
        )
    }

    @Test func unknownKind() async throws {
        let found = try await error(after: FrameHeader(kind: 10).encoded(payload: []))
        #expect(found.error == .unknownKind(peer: "10.0.0.3:7070", kind: 10))
    }

    @Test func otherVersion() async throws {
        let found = try await error(after: FrameHeader(kind: 3).encoded(payload: [], version: 5))
        #expect(
            found.error.map { "\($0)" }
                == "10.0.0.3:7070 runs protocol version 5, this side protocol version 4;"
                + " install the same version on both"
        )
    }

    @Test func truncated() async throws {
        for count in [1, 47, 48, 51] {
            let found = try await error(after: good + good.prefix(count), ends: true)
            #expect(found.error == .truncated(peer: "10.0.0.3:7070") && found.frames == 1)
        }
    }

    @Test func unexpectedLength() async throws {
        let place = Place()
        let found = try await error(after: good) { $0.destination = { _ in place.bytes } }
        #expect(found.error == .unexpectedLength(peer: "10.0.0.3:7070", kind: 3, bytes: 4, expected: 8))
    }

    @Test func aHandlersErrorNamesThePeer() async throws {
        let found = try await error(after: good) { $0.destination = { _ in throw Complaint() } }
        #expect(found.error.map { "\($0)" } == "10.0.0.3:7070: of an ended generation")
    }

    private struct Complaint: Error, CustomStringConvertible { let description = "of an ended generation" }
    private final class Place: @unchecked Sendable {  // only its address and count are looked at
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
        deinit { bytes.deallocate() }
    }
}
