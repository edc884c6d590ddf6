import Synchronization
import System
import Testing
import Transport

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

struct TookTooLong: Error {}
struct Unexpected: Error { var what: String }

/// Runs a reactor for one test. `run` posts a body to the loop; the body, or what it sets up, calls `finish` once.
final class TestLoop: Sendable {
    let reactor: Reactor

    init() throws {
        reactor = try Reactor(name: "test")
        try reactor.start()
    }

    deinit { reactor.stopAndJoin() }

    func run<T: Sendable>(
        seconds: Double = 30,
        _ body:
            @escaping @Sendable (Reactor, @escaping @Sendable (Result<T, any Error>) -> Void) throws -> Void
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let waiting = Mutex<CheckedContinuation<T, any Error>?>(continuation)
            let once = Once(waiting)
            reactor.post { [reactor] in
                reactor.after(seconds) { once.finish(.failure(TookTooLong())) }
                do { try body(reactor) { once.finish($0) } } catch { once.finish(.failure(error)) }
            }
        }
    }
}

private final class Once<T: Sendable>: Sendable {
    private let waiting: Mutex<CheckedContinuation<T, any Error>?>

    init(_ waiting: consuming Mutex<CheckedContinuation<T, any Error>?>) { self.waiting = waiting }

    func finish(_ result: Result<T, any Error>) {
        let continuation = waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
        continuation?.resume(with: result)
    }
}

/// What a client does, on a thread of its own, whatever keeps those of the tests busy. How it fares shows on the other side.
func startClient(_ body: @escaping @Sendable () throws -> Void) throws {
    try spawnThread(name: "client") { try? body() }.detach()
}

/// A blocking client that writes what it likes; every wait ends after 20 seconds.
final class RawClient: @unchecked Sendable {  // one thread after the other
    private let descriptor: Int32

    init(port: UInt16) throws {
        #if canImport(Darwin)
            descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #else
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafeBytes(of: &address) { raw in
            raw.withMemoryRebound(to: sockaddr.self) {
                connect(descriptor, $0.baseAddress!, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Unexpected(what: "connect") }
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8], pieces: Int? = nil) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.prefix(pieces ?? rest.count).withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, noSignal)
            }
            guard sent > 0 else { throw Unexpected(what: "send") }
            rest = rest.dropFirst(sent)
        }
    }

    func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    func read(exactly count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var piece = [UInt8](repeating: 0, count: count - bytes.count)
            let got = recv(descriptor, &piece, piece.count, 0)
            guard got > 0 else { throw Unexpected(what: "end of stream") }
            bytes += piece.prefix(got)
        }
        return bytes
    }

    func readFrame() throws -> (kind: UInt8, payload: [UInt8]) {
        let header = try read(exactly: 48)
        let length = Int(header[8]) | Int(header[9]) << 8 | Int(header[10]) << 16
        return (header[6], try read(exactly: length))
    }

    /// What the other side sends until it closes.
    func readToEnd() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            var piece = [UInt8](repeating: 0, count: 4096)
            let got = recv(descriptor, &piece, piece.count, 0)
            if got == 0 { return bytes }
            guard got > 0 else { throw Unexpected(what: "no end of stream") }
            bytes += piece.prefix(got)
        }
    }

    /// Goes through the handshake as a dialler, writing so many bytes at a time.
    func authenticate(_ token: SharedToken, pieces: Int? = nil) throws {
        var handshake = Handshake.dialler(Credentials(token, .plaintext), program: "raw 1", context: [1, 2])
        var frames = handshake.start()
        while true {
            for frame in frames {
                try write(FrameHeader(kind: frame.kind).encoded(payload: frame.payload), pieces: pieces)
            }
            let (kind, payload) = try readFrame()
            let (next, outcome) = handshake.receive(kind, payload)
            frames = next
            switch outcome {
            case .proceeds: continue
            case .authenticated: return
            case .failed(let error): throw error
            }
        }
    }
}

var noSignal: Int32 {
    #if canImport(Darwin)
        0
    #else
        Int32(MSG_NOSIGNAL)
    #endif
}

let token = SharedToken.random()

func dialler(_ token: SharedToken = token, _ protection: Protection = .tls, context: [UInt8] = [])
    -> Handshake
{
    .dialler(Credentials(token, protection), program: "test 1", context: context)
}

func listener(_ token: SharedToken = token, _ protection: Protection = .tls) -> Handshake {
    .listener(Credentials(token, protection), program: "test 1")
}

/// A pair of authenticated connections on one reactor.
func connect(
    _ reactor: Reactor, _ protection: Protection = .tls, priority: Int = 0,
    _ ready: @escaping (_ dialled: Connection, _ accepted: Connection) -> Void,
    failed: @escaping (any Error) -> Void
) throws {
    var accepted: Connection?
    var dialled: Connection?
    var server: Listener?
    func check() {
        guard let accepted, let dialled else { return }
        server?.close()
        ready(dialled, accepted)
    }
    let made = try reactor.listen(
        Endpoint(host: "127.0.0.1", port: 0), priority: priority, handshake: { listener(token, protection) },
        accepted: { connection, _ in
            accepted = connection
            check()
        }, failed: { failed($0) })
    server = made
    reactor.dial([made.localAddress.endpoint], priority: priority, handshake: { dialler(token, protection) })
    { result in
        switch result {
        case .failure(let error): failed(error)
        case .success(let (connection, _)):
            dialled = connection
            check()
        }
    }
}

func pattern(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state >> 24)
    }
}
