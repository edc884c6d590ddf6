import CSystem
import Platform
import Synchronization
import Testing
import Transport

/// Linux has anonymous memory that another process can open. Elsewhere everything stays on sockets, as in
/// `nonsenseOffersAreDeclined`.
private let isLinux: Bool = {
    #if os(Linux)
        true
    #else
        false
    #endif
}()

/// Two connected ends, each on a reactor and thread of its own, both in shared memory.
private final class Ends: @unchecked Sendable {  // each end is touched on its own loop
    let dialling: TestLoop
    let listening: TestLoop
    var dialled: Connection?
    var accepted: Connection?
    /// The accepted end is in shared memory; until then `whenShared` waits for that.
    private var isShared = false
    private var whenShared: () -> Void = {}

    init(_ protection: Protection = .tls) async throws {
        let (dialling, listening) = (try TestLoop(), try TestLoop())
        self.dialling = dialling
        self.listening = listening
        let endpoint: Endpoint = try await listening.run { [self] reactor, finish in
            let server = try reactor.listen(
                Endpoint(host: "127.0.0.1", port: 0), handshake: { listener(token, protection) },
                accepted: { connection, _ in
                    self.accepted = connection
                    connection.shareMemoryIfLocal(offers: false) { _ in
                        self.isShared = true
                        self.whenShared()
                    }
                })
            finish(.success(server.localAddress.endpoint))
        }
        let _: Bool = try await dialling.run { [self] reactor, finish in
            reactor.dial([endpoint], handshake: { dialler(token, protection) }) { result in
                switch result {
                case .failure(let error): finish(.failure(error))
                case .success(let (connection, _)):
                    self.dialled = connection
                    connection.shareMemoryIfLocal(offers: true) { _ in finish(.success(true)) }
                }
            }
        }
        // The last message of the agreement may still be on its way to the accepted end.
        let _: Bool = try await listening.run { [self] _, finish in
            if isShared { return finish(.success(true)) }
            whenShared = { finish(.success(true)) }
        }
    }
}

