import HTTP
import Platform
import System
import TestSupport
import Testing
import Transport

@Suite struct PageAccessTests {
    private static let key = String(repeating: "5a", count: 32)

    private func access(_ host: String, key: String? = key, isOpen: Bool = false) throws -> PageAccess {
        let numeric = SocketAddress(
            host: host.isEmpty ? "0.0.0.0" : host == "box" ? "10.0.0.7" : host, port: 7071)
        let address = try #require(numeric ?? SocketAddress(host: "127.0.0.1", port: 7071))
        return PageAccess(
            key: key, endpoint: Endpoint(host: host, port: 7071), address: address, isOpen: isOpen)
    }

    private func request(_ path: String, _ lines: [String]) throws -> HTTPRequest {
        let address = try #require(SocketAddress(host: "127.0.0.1", port: 1))
        var parser = HTTPParser(headerBytes: 4096, bodyBytes: 0, peer: address, local: address)
        let head = "GET \(path) HTTP/1.1\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
        Array(head.utf8).withUnsafeBytes { parser.append($0) }
        guard case .request(let request) = try #require(try parser.next()) else {
            throw Unexpected(what: "no request")
        }
        return request
    }

    private func cookie(_ access: PageAccess) throws -> String {
        let request = try request("/?key=\(Self.key)", ["Host: localhost:7071"])
        let entrance = try #require(access.answer(to: request))
        let cookie = try #require(entrance.headers.first { $0.name == "Set-Cookie" }?.value)
        return "Cookie: other=1; " + cookie.prefix { $0 != ";" }
    }

    @Test func theLinkIsExchangedForACookie() throws {
        let access = try access("127.0.0.1")
        #expect(access.link == "http://127.0.0.1:7071/?key=\(Self.key)")
        let entrance = try #require(
            access.answer(to: try request("/?key=\(Self.key)", ["Host: 127.0.0.1:7071"])))
        #expect(entrance.status == 303)
        #expect(entrance.headers.first { $0.name == "Location" }?.value == "/")
        let cookie = try #require(entrance.headers.first { $0.name == "Set-Cookie" }?.value)
        #expect(
            cookie.hasPrefix("dist-train-7071=") && cookie.hasSuffix("; HttpOnly; SameSite=Strict; Path=/"))
        #expect(!cookie.contains(Self.key))
        let line = try self.cookie(access)
        for path in ["/", "/events", "/metrics?x=1"] {
            #expect(access.answer(to: try request(path, ["Host: 127.0.0.1:7071", line])) == nil)
        }
        let again = access.answer(to: try request("/?key=old", ["Host: 127.0.0.1:7071", line]))
        #expect(again?.status == 303)
    }

    /// Lines of a request, and whether it may look.
    @Test(arguments: [
        ("/", ["Host: localhost:7071"], false, "?key="),
        ("/events", ["Host: localhost:7071"], false, "?key="),
        ("/?key=wrong", ["Host: localhost:7071"], false, "another one"),
        ("/?key=", ["Host: localhost:7071"], false, "another one"),
        ("/events?key=\(key)", ["Host: localhost:7071"], false, "?key="),
        ("/", ["Host: localhost:7071", "Cookie: dist-train-7071=\(key)"], false, "?key="),
        ("/", ["Host: localhost:7071", "Cookie: dist-train-7071="], false, "?key="),
        ("/metrics", ["Host: localhost:7071", "Authorization: Bearer \(key)"], true, ""),
        ("/metrics", ["Host: localhost:7071", "Authorization: bearer \(key)"], true, ""),
        ("/metrics", ["Host: node17.cluster:7071", "Authorization: Bearer \(key)"], true, ""),
        ("/metrics", ["Host: localhost:7071", "Authorization: Bearer \(key)0"], false, "Bearer"),
        ("/metrics", ["Host: localhost:7071", "Authorization: Bearer "], false, "?key="),
        ("/metrics", ["Host: localhost:7071", "Authorization: Basic \(key)"], false, "?key="),
    ])
    func keys(path: String, lines: [String], mayLook: Bool, part: String) throws {
        let answer = try access("127.0.0.1").answer(to: try request(path, lines))
        #expect((answer == nil) == mayLook)
        if let answer {
            let sentence = String(decoding: answer.body, as: UTF8.self)
            #expect(answer.status == 403 && sentence.contains(part) && !sentence.contains(Self.key))
        }
    }

    /// The name in `Host` decides, because another site's name can be made to point here.
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:7071", true), ("127.0.0.1", "localhost", true),
        ("127.0.0.1", "LOCALHOST:1", true),
        ("127.0.0.1", "[::1]:7071", true), ("::1", "[::1]:7071", true),
        ("127.0.0.1", "evil.example:7071", false),
        ("127.0.0.1", "127.0.0.1.evil.example", false), ("127.0.0.1", "10.0.0.7:7071", false),
        ("127.0.0.1", "0.0.0.0:7071", false), ("127.0.0.1", "", false),
        ("127.0.0.1", "localhost.evil.example", false),
        ("", "10.0.0.7:7071", true), ("", "[fd00::7]:7071", true), ("", "localhost:7071", true),
        ("", "", false),
        ("", "evil.example", false), ("box", "box:7071", true), ("box", "BOX", true),
        ("box", "box.evil", false),
        ("0.0.0.0", "192.168.1.5:80", true), ("0.0.0.0", "evil.example", false),
    ])
    func hosts(bound: String, host: String, mayLook: Bool) throws {
        let access = try access(bound)
        let lines = ["Host: \(host)", try cookie(access)]
        #expect((access.answer(to: try request("/", lines)) == nil) == mayLook)
    }

    @Test(arguments: [
        ("localhost:7071", "http://localhost:7071", true), ("localhost:7071", "http://localhost:7072", false),
        ("localhost:7071", "null", false), ("localhost:7071", "http://evil.example", false),
        ("localhost:8443", "https://localhost:8443", true), ("localhost", "http://LOCALHOST", true),
        ("localhost:7071", "http://127.0.0.1:7071", false), ("localhost:7071", "", false),
    ])
    func origins(host: String, origin: String, mayLook: Bool) throws {
        let access = try access("127.0.0.1")
        let lines = ["Host: \(host)", "Origin: \(origin)", try cookie(access)]
        #expect((access.answer(to: try request("/", lines)) == nil) == mayLook)
    }

    /// Without a key everybody may ask, but for pages of other sites; `isOpen` lets any name in.
    @Test(arguments: [
        ("127.0.0.1", false, "localhost:7071", "", true), ("127.0.0.1", false, "evil.example", "", false),
        ("127.0.0.1", false, "localhost:7071", "http://evil.example", false),
        ("", true, "models.lan", "", true),
        ("", true, "models.lan", "http://models.lan", true),
        ("", true, "models.lan", "http://evil.example", false),
    ])
    func withoutAKey(bound: String, isOpen: Bool, host: String, origin: String, mayAsk: Bool) throws {
        let access = try access(bound, key: nil, isOpen: isOpen)
        let lines = ["Host: \(host)"] + (origin.isEmpty ? [] : ["Origin: \(origin)"])
        #expect((access.answer(to: try request("/", lines)) == nil) == mayAsk)
    }

    @Test func links() throws {
        #expect(try access("::1").link.hasPrefix("http://[::1]:7071/?key="))
        #expect(try access("box").link.hasPrefix("http://box:7071/?key="))
        #expect(try !access("0.0.0.0").link.contains("0.0.0.0"))
        #expect(try access("127.0.0.1", key: "a+b/c=").link == "http://127.0.0.1:7071/?key=a%2Bb%2Fc%3D")
        #expect(try access("127.0.0.1", key: nil).link == "http://127.0.0.1:7071/")
    }

    @Test func randomKeysDiffer() {
        let keys = (0..<100).map { _ in PageKey.random() }
        #expect(Set(keys).count == 100 && keys.allSatisfy { $0.utf8.count == 32 })
    }

    @Test(arguments: [
        ("0123456789abcdef\n", 0o600 as UInt32, nil), ("0123456789abcdef", 0o600, nil),
        ("0123456789abcdef\n", 0o644, "chmod 600"), ("0123456789abcde\n", 0o600, "does not hold a key"),
        ("0123456789 abcdef\n", 0o600, "does not hold a key"), ("", 0o600, "openssl rand"),
        ("0123456789abcdef\n0123456789abcdef\n", 0o600, "one line"),
        ("0123456789abcdef\u{e9}", 0o600, "does not hold a key"),
    ])
    func keysInFiles(text: String, mode: UInt32, part: String?) throws {
        let directory = try TemporaryDirectory()
        let path = Path.join(directory.path, "key")
        try File.writeAtomically(text, to: path, mode: mode)
        guard let part else {
            #expect(try PageKey.read(path) == "0123456789abcdef")
            return
        }
        let error = try #require(throws: SystemError.self) { try PageKey.read(path) }
        #expect(error.description.contains(part))
    }
}
