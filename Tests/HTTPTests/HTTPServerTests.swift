import HTTP
import Platform
import TestSupport
import Testing
import Threads
import Transport

@Suite struct HTTPServerTests {
    /// Answers with what was asked.
    @Sendable private static func echo(_ exchange: HTTPExchange) {
        let request = exchange.request
        exchange.respond(.text("\(request.method) \(request.path) \(request.body.count)"))
    }

    private static let post = "POST /p HTTP/1.1\r\nHost: a\r\n"

    private var withBodies: HTTPServer.Limits {
        var limits = HTTPServer.Limits()
        limits.bodyBytes = 1 << 20
        return limits
    }

    @Test func oneConnectionHasManyAnswers() async throws {
        try await onThread {
            try withServer(handler: Self.echo) { server in
                let client = try TestClient(server.address)
                for path in ["/a", "/b%20c", "/"] {
                    let answer = try client.get(path)
                    #expect(answer.status == 200 && answer.text.hasPrefix("get /"))
                    #expect(answer.fields["connection"] == "keep-alive")
                    #expect(answer.fields["x-content-type-options"] == "nosniff")
                    #expect(answer.fields["cache-control"] == "no-store")
                    #expect(answer.fields["referrer-policy"] == "no-referrer")
                    #expect(answer.fields["cross-origin-resource-policy"] == "same-origin")
                    #expect(answer.fields["x-frame-options"] == "DENY")
                }
                let last = try client.get("/", "Connection: close")
                #expect(last.fields["connection"] == "close")
                #expect(try client.readToEnd().isEmpty)
            }
        }
    }

    @Test func theOldVersionAndHEAD() async throws {
        try await onThread {
            try withServer(handler: Self.echo) { server in
                let old = try TestClient(server.address)
                try old.write("GET /old HTTP/1.0\r\n\r\n")
                #expect(try old.answer().text == "get /old 0")
                #expect(try old.readToEnd().isEmpty)
                let client = try TestClient(server.address)
                try client.write("HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n")
                let answer = try client.answer(hasBody: false)
                #expect(answer.status == 200 && answer.fields["content-length"] == "9")
                #expect(try client.get("/x").text == "get /x 0")
            }
        }
    }

    /// A thousand requests that are sent at once, and whose answers are much more than is kept waiting, are
    /// answered in their order, although the client reads late.
    @Test(arguments: [0, 4000]) func pipelining(padding: Int) async throws {
        try await onThread {
            let handler: @Sendable (HTTPExchange) -> Void = {
                $0.respond(.text($0.request.path + String(repeating: " ", count: padding)))
            }
            try withServer(handler: handler) { server in
                let client = try TestClient(server.address)
                try client.write((0..<1000).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
                client.endWriting()
                for number in 0..<1000 {
                    #expect(try client.answer().text.hasPrefix("/\(number)\(padding > 0 ? " " : "")"))
                }
                #expect(try client.readToEnd().isEmpty)
            }
        }
    }

    @Test func bodies() async throws {
        let limits = withBodies
        try await onThread {
            try withServer(limits, handler: Self.echo) { server in
                let client = try TestClient(server.address)
                let body = String(repeating: "x", count: 1 << 20)
                try client.write(Self.post + "Content-Length: \(1 << 20)\r\n\r\n" + body)
                #expect(try client.answer().text == "post /p 1048576")
                try client.write(Self.post + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
                #expect(try client.answer().status == 100)
                try client.write("abc")
                #expect(try client.answer().text == "post /p 3")
            }
        }
    }

    /// A body that is too long, or whose sender may not come in, is refused before it is sent.
    @Test func bodiesThatAreNotRead() async throws {
        let limits = withBodies
        try await onThread {
            let admit: @Sendable (HTTPRequest) -> HTTPResponse? = {
                $0.path == "/p" ? .text("no", status: 403) : nil
            }
            try withServer(limits, admit: admit, handler: Self.echo) { server in
                for (path, length, status) in [("/p", 3, 403), ("/q", (1 << 20) + 1, 413)] {
                    let client = try TestClient(server.address)
                    try client.write("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n")
                    let answer = try client.answer()
                    #expect(answer.status == status && answer.fields["connection"] == "close")
                    try client.write("whatever still comes")
                    client.endWriting()
                    #expect(try client.readToEnd().isEmpty)
                }
                #expect(try TestClient(server.address).get("/p").status == 403)
            }
        }
    }

    /// All bodies together have a limit as well. Whoever exceeds it is refused, not those who came before.
    @Test(arguments: ["Content-Length: 600000", "Transfer-Encoding: chunked"])
    func manyBodies(length: String) async throws {
        var limits = withBodies
        limits.heldBytes = 5 << 19
        try await onThread { [limits] in
            try withServer(limits, handler: Self.echo) { server in
                let clients = try (0..<3).map { _ in try TestClient(server.address) }
                for client in clients.prefix(2) {
                    try client.write(Self.post + "Expect: 100-continue\r\nContent-Length: \(1 << 20)\r\n\r\n")
                    #expect(try client.answer().status == 100)
                }
                try clients[2].write(Self.post + length + "\r\n\r\n")
                if length.hasPrefix("Transfer") {
                    let chunk = "20000\r\n" + String(repeating: "y", count: 0x20000) + "\r\n"
                    for _ in 0..<5 { try clients[2].write(chunk) }
                }
                #expect(try clients[2].answer().status == 503)
                for client in clients.prefix(2) {
                    try client.write([UInt8](repeating: 120, count: 1 << 20))
                    #expect(try client.answer().status == 200)
                }
            }
        }
    }

    @Test func refusals() async throws {
        try await onThread {
            try withServer(handler: Self.echo) { server in
                for (text, status) in [
                    ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/9.9\r\n", 505), ("\u{16}\u{3}\u{1}\n", 400),
                    ("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\n", 414),
                    ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 20_000))\r\n", 431),
                ] {
                    let client = try TestClient(server.address)
                    try client.write(text)
                    let answer = try client.answer()
                    #expect(answer.status == status && answer.text.hasSuffix("\n"))
                    client.endWriting()
                    #expect(try client.readToEnd().isEmpty)
                }
            }
        }
    }

