import Synchronization
import System
import Testing
import Threads
import Transport

struct TookTooLong: Error {}
struct Unexpected: Error { var what: String }

/// Runs a reactor for one test. `run` posts a body to the loop; the body, or one of its callbacks, calls
/// `finish` once.
final class TestLoop: Sendable {
    let reactor: Reactor

    init() throws {
        reactor = try Reactor(name: "test")
        try reactor.start()
    }

    deinit { reactor.stopAndJoin() }

    func run<T: Sendable>(
        seconds: Double = 120,
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

/// Runs a client on a thread of its own, independent of the tests' threads. Its success shows on the other
/// side.
func startClient(_ body: @escaping @Sendable () throws -> Void) throws {
    try Thread(named: "client") { try? body() }.detach()
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

/// Connects a pair of authenticated connections on one reactor.
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
