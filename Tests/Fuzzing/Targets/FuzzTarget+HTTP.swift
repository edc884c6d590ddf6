import HTTP
import Transport

// A target for what browsers and programs send to the page and to `serve`.
extension FuzzTarget {
    /// The first four bytes say how the rest is cut. The requests are the same as from the uncut bytes, and
    /// each one is the same when it is written and read again.
    static let httpRequest = FuzzTarget("http_request", longestInput: 4096) { input in
        var script = Input(input)
        let pieces = (0..<4).map { _ in Int(script.byte()) + 1 }
        let bytes = script.remainder()
        let whole = try HTTPReading(bytes, pieces: [.max])
        let cut = try HTTPReading(bytes, pieces: pieces)
        try require(
            whole.requests == cut.requests && whole.refusal?.status == cut.refusal?.status,
            "other requests are read from the same bytes when they are cut")
        for request in whole.requests where request.headers.fields.count < 100 {
            let again = try HTTPReading(written(request), pieces: [.max])
            try require(
                again.requests.count == 1 && again.refusal == nil && again.requests[0].isCopy(of: request),
                "written and read again it is another request")
        }
        if let refusal = whole.refusal { throw refusal }
    }

    private static func written(_ request: HTTPRequest) -> [UInt8] {
        let segments = request.path.split(separator: "/", omittingEmptySubsequences: false)
        let path =
            request.path == "*"
            ? "*" : segments.map { PercentEncoding.encode(String($0)) }.joined(separator: "/")
        let query = request.query.map {
            "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))"
        }
        let method =
            switch request.method {
            case .get: "GET"
            case .head: "HEAD"
            case .post: "POST"
            case .other(let name): name
            }
        var text = "\(method) \(path)\(query.isEmpty ? "" : "?")\(query.joined(separator: "&")) HTTP/1.1\r\n"
        if request.headers.first("host") == nil { text += "Host: a\r\n" }
        for field in request.meaningfulFields { text += "\(field.name): \(field.value)\r\n" }
        if !request.body.isEmpty { text += "Content-Length: \(request.body.count)\r\n" }
        return Array((text + "\r\n").utf8) + request.body
    }
}

/// The requests in some bytes, up to the first that is refused.
private struct HTTPReading {
    private static let longestBody = 1024
    private(set) var requests: [HTTPRequest] = []
    private(set) var refusal: HTTPRefusal?

    /// - Parameter pieces: the sizes of the pieces in which the bytes arrive, used in turns.
    init(_ bytes: [UInt8], pieces: [Int]) throws {
        guard let place = SocketAddress(host: "127.0.0.1", port: 1) else { return }
        var parser = HTTPParser(headerBytes: 8192, bodyBytes: Self.longestBody, peer: place, local: place)
        var rest = bytes[...]
        var turn = 0
        while !rest.isEmpty, refusal == nil {
            let count = pieces[turn % pieces.count]
            turn += 1
            rest.prefix(count).withUnsafeBytes { parser.append($0) }
            rest = rest.dropFirst(count)
            do throws(HTTPRefusal) {
                while let event = try parser.next() {
                    if case .request(let request) = event { requests.append(request) }
                }
            } catch {
                refusal = error
            }
        }
        try require(
            requests.allSatisfy { $0.body.count <= Self.longestBody }, "a body is longer than allowed")
    }
}

extension HTTPRequest {
    /// Those that do not tell how long the body is.
    fileprivate var meaningfulFields: [HTTPHeaders.Field] {
        headers.fields.filter { $0.name != "content-length" && $0.name != "transfer-encoding" }
    }

    fileprivate func isCopy(of other: HTTPRequest) -> Bool {
        let fields =
            other.headers.first("host") == nil ? Array(meaningfulFields.dropFirst()) : meaningfulFields
        return method == other.method && path == other.path && query == other.query && body == other.body
            && fields == other.meaningfulFields
    }
}
