import Platform
import Synchronization
import System
import TestSupport
import Testing
import Transport

private final class Heard: Sendable { let count = Mutex(0) }

@Suite struct ListenerTests {
    /// Listens on a free port and returns it.
    private func listeningPort(on loop: TestLoop, _ heard: Errors) async throws -> UInt16 {
        try await loop.run { reactor, finish in
            let server = try reactor.listen(
                Endpoint(host: "127.0.0.1", port: 0), timeLimit: 600, handshake: { listener() },
                accepted: { _, _ in },
                failed: { error in heard.all.withLock { $0.append(error) } })
            finish(.success(server.localAddress.port))
        }
    }

    /// Dials and authenticates; returns the listener's program.
    private func dialled(_ port: UInt16, on loop: TestLoop) async throws -> String {
        try await loop.run { reactor, finish in
            reactor.dial([Endpoint(host: "127.0.0.1", port: port)], handshake: { dialler() }) { result in
                finish(result.map { $0.1.program }.mapError { $0 })
            }
        }
    }

    /// The oldest silent connection is evicted for a new one, and a peer that knows the token still gets in.
    @Test func theOldestPendingConnectionIsEvicted() async throws {
        let (loop, heard) = (try TestLoop(), Errors())
        let port = try await listeningPort(on: loop, heard)
        let clients = try await onThread {
            let clients = try (0..<300).map { _ in try RawClient(port: port) }
            for client in clients[..<44] { _ = try client.readToEnd() }  // until they are refused
            return clients
        }
        #expect(heard.all.withLock { $0.count } == 44)
        #expect(try await dialled(port, on: loop) == "test 1")
        _ = try await onThread { try clients[44].readToEnd() }
        let errors = heard.all.withLock { $0 }
        withExtendedLifetime(clients) {}
        #expect(errors.count == 45)
        for error in errors {
            #expect(
                "\(error)".hasSuffix(
                    "had not proven that it knows the token when too many others came; it may try again"))
        }
    }

    /// A client that connects and hangs up is counted, however often and fast it does so, and an honest
    /// client still gets in.
    @Test func manyWhoHangUp() async throws {
        let (loop, heard) = (try TestLoop(), Errors())
        let port = try await listeningPort(on: loop, heard)
        for _ in 0..<5 {
            try await onThread { for _ in 0..<400 { _ = try RawClient(port: port) } }
            #expect(try await dialled(port, on: loop) == "test 1")
        }
        let errors = heard.all.withLock { $0 }
        #expect(errors.count == 2000)
        for error in errors {
            #expect("\(error)".contains("closed the connection before authentication ended"))
        }
    }

    private final class Errors: Sendable { let all = Mutex<[TransportError]>([]) }

    /// Runs in a process of its own, because the limit of descriptors holds for a whole process.
    @Test func survivesTheLackOfDescriptors() async {
        await #expect(processExitsWith: .success) {
            let heard = Heard()
            let loop = try TestLoop()
            let port: UInt16 = try await loop.run { reactor, finish in
                let server = try reactor.listen(
                    Endpoint(host: "127.0.0.1", port: 0), handshake: { listener() }, accepted: { _, _ in },
                    failed: { _ in heard.count.withLock { $0 += 1 } })
                finish(.success(server.localAddress.port))
            }
            var limit = rlimit()
            getrlimit(limitOfDescriptors, &limit)
            let before = limit
            var held: [Int32] = []
            limit.rlim_cur = 100
            setrlimit(limitOfDescriptors, &limit)
            while true {
                let descriptor = dup(1)
                if descriptor < 0 { break }
                held.append(descriptor)
            }
            close(held.removeLast())
            let newcomer = try RawClient(port: port)  // connected by the system, but not yet accepted
            try newcomer.write([0])
            usleep(50_000)
            guard heard.count.withLock({ $0 }) == 0 else { exit(2) }
            let start = Clock.processorSeconds()
            usleep(600_000)
            let spent = Clock.processorSeconds() - start
            limit = before
            setrlimit(limitOfDescriptors, &limit)
            _ = try newcomer.readToEnd()  // closed after "not our protocol"
            for _ in 0..<20_000 where heard.count.withLock({ $0 }) == 0 { usleep(1000) }
            exit(spent < 0.3 && heard.count.withLock { $0 } == 1 ? 0 : 1)
        }
    }
}
