import HTTP
import Testing
import Transport

@Suite struct HTTPParserTests {
    private static let chunkedHead = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    /// Reads requests from bytes that arrive in pieces of this size.
    private func parsed(_ text: String, pieces: Int = .max, headerBytes: Int = 1024, bodyBytes: Int = 32)
        throws
        -> (requests: [HTTPRequest], refusal: HTTPRefusal?)
    {
        let address = try #require(SocketAddress(host: "127.0.0.1", port: 1))
        var parser = HTTPParser(headerBytes: headerBytes, bodyBytes: bodyBytes, peer: address, local: address)
        var rest = Array(text.utf8)[...]
        var requests: [HTTPRequest] = []
        while !rest.isEmpty {
            Array(rest.prefix(pieces)).withUnsafeBytes { parser.append($0) }
            rest = rest.dropFirst(pieces)
            do throws(HTTPRefusal) {
                while let event = try parser.next() {
                    if case .request(let request) = event { requests.append(request) }
                }
            } catch {
                return (requests, error)
            }
        }
        return (requests, nil)
    }

    private func one(_ text: String) throws -> HTTPRequest {
        let (requests, refusal) = try parsed(text)
        #expect(refusal == nil)
        return try #require(requests.count == 1 ? requests[0] : nil)
    }

    @Test func aRequestIsTakenApart() throws {
        let request = try one(
            "GET /a%20b/%C3%A9?x=1&y=%26+z&flag&=&x=2 HTTP/1.1\r\nHost:localhost:7071\r\n"
                + "Accept: text/html \t\r\nCOOKIE: a=b; dist-train-7071=key=; c\r\n\r\n")
        #expect(request.method == .get)
        #expect(request.path == "/a b/é")
        #expect(request.query("x") == "1" && request.query("y") == "& z")
        #expect(request.query("flag") == "" && request.query("none") == nil)
        #expect(request.headers.first("host") == "localhost:7071")
        #expect(request.headers.first("ACCEPT") == "text/html")
        #expect(request.cookie("dist-train-7071") == "key=" && request.cookie("a") == "b")
        #expect(request.cookie("c") == nil && request.cookie("dist-train") == nil)
    }

    @Test func bodies() throws {
        let head = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Type: Text/CSV; charset=utf-8\r\n"
        let counted = try one(head + "Content-Length: 5\r\n\r\nab\r\nc")
        #expect(counted.body == Array("ab\r\nc".utf8))
        #expect(counted.mediaType == "text/csv")
        let chunked = "4\r\nWiki\r\n6;name=value\r\npedia \r\n0a\r\n0123456789\r\n0\r\n"
        for trailer in ["", "X-Checksum: 1\r\nY: 2\r\n"] {
            let request = try one(head + "Transfer-Encoding: Chunked\r\n\r\n\(chunked)\(trailer)\r\n")
            #expect(request.body == Array("Wikipedia 0123456789".utf8))
        }
        #expect(try one(head + "Content-Length: 0\r\n\r\n").body.isEmpty)
    }

    /// The URL may be a whole one, as for a proxy; its host then counts.
    @Test func formsOfTheURL() throws {
        let whole = try one("GET http://127.0.0.1:7/x?y=1 HTTP/1.1\r\nHost: other\r\n\r\n")
        #expect(whole.path == "/x" && whole.query("y") == "1" && whole.headers.first("host") == "127.0.0.1:7")
        #expect(try one("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n").path == "/")
        #expect(try one("GET http://a?b=c HTTP/1.1\r\nHost: a\r\n\r\n").query("b") == "c")
        #expect(try one("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").path == "*")
        #expect(try one("BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n").method == .other("BREW"))
        #expect(try one("GET / HTTP/1.0\r\n\r\n").headers.first("host") == nil)
        #expect(try one("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").path == "/")
    }

