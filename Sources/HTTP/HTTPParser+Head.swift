// The request line and the header fields.
extension HTTPParser {
    mutating func readRequestLine() throws(HTTPRefusal) -> (isReady: Bool, Event?) {
        let longest = min(Self.longestRequestLine, headerBytes)
        let tooLong = HTTPRefusal(
            414, "the request line is longer than \(longest) bytes; send less in the URL")
        guard let line = try line(atMost: longest, else: tooLong) else { return (false, nil) }
        if line.isEmpty {  // a client may send empty lines between requests
            headCount += 2
            guard headCount <= headerBytes else { throw .malformed("the request is nothing but empty lines") }
            return (true, nil)
        }
        headCount += line.count + 2
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 3 else {
            throw .malformed("the request line is not METHOD URL HTTP/1.1, with one space in between")
        }
        let minor = try Self.minorVersion(words[2])
        guard (1...32).contains(words[0].count), words[0].allSatisfy({ Self.isToken[Int($0)] }) else {
            throw .malformed("the method is no word of at most 32 letters")
        }
        let (path, query, authority) = try Self.target(words[1])
        let method = HTTPMethod(String(decoding: words[0], as: UTF8.self))
        let request = HTTPRequest(method: method, path: path, query: query, peer: peer, local: local)
        head = HTTPHead(request, minor: minor, authority: authority)
        stage = .fields
        return (true, nil)
    }

    private static let versions = (Array("HTTP/1.0".utf8), Array("HTTP/1.1".utf8))

    private static func minorVersion(_ word: ArraySlice<UInt8>) throws(HTTPRefusal) -> Int {
        if word.elementsEqual(versions.1) { return 1 }
        if word.elementsEqual(versions.0) { return 0 }
        guard word.starts(with: versions.0.prefix(5)) else {
            throw .malformed("the request line does not end with the version; end it with HTTP/1.1")
        }
        throw HTTPRefusal(505, "this version of HTTP is not spoken here; use HTTP/1.1")
    }

    /// Reads a URL: a path with a query, the same after `http://HOST`, or `*`.
    private static func target(_ bytes: ArraySlice<UInt8>) throws(HTTPRefusal)
        -> (path: String, query: [HTTPRequest.Parameter], authority: String?)
    {
        guard bytes.allSatisfy({ $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "#") }) else {
            throw .malformed("the URL has a character that must be percent-encoded")
        }
        if bytes.elementsEqual(CollectionOfOne(UInt8(ascii: "*"))) { return ("*", [], nil) }
        guard bytes.first != UInt8(ascii: "/") else {
            let (path, query) = try pathAndQuery(bytes)
            return (path, query, nil)
        }
        let scheme = Array("http://".utf8)
        guard bytes.starts(with: scheme) else {
            throw .malformed("the URL in the request line is no path; let it begin with `/`")
        }
        let rest = bytes.dropFirst(scheme.count)
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        guard end > rest.startIndex else { throw .malformed("the URL in the request line names no host") }
        let (path, query) = try pathAndQuery(rest[end...])
        return (path.isEmpty ? "/" : path, query, String(decoding: rest[..<end], as: UTF8.self))
    }

    private static func pathAndQuery(_ bytes: ArraySlice<UInt8>) throws(HTTPRefusal)
        -> (path: String, query: [HTTPRequest.Parameter])
    {
        let parts = bytes.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = PercentEncoding.decode(parts.first ?? []) else { throw undecodable }
        guard parts.count == 2 else { return (path, []) }
        var query: [HTTPRequest.Parameter] = []
        for pair in parts[1].split(separator: UInt8(ascii: "&")) {
            let sides = pair.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(sides[0], isForm: true),
                let value = PercentEncoding.decode(sides.count == 2 ? sides[1] : [], isForm: true)
            else { throw undecodable }
            query.append(HTTPRequest.Parameter(name: name, value: value))
        }
        return (path, query)
    }

    private static let undecodable = HTTPRefusal.malformed(
        "the URL has a `%` without two hexadecimal digits, a NUL, or what is no UTF-8; encode it again")

    mutating func readField() throws(HTTPRefusal) -> (isReady: Bool, Event?) {
        let tooLong = HTTPRefusal(
            431, "the request's head is longer than \(headerBytes) bytes; send fewer or shorter fields")
        guard let line = try line(atMost: headerBytes - headCount, else: tooLong) else {
            return (false, nil)
        }
        headCount += line.count + 2
        guard !line.isEmpty else { return (true, try finishHead()) }
        guard let count = head?.request.headers.fields.count, count < Self.mostFields else {
            throw HTTPRefusal(431, "the request has more than \(Self.mostFields) header fields; send fewer")
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            line[..<colon].allSatisfy({ Self.isToken[Int($0)] })
        else {
            throw .malformed(
                "a header field is not NAME: VALUE; field names have no spaces, and no line is folded")
        }
        try head?.add(Self.lowercased(line[..<colon]), Self.trimmed(line[(colon + 1)...]))
        return (true, nil)
    }

    private mutating func finishHead() throws(HTTPRefusal) -> Event? {
        headCount = 0
        guard let kind = try head?.finish(), let head else { return nil }
        switch kind {
        case .none: return finishRequest()
        case .length(let count):
            guard count <= bodyBytes else { throw bodyTooLong }
            stage = .body(left: count)
        case .chunked: stage = .chunkSize
        }
        return .head(head.request, expectsContinue: head.expectsContinue)
    }

    mutating func finishRequest() -> Event? {
        guard var request = head?.request else { return nil }
        request.body = body
        (head, body, stage) = (nil, [], .requestLine)
        return .request(request)
    }

    var bodyTooLong: HTTPRefusal {
        HTTPRefusal(
            413,
            bodyBytes == 0
                ? "no request here has a body; send none"
                : "the body is longer than \(bodyBytes) bytes; send less")
    }

    private static func lowercased(_ bytes: ArraySlice<UInt8>) -> String {
        String(unsafeUninitializedCapacity: bytes.count) { buffer in
            for (index, byte) in bytes.enumerated() {
                buffer[index] = (65...90).contains(byte) ? byte | 32 : byte
            }
            return bytes.count
        }
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
        var bytes = bytes
        while let byte = bytes.first, byte == 32 || byte == 9 { bytes.removeFirst() }
        while let byte = bytes.last, byte == 32 || byte == 9 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The characters of methods and field names (RFC 9110, section 5.6.2).
    private static let isToken: [Bool] = (0..<256).map { byte in
        let scalar = UInt8(byte)
        let isLetter = (65...90).contains(scalar & 0xDF) && scalar >= 65 && scalar < 128
        return isLetter || (48...57).contains(scalar) || "!#$%&'*+-.^_`|~".utf8.contains(scalar)
    }
}