    /// A handler may answer later and from another thread. The requests behind wait for it.
    @Test func lateAnswers() async throws {
        let waiting = Guarded<[HTTPExchange]>([])
        try await onThread {
            try withServer(handler: { exchange in waiting.withLock { $0.append(exchange) } }) { server in
                let clients = try (0..<3).map { _ in try TestClient(server.address) }
                for client in clients { try client.write("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n") }
                try clients[0].write("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(eventually { waiting.withLock { $0.count } == 3 })
                let exchanges = waiting.withLock { all in
                    defer { all = [] }
                    return all
                }
                for exchange in exchanges.reversed() {
                    exchange.respond(.text("first"))
                    exchange.respond(.text("second"))  // does not count
                }
                for client in clients { #expect(try client.answer().text == "first") }
                #expect(eventually { waiting.withLock { $0.count } == 1 })
                waiting.withLock { $0[0].respond(.text("third")) }
                #expect(try clients[0].answer().text == "third")
            }
        }
    }

    @Test func aForgottenRequestIsAnswered() async throws {
        try await onThread {
            try withServer(handler: { _ in }) { server in
                let answer = try TestClient(server.address).get("/")
                #expect(answer.status == 500)
            }
        }
    }

    @Test func anAnswerCannotEndItsHeadEarly() async throws {
        try await onThread {
            try withServer(handler: { $0.respond(.redirect(to: $0.request.path)) }) { server in
                let answer = try TestClient(server.address).get("/x%0d%0aSet-Cookie:%20a=b")
                #expect(answer.status == 303 && answer.fields["set-cookie"] == nil)
                #expect(answer.fields["location"] == "/x  Set-Cookie: a=b")
            }
        }
    }

    @Test func stopping() async throws {
        try await onThread {
            let never = try HTTPServer(
                Endpoint(host: "127.0.0.1", port: 0), name: "test", handler: Self.echo)
            never.stop()
            let server = try HTTPServer(never.address.endpoint, name: "test", handler: Self.echo)
            try server.start()
            let client = try TestClient(server.address)
            #expect(try client.get("/").status == 200)
            server.stop()
            server.stop()
            #expect(try client.readToEnd().isEmpty)
            #expect(throws: Unexpected.self) { try TestClient(server.address) }
        }
    }

    @Test func aPortThatIsInUse() async throws {
        try await onThread {
            try withServer(handler: Self.echo) { server in
                _ = #expect(throws: TransportError.portInUse(address: "\(server.address)")) {
                    try HTTPServer(server.address.endpoint, name: "test", handler: Self.echo)
                }
            }
        }
    }
}