    /// Whatever could be read in two ways is refused.
    @Test(arguments: [
        ("GET / HTTP/1.1\nHost: a\n\n", 400, "CR LF"),
        ("GET / HTTP/1.1\r\nHost: a\n\r\n", 400, "CR LF"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r2\r\n\r\n", 400, "control character"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: 1\0\r\n\r\n", 400, "control character"),
        ("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "control character"),
        ("GET / HTTP/1.1\r\nHost: a\r\n folded: 1\r\n\r\n", 400, "no line is folded"),
        ("GET / HTTP/1.1\r\n folded: 1\r\nHost: a\r\n\r\n", 400, "no line is folded"),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "no spaces"),
        ("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400, "NAME: VALUE"),
        ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400, "NAME: VALUE"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX\u{e9}: b\r\n\r\n", 400, "NAME: VALUE"),
        ("GET / HTTP/1.1\r\n\r\n", 400, "`Host`"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "`Host`"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400,
            "more than once"
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
            "once"
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n", 400,
            "once"
        ),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501, "chunked"),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n", 501, "chunked"),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "HTTP/1.0"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", 400, "decimal digits"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", 400, "decimal digits"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc", 400, "decimal digits"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, "decimal digits"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400, "decimal digits"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400, "decimal digits"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 33\r\n\r\n", 413, "33 bytes|32 bytes"),
        (chunkedHead + "21\r\n", 413, "32 bytes"),
        (
            chunkedHead + "20\r\n\(String(repeating: "x", count: 32))\r\n1\r\n",
            413, "32 bytes"
        ),
        (chunkedHead + "FFFFFFFFF\r\n", 400, "hexadecimal"),
        (chunkedHead + "-1\r\n", 400, "hexadecimal"),
        (
            chunkedHead + "1 \r\na\r\n0\r\n\r\n", 400,
            "hexadecimal"
        ),
        (
            chunkedHead + "1\r\nab\r\n0\r\n\r\n", 400,
            "longer than"
        ),
        (chunkedHead + "1\na", 400, "CR LF"),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "one space"),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, "one space"),
        ("GET /\r\n", 400, "one space"),
        (" / HTTP/1.1\r\n", 400, "method"),
        ("GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "method"),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "HTTP/1.1"),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", 400, "HTTP/1.1"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP/1.1"),
        ("GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "begin with `/`"),
        ("GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "begin with `/`"),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "begin with `/`"),
        ("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "no host"),
        ("GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n", 400, "percent-encoded"),
        ("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "percent-encoded"),
        ("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "NUL"),
        ("GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "hexadecimal"),
        ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, "hexadecimal"),
        ("GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400, "UTF-8"),
        ("GET /?a=%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400, "UTF-8"),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417, "100-continue"),
        ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\n", 400, "LF"),
    ])
    func refused(text: String, status: Int, part: String) throws {
        for pieces in [Int.max, 1, 7] {
            let (requests, refusal) = try parsed(text, pieces: pieces)
            #expect(requests.isEmpty && refusal?.status == status, "\(refusal.map { "\($0)" } ?? "was read")")
            let sentence = refusal?.description ?? ""
            #expect(part.split(separator: "|").contains { sentence.contains($0) }, "\(sentence)")
        }
    }

    /// A head that is too long is refused at its limit, whether its end comes or not.
    @Test func longHeads() throws {
        let long = String(repeating: "a", count: 2000)
        for end in ["", " HTTP/1.1\r\nHost: a\r\n\r\n"] {
            #expect(try parsed("GET /\(long)\(end)").refusal?.status == 414)
            #expect(try parsed("GET /\(long)\(end)", pieces: 1).refusal?.status == 414)
        }
        for end in ["", "\r\n\r\n"] {
            #expect(try parsed("GET / HTTP/1.1\r\nHost: a\r\nX: \(long)\(end)").refusal?.status == 431)
        }
        let fields = (0..<101).map { "X\($0): 1\r\n" }.joined()
        #expect(try parsed("GET / HTTP/1.1\r\n\(fields)\r\n", headerBytes: 10_000).refusal?.status == 431)
        #expect(try parsed(String(repeating: "\r\n", count: 600)).refusal?.status == 400)
        let trailer = (0..<101).map { "Y\($0): 1234\r\n" }.joined()
        let head = Self.chunkedHead
        #expect(try parsed(head + "0\r\n" + trailer).refusal?.status == 431)
        #expect(try parsed(head + "1;" + long).refusal?.status == 400)
        let exact = "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "b", count: 100))\r\n\r\n"
        #expect(try parsed(exact, headerBytes: exact.utf8.count).requests.count == 1)
        #expect(try parsed(exact, headerBytes: exact.utf8.count - 1).refusal?.status == 431)
    }

    /// However the bytes are cut, the requests are the same: in two at every byte, and in pieces of every
    /// size.
    @Test func everyCut() throws {
        let text =
            "GET /a?b=c HTTP/1.1\r\nHost: a\r\n\r\n"
            + "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n012345678\n"
            + "\r\n" + Self.chunkedHead + "3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: 1\r\n\r\n"
            + "HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
        let whole = try parsed(text)
        #expect(whole.refusal == nil && whole.requests.count == 4)
        #expect(whole.requests[2].body == Array("abcde".utf8))
        for pieces in 1...text.utf8.count {
            let (requests, refusal) = try parsed(text, pieces: pieces)
            #expect(requests == whole.requests && refusal == nil)
        }
    }

    /// A request that is hidden in the body of another one is part of the body.
    @Test func aBodyIsNoRequest() throws {
        let hidden = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
        let (requests, refusal) = try parsed(
            "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: \(hidden.utf8.count)\r\n\r\n\(hidden)"
                + "GET /y HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(refusal == nil)
        #expect(requests.map(\.path) == ["/p", "/y"])
    }

    @Test func aRefusalIsForGood() throws {
        let address = try #require(SocketAddress(host: "127.0.0.1", port: 1))
        var parser = HTTPParser(headerBytes: 1024, bodyBytes: 0, peer: address, local: address)
        for text in ["GET / HTTP/3\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"] {
            Array(text.utf8).withUnsafeBytes { parser.append($0) }
            #expect(throws: HTTPRefusal.self) { try parser.next() }
        }
    }
}
