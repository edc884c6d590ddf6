import HTTP
import Platform
import TestSupport
import Testing
import Threads
import Transport

/// Clients that want to take the server from others.
@Suite(.serialized) struct HTTPFloodTests {
    private static let half = "GET / HTTP/1.1\r\nHost: a\r\nX: "

    private func limits(_ connections: Int) -> HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.connections = connections
        limits.streams = 1
        return limits
    }

    /// The oldest silent connection goes first, then the oldest that sends a request slowly. One place is
    /// always free.
    @Test func whoIsEvicted() async throws {
        let limits = limits(8)
        try await onThread {
            try withServer(limits, handler: { $0.respond(.text("ok")) }) { server in
                let good = try TestClient(server.address)
                #expect(try good.get("/").status == 200)
                let slow = try (0..<3).map { _ in try TestClient(server.address) }
                for client in slow { try client.write(Self.half) }
                var silent: [TestClient] = []
                for number in 0..<20 {
                    silent.append(try TestClient(server.address))
                    if number >= 3 { #expect(try silent[number - 3].readToEnd().isEmpty) }
                }
                #expect(silent.suffix(3).allSatisfy(\.isOpen) && slow.allSatisfy(\.isOpen) && good.isOpen)
                #expect(try good.get("/").status == 200)
                // Three who wait for an answer take the places of the last silent ones.
                let others = try (0..<3).map { _ in try TestClient(server.address) }
                for client in others { try client.write(Self.half) }
                for client in silent.suffix(3) { #expect(try client.readToEnd().isEmpty) }
                withExtendedLifetime(others) {}
            }
        }
    }

    /// A thousand silent connections, and two hundred that send one byte of a request now and then, do not
    /// keep a good client from its answers: neither one that was there nor newcomers.
    @Test func aFlood() async throws {
        let limits = limits(64)
        try await onThread {
            try withServer(limits, handler: { $0.respond(.text("ok")) }) { server in
                let good = try TestClient(server.address)
                var held: [TestClient] = []
                for number in 0..<1000 {
                    let client = try TestClient(server.address)
                    if number % 5 == 0 { try client.write("G") }
                    held.append(client)
                    if held.count > 200 { held.removeFirst() }
                    if number % 10 == 0 { #expect(try good.get("/").status == 200) }
                }
                for _ in 0..<50 { #expect(try TestClient(server.address).get("/").status == 200) }
                #expect(held.count(where: \.isOpen) <= 63)
            }
        }
    }

    /// A client that has sent a part of a request is told so when its time is over; a silent one is closed.
    /// On a slow machine a client's time may be over before it has begun: it then tries again.
    @Test func theTimeForARequest() async throws {
        var limits = limits(8)
        limits.secondsForRequest = 0.5
        limits.idleSeconds = 0.5
        try await onThread { [limits] in
            try withServer(limits, handler: { $0.respond(.text("ok")) }) { server in
                let silent = try TestClient(server.address)
                #expect(try silent.readToEnd().isEmpty)
                func succeeds(_ body: (TestClient) throws -> Bool) -> Bool {
                    (0..<10).contains { _ in (try? body(TestClient(server.address))) == true }
                }
                #expect(
                    succeeds { slow in
                        try slow.write(Self.half)
                        return try slow.answer().status == 408
                    })
                #expect(succeeds { try $0.get("/").status == 200 && $0.readToEnd().isEmpty })
            }
        }
    }

    /// Clients who ask much and read nothing hold a bounded amount of memory and nobody up.
    ///
    /// - Parameter isLater: answers come from another thread, as those of computations do.
    @Test(arguments: [false, true]) func answersThatNobodyReads(isLater: Bool) async throws {
        let limits = limits(8)
        let body = [UInt8](repeating: 120, count: 1 << 20)
        let answered = Guarded(0)
        let answer: @Sendable (HTTPExchange) -> Void = { exchange in
            answered.withLock { $0 += 1 }
            exchange.respond(.of("text/plain", exchange.request.path == "/big" ? body : []))
        }
        let later = Mailbox<HTTPExchange?>()
        let handler: @Sendable (HTTPExchange) -> Void = { isLater ? later.put($0) : answer($0) }
        let thread = try Thread(named: "answers") { while let exchange = later.take() { answer(exchange) } }
        defer {
            later.put(nil)
            thread.join()
        }
        try await onThread {
            try withServer(limits, handler: handler) { server in
                let greedy = try (0..<5).map { _ in try TestClient(server.address, receiveBuffer: 4096) }
                let request = "GET /big HTTP/1.1\r\nHost: a\r\n\r\n"
                for client in greedy { try client.write(String(repeating: request, count: 500)) }
                for _ in 0..<20 { #expect(try TestClient(server.address).get("/").status == 200) }
                // The system takes a few megabytes for each; then no request is read any more.
                #expect(answered.withLock { $0 } < 5 * 50)
            }
        }
    }
}
