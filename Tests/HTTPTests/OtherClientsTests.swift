import HTTP
import System
import TestSupport
import Testing
import Transport

/// Clients that others wrote: Python's `http.client`, and curl.
@Suite struct OtherClientsTests {
    private static let hasPython = works("python3")
    private static let hasCurl = works("curl")

    private static func works(_ program: String) -> Bool {
        let child = try? ChildProcess(
            program, ["--version"], standardOutput: .discard, standardError: .discard)
        return child?.wait(seconds: 60) == .exited(0)
    }

    /// Runs a program beside a server that tells what it gets, and returns what the program prints.
    private static func output(
        _ program: String, _ arguments: @Sendable @escaping (SocketAddress) -> [String]
    )
        async throws -> String
    {
        try await onThread {
            var limits = HTTPServer.Limits()
            limits.bodyBytes = 4 << 20
            return try withServer(limits, handler: answer) { server in
                let child = try ChildProcess(
                    program, arguments(server.address), standardOutput: .capture, standardError: .capture)
                let status = child.wait(seconds: 60)
                return child.standardOutput() + child.standardError()
                    + (status == .exited(0) ? "" : "\(status as Any)")
            }
        }
    }

    @Sendable private static func answer(_ exchange: HTTPExchange) {
        let request = exchange.request
        switch request.path {
        case "/events":
            guard let stream = exchange.openStream() else { return }
            for number in 0..<3 { stream.send(event: "n", data: "line \(number)\nsecond") }
            stream.end()
        case "/go": exchange.respond(.redirect(to: "/there?x=1"))
        default:
            let parameters = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: ";")
            let sum = request.body.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF_FFFF }
            exchange.respond(
                .text("\(request.method) \(request.path) \(parameters) \(request.body.count) \(sum)"))
        }
    }

    private static let script = """
        import http.client, sys, urllib.parse
        connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
        def ask(method, path, body=None, headers={}, chunked=False):
            connection.request(method, path, body=body, headers=headers, encode_chunked=chunked)
            answer = connection.getresponse()
            print(answer.status, answer.read().decode())
        ask("GET", "/a%20b?" + urllib.parse.urlencode({"x": "é&= +", "y": ""}))
        ask("HEAD", "/")
        body = bytes(i * 7 & 255 for i in range(3000000))
        ask("POST", "/b", body)
        check = 0
        for byte in body: check = check * 31 + byte & 0xFFFFFFFF
        print(check)
        pieces = (body[i:i + 100001] for i in range(0, len(body), 100001))
        ask("POST", "/c", pieces, {"Transfer-Encoding": "chunked"}, True)
        ask("GET", "/go")
        ask("DELETE", "/d")
        connection.close()
        for length in [4194305, 9000000]:
            connection.putrequest("POST", "/long")
            connection.putheader("Content-Length", str(length))
            connection.endheaders()
            try:
                for _ in range(length // 65536): connection.send(bytes(65536))
            except OSError:
                pass
            answer = connection.getresponse()
            print(answer.status, len(answer.read()) > 0)
            connection.close()
        connection.request("GET", "/events")
        print(connection.getresponse().read().decode())
        """

    @Test(.enabled(if: hasPython, "python3 is missing")) func python() async throws {
        let output = try await Self.output("python3") { ["-c", Self.script, "\($0.port)"] }
        let lines = output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count > 8 else {
            Issue.record("\(output)")
            return
        }
        #expect(lines[0] == "200 get /a b x=é&= +;y= 0 0")
        #expect(lines[1] == "200 ")
        #expect(lines[2] == "200 post /b  3000000 \(lines[3])")
        #expect(lines[4] == "200 post /c  3000000 \(lines[3])")
        #expect(lines[5] == "303 ")
        #expect(lines[6] == "200 other(\"DELETE\") /d  0 0")
        #expect(lines[7] == "413 True" && lines[8] == "413 True")
        let events = (0..<3).map { "event: n\ndata: line \($0)\ndata: second\n\n" }.joined()
        #expect(output.hasSuffix("\n" + events + "\n"))
    }

    @Test(.enabled(if: hasCurl, "curl is missing")) func curl() async throws {
        let output = try await Self.output("curl") { address in
            let origin = "http://\(address)"
            let body = String(repeating: "x", count: 1 << 11)
            return [
                "-sS", "-L", "--max-time", "20", "-w", " %{http_version} %{num_connects}\\n", "\(origin)/go",
                "--next", "-sS", "--max-time", "20", "-w", "\\n", "-H", "Expect: 100-continue", "--data",
                body,
                "\(origin)/p", "--next", "-sS", "--max-time", "20", "--http1.0", "-w", "\\n", "\(origin)/old",
            ]
        }
        let lines = output.split(separator: "\n").map(String.init)
        #expect(lines.count == 3, "\(output)")
        #expect(lines.first == "get /there x=1 0 0 1.1 1")
        #expect(lines.dropFirst().first?.hasPrefix("post /p  2048 ") == true)
        #expect(lines.last == "get /old  0 0")
    }
}