@Suite(.serialized) struct SharedMemoryStreamTests {
    /// A ring behaves like a queue, with random sizes and a capacity that they do not divide.
    @Test func ringIsAQueue() throws {
        let capacity = 1009
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: Int(CSYSTEM_RING_HEADER) + 2 * capacity, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: Int(CSYSTEM_RING_HEADER) + 2 * capacity)
        defer { memory.deallocate() }
        csystem_ring_begin(memory)
        for direction: Int32 in [0, 1] {
            var writer = csystem_ring_at(memory, direction, UInt64(capacity))
            var reader = csystem_ring_at(memory, direction, UInt64(capacity))
            var queue: [UInt8] = []
            var (isReaderWaiting, isWriterWaiting) = (true, false)
            for (turn, size) in pattern(4000, seed: UInt64(direction) + 3).enumerated() {
                let bytes = pattern(Int(size) * 5, seed: UInt64(turn))
                if turn % 2 == 0 {
                    var mustWake: Int32 = 0
                    let count = csystem_ring_write(&writer, bytes, bytes.count, &mustWake)
                    #expect(count == min(bytes.count, capacity - queue.count))
                    #expect((mustWake == 1) == (isReaderWaiting && count > 0))
                    if count > 0 { isReaderWaiting = false }
                    if count < bytes.count { isWriterWaiting = true }
                    queue += bytes.prefix(count)
                } else {
                    var mustWake: Int32 = 0
                    var got = [UInt8](repeating: 0, count: bytes.count)
                    let count = csystem_ring_read(&reader, &got, got.count, &mustWake)
                    try #require(count == min(got.count, queue.count))
                    #expect(Array(got.prefix(count)) == Array(queue.prefix(count)))
                    queue.removeFirst(count)
                    #expect(!(isWriterWaiting && count > 0 && queue.count <= capacity / 2) || mustWake == 1)
                    if mustWake == 1 { isWriterWaiting = false }
                    if count < got.count { isReaderWaiting = true }
                }
            }
        }
    }

    /// An impossible position of the other side is refused.
    @Test func nonsensePositionsAreRefused() {
        let capacity = 64
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: Int(CSYSTEM_RING_HEADER) + 2 * capacity, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: Int(CSYSTEM_RING_HEADER) + 2 * capacity)
        defer { memory.deallocate() }
        var (writer, reader) = (csystem_ring_at(memory, 0, 64), csystem_ring_at(memory, 0, 64))
        var (bytes, mustWake) = ([UInt8](repeating: 1, count: 100), Int32(0))
        for position: UInt64 in [65, 1 << 40, 1 << 63] {
            memory.storeBytes(of: position, as: UInt64.self)
            #expect(csystem_ring_read(&reader, &bytes, bytes.count, &mustWake) == -1)
            memory.storeBytes(of: position, toByteOffset: 64, as: UInt64.self)
            #expect(csystem_ring_write(&writer, bytes, bytes.count, &mustWake) == -1)
        }
    }

    /// 200 MB go each way at once, between two threads, in frames of many sizes.
    @Test(.enabled(if: isLinux, "this system has no anonymous memory to share"), arguments: protections)
    func bulkBothWays(_ protection: Protection) async throws {
        let ends = try await Ends(protection)
        let sizes = [
            1 << 20, 32 << 10, (32 << 10) - 1, 999_999, 64 << 10, 1, 0, 512 << 10, 70_001, (512 << 10) - 48,
            256 << 10,
        ]
        @Sendable func exchange(_ isDialler: Bool) async throws -> [Int] {
            let loop = isDialler ? ends.dialling : ends.listening
            return try await loop.run { reactor, finish in
                guard let connection = isDialler ? ends.dialled : ends.accepted else {
                    throw Unexpected(what: "no connection")
                }
                final class State { var got = 0; var wrong = 0; var frames = 0; var released = 0 }
                let state = State()
                let count = 1000
                let source = pattern(2 << 20, seed: 5)
                let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 64)
                let target = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
                memory.copyBytes(from: source)
                func finishIfDone() {
                    guard state.frames == count, state.released == count else { return }
                    finish(.success([state.wrong, connection.isInMemory ? 1 : 0]))
                }
                connection.destination = {
                    UnsafeMutableRawBufferPointer(rebasing: target[..<$0.payloadLength])
                }
                connection.closed = { finish(.failure($0 ?? .truncated(peer: "closed"))) }
                connection.received = { header, payload in
                    let (size, offset) = (
                        sizes[state.frames % sizes.count], (state.frames * 4099) % (1 << 20)
                    )
                    let isRight = payload.count == size && Int(header.index) == state.frames
                    if !isRight
                        || size > 0 && memcmp(payload.baseAddress!, memory.baseAddress! + offset, size) != 0
                    {
                        state.wrong += 1
                    }
                    state.frames += 1
                    finishIfDone()
                }
                for index in 0..<count {
                    let (size, offset) = (sizes[index % sizes.count], (index * 4099) % (1 << 20))
                    connection.send(
                        FrameHeader(kind: 1, index: UInt32(index)),
                        borrowing: UnsafeRawBufferPointer(
                            rebasing: UnsafeRawBufferPointer(memory)[offset..<offset + size]),
                        sent: {
                            state.released += 1
                            finishIfDone()
                        })
                }
            }
        }
        async let one = exchange(true)
        async let other = exchange(false)
        let results = try await [one, other]
        #expect(results == [[0, 1], [0, 1]])
    }

    /// A reader that pauses stops the writer and loses nothing, and reads everything that was written before
    /// the end.
    @Test(.enabled(if: isLinux, "this system has no anonymous memory to share"), arguments: protections)
    func pausesAndEnds(_ protection: Protection) async throws {
        let ends = try await Ends(protection)
        let payload = pattern(300_000, seed: 9)
        let _: Bool = try await ends.dialling.run { _, finish in
            for index in 0..<40 { ends.dialled?.send(FrameHeader(kind: 1, index: UInt32(index)), payload) }
            ends.dialled?.finish(within: 120)
            finish(.success(true))
        }
        let got: Int = try await ends.listening.run { reactor, finish in
            guard let connection = ends.accepted else { throw Unexpected(what: "no connection") }
            final class State { var frames = 0; var wrong = 0 }
            let state = State()
            func read() {
                connection.received = { header, bytes in
                    if header.index != UInt32(state.frames) || !bytes.elementsEqual(payload) {
                        state.wrong += 1
                    }
                    state.frames += 1
                    if state.frames % 3 == 0 {
                        connection.received = nil
                        reactor.after(0.001) { read() }
                    }
                }
            }
            connection.closed = {
                finish($0.map { .failure($0) } ?? .success(state.wrong == 0 ? state.frames : -1))
            }
            read()
        }
        #expect(got == 40)
    }

    /// A peer vanishes in the middle of a frame.
    @Test(.enabled(if: isLinux, "this system has no anonymous memory to share"), arguments: protections)
    func vanishes(_ protection: Protection) async throws {
        let ends = try await Ends(protection)
        let _: Bool = try await ends.dialling.run { reactor, finish in
            ends.dialled?.send(FrameHeader(kind: 1), pattern(2 << 20, seed: 1))  // more than the ring holds
            reactor.after(0.01) {
                ends.dialled?.close()
                finish(.success(true))
            }
        }
        let reason: TransportError? = try await ends.listening.run { _, finish in
            ends.accepted?.closed = { finish(.success($0)) }
            ends.accepted?.received = { _, _ in finish(.failure(Unexpected(what: "a whole frame"))) }
        }
        guard case .truncated = reason else { throw Unexpected(what: "\(reason as Any)") }
    }

    /// After an impossible offer everything continues through the socket.
    @Test func nonsenseOffersAreDeclined() async throws {
        let null = open("/dev/null", O_RDWR)
        defer { close(null) }
        func bytes(_ value: Int32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
        func size(_ count: UInt64) -> [UInt8] { withUnsafeBytes(of: count.littleEndian) { Array($0) } }
        let offers: [[UInt8]] = [
            [], [1], pattern(48, seed: 1),
            bytes(getpid()) + bytes(null) + size(1 << 20) + pattern(32, seed: 2),
            bytes(getpid()) + bytes(9999) + size(1 << 20) + pattern(32, seed: 2),
            bytes(getpid()) + bytes(null) + size(.max) + pattern(32, seed: 2),
            bytes(getpid()) + bytes(null) + size(0) + pattern(32, seed: 2),
            bytes(-1) + bytes(-1) + size(1 << 20) + pattern(32, seed: 3), pattern(2000, seed: 4),
        ]
        for offer in offers {
            let loop = try TestLoop()
            let client = Mutex<Bool?>(nil)
            let got: [UInt8] = try await loop.run { reactor, finish in
                let server = try reactor.listen(
                    Endpoint(host: "127.0.0.1", port: 0), handshake: { listener(token, .plaintext) },
                    accepted: { connection, _ in
                        connection.closed = { if let reason = $0 { finish(.failure(reason)) } }
                        connection.shareMemoryIfLocal(offers: false) { _ in
                            client.withLock { $0 = connection.isInMemory }
                            connection.received = { _, payload in finish(.success(Array(payload))) }
                        }
                    })
                let port = server.localAddress.port
                try startClient {
                    do {
                        let client = try RawClient(port: port)
                        try client.authenticate(token)
                        try client.write(FrameHeader(kind: 0xf5).encoded(payload: offer))
                        guard try client.readFrame() == (0xf6, []) else {
                            throw Unexpected(what: "another answer")
                        }
                        try client.write(FrameHeader(kind: 3).encoded(payload: [4, 5]))
                        _ = try client.readToEnd()
                    } catch { finish(.failure(error)) }
                }
            }
            #expect(got == [4, 5])
            #expect(client.withLock { $0 } == false)
        }
    }
}
