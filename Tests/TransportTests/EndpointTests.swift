import TestSupport
import Testing
import Transport

@Suite struct EndpointTests {
    @Test(arguments: [
        ("node7", "node7", 7070), ("node7:80", "node7", 80), ("10.0.0.3:0", "10.0.0.3", 0),
        ("[::1]:7071", "::1", 7071),
        ("[fe80::1]", "fe80::1", 7070), ("::1", "::1", 7070), (":9", "", 9),
        ("localhost:65535", "localhost", 65535),
    ])
    func parses(_ text: String, _ host: String, _ port: Int) throws {
        #expect(try Endpoint(parsing: text, defaultPort: 7070) == Endpoint(host: host, port: UInt16(port)))
    }

    @Test(arguments: [
        "", "host:", "host:65536", "host:-1", "host:7o", "[::1", "[::1]7070", "[host]:1", "a:b:c",
        "http://host", "a b",
    ])
    func refuses(_ text: String) {
        #expect(throws: TransportError.self) { try Endpoint(parsing: text, defaultPort: 7070) }
    }

    @Test func describes() {
        #expect("\(Endpoint(host: "::1", port: 1))" == "[::1]:1")
        #expect("\(Endpoint(host: "node", port: 1))" == "node:1")
        let error = #expect(throws: TransportError.self) {
            try Endpoint(parsing: "host:99999", defaultPort: 1)
        }
        #expect(
            error?.description
                == "`host:99999` is not an address: the port is a number from 0 to 65535;"
                + " write HOST:PORT or [IPv6]:PORT"
        )
    }

    @Test func addresses() throws {
        #expect(SocketAddress(host: "::ffff:10.0.0.3", port: 5)?.description == "10.0.0.3:5")
        #expect(SocketAddress(host: "127.9.9.9", port: 5)?.isLoopback == true)
        #expect(SocketAddress(host: "::1", port: 5)?.isLoopback == true)
        #expect(SocketAddress(host: "::", port: 5)?.isAny == true)
        #expect(SocketAddress(host: "fe80::5", port: 5)?.isLinkLocal == true)
        #expect(SocketAddress(host: "nonsense", port: 5) == nil)
        #expect(SocketAddress.localInterfaces(loopback: true).contains { $0.isLoopback })
        #expect(!SocketAddress.localInterfaces().contains { $0.isLoopback })
        #expect(
            try Endpoint(host: "localhost", port: 3).resolve().allSatisfy { $0.isLoopback && $0.port == 3 })
    }

    @Test func unknownHost() async throws {
        let result = try await onThread {
            Result { () throws(TransportError) in
                try Endpoint(host: "no-such-host.invalid", port: 1).resolve()
            }
        }
        guard case .failure(let error) = result else { throw Unexpected(what: "it was found") }
        let text = error.description
        #expect(text.hasPrefix("the host `no-such-host.invalid` is unknown ("))
        #expect(text.hasSuffix("); check its spelling, or give its IP address"))
    }
}
