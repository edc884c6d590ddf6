import HTTP
import Platform
import TestSupport
import Testing
import Threads
import Transport

@Suite(.serialized) struct EventStreamTests {
    /// The streams that a server has opened.
    private final class Streams: Sendable {
        let all = Guarded<[EventStream]>([])

        @Sendable func open(_ exchange: HTTPExchange) {
            guard let stream = exchange.openStream() else { return }
            all.withLock { $0.append(stream) }
            stream.send(event: "state", data: "{}")
        }

        subscript(index: Int) -> EventStream { all.withLock { $0[index] } }
    }

    private func limits(streams: Int = 2, outgoingBytes: Int = 1 << 20) -> HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.streams = streams
        limits.outgoingBytes = outgoingBytes
        return limits
    }

    @Test(arguments: [
        ("x", "", "event: x\ndata: \n\n"), ("x", "{}", "event: x\ndata: {}\n\n"),
        ("x", "a\nb\r\nc\rd\n", "event: x\ndata: a\ndata: b\ndata: c\ndata: d\ndata: \n\n"),
        ("x\ny", "\u{e9}\u{2028}", "event: x y\ndata: \u{e9}\u{2028}\n\n"),
    ])
    func encoding(event: String, data: String, text: String) {
        #expect(String(decoding: EventStream.encoded(event: event, data: data), as: UTF8.self) == text)
        let unnamed = EventStream.encoded(event: nil, data: data)
        #expect(
            text.hasSuffix(String(decoding: unnamed, as: UTF8.self)) && unnamed.starts(with: "data: ".utf8))
    }

    /// A stream may be the answer to POST, and then to no other method.
    @Test func postedStreams() async throws {
        let limits = limits()
        try await onThread {
            try withServer(
                limits,
                handler: { exchange in
                    guard let stream = exchange.openStream(isPosted: true) else { return }
                    stream.send(EventStream.encoded(event: nil, data: "1"))
                    stream.end()
                }
            ) { server in
                let client = try TestClient(server.address)
                try client.write("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
                #expect(
                    try String(decoding: client.readToEnd(), as: UTF8.self).hasSuffix("\r\n\r\ndata: 1\n\n"))
                let other = try TestClient(server.address)
                try other.write("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                #expect(
                    try String(decoding: other.readToEnd(), as: UTF8.self).contains("405 Method Not Allowed"))
            }
        }
    }

    @Test func eventsArrive() async throws {
        let (limits, streams) = (limits(), Streams())
        try await onThread {
            try withServer(limits, handler: streams.open) { server in
                let client = try TestClient(server.address)
                try client.write("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
                let head = try client.read(until: "\r\n\r\n")
                #expect(head.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"))
                #expect(!head.contains("Content-Length") && head.contains("Cache-Control: no-store"))
                #expect(try client.read(until: "\n\n") == "event: state\ndata: {}\n\n")
                for number in 0..<100 { #expect(streams[0].send(event: "n", data: "\(number)")) }
                for number in 0..<100 {
                    #expect(try client.read(until: "\n\n") == "event: n\ndata: \(number)\n\n")
                }
                streams[0].send(event: "end", data: "1")
                streams[0].end()
                #expect(!streams[0].isOpen && !streams[0].send(event: "late", data: ""))
                #expect(try String(decoding: client.readToEnd(), as: UTF8.self) == "event: end\ndata: 1\n\n")
            }
        }
    }

    /// One stream too many is refused; when one ends its place is free.
    @Test func theirNumberIsBounded() async throws {
        let (limits, streams) = (limits(), Streams())
        try await onThread {
            try withServer(limits, handler: streams.open) { server in
                var clients: [TestClient] = []
                for _ in 0..<2 {
                    clients.append(try TestClient(server.address))
                    try clients.last?.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    _ = try clients.last?.read(until: "{}\n\n")
                }
                let third = try TestClient(server.address)
                let answer = try third.get("/")
                #expect(answer.status == 503 && answer.text.contains("too many"))
                let closed = Guarded(0)
                streams[0].onClose { closed.withLock { $0 += 1 } }
                clients.removeFirst()
                #expect(eventually { closed.withLock { $0 } == 1 })
                #expect(!streams[0].isOpen)
                streams[0].onClose { closed.withLock { $0 += 1 } }
                #expect(closed.withLock { $0 } == 2)
                try third.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try third.read(until: "{}\n\n")
                #expect(streams[1].send(event: "still", data: "there"))
                #expect(try clients[0].read(until: "\n\n") == "event: still\ndata: there\n\n")
            }
        }
    }

    /// `send` never waits for a client that reads nothing; that one loses its stream, and no other does.
    @Test func aSlowReaderLosesItsStream() async throws {
        let (limits, streams) = (limits(outgoingBytes: 100_000), Streams())
        try await onThread {
            try withServer(limits, handler: streams.open) { server in
                let slow = try TestClient(server.address, receiveBuffer: 4096)
                try slow.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(eventually { streams.all.withLock { $0.count } == 1 })
                let good = try TestClient(server.address)
                try good.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try good.read(until: "{}\n\n")
                let event = EventStream.encoded(event: "x", data: String(repeating: "y", count: 9000))
                var sent = 0
                while streams[0].send(event), sent < 10_000 {
                    sent += 1
                    if sent % 5 == 0 {  // the good one keeps up
                        #expect(streams[1].send(event: "z", data: "\(sent)"))
                        _ = try good.read(until: "data: \(sent)\n\n")
                    }
                }
                #expect(sent >= 10 && sent < 10_000)
                #expect(!streams[0].isOpen && streams[1].isOpen)
                #expect(throws: Never.self) { _ = try slow.readToEnd() }
            }
        }
    }

    /// Events that were sent before the server stops arrive.
    @Test func theLastEventArrives() async throws {
        let (limits, streams) = (limits(), Streams())
        try await onThread {
            let server = try HTTPServer(
                Endpoint(host: "127.0.0.1", port: 0), limits: limits, name: "test", handler: streams.open)
            try server.start()
            let client = try TestClient(server.address)
            try client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try client.read(until: "{}\n\n")
            streams[0].send(event: "end", data: String(repeating: "e", count: 500_000))
            let reader = Guarded(0)
            let thread = try Thread(named: "reader") {
                let count = (try? client.readToEnd().count) ?? -1
                reader.withLock { $0 = count }
            }
            server.stop()
            thread.join()
            #expect(reader.withLock { $0 } == 500_000 + "event: end\ndata: \n\n".utf8.count)
            #expect(!streams[0].isOpen && !streams[0].send(event: "x", data: ""))
        }
    }

    @Test func onlyGETOpensOne() async throws {
        let (limits, streams) = (limits(), Streams())
        try await onThread {
            try withServer(limits, handler: streams.open) { server in
                let client = try TestClient(server.address)
                try client.write("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
                let answer = try client.answer(hasBody: false)
                #expect(answer.status == 405 && answer.fields["allow"] == "GET")
            }
        }
    }
}
