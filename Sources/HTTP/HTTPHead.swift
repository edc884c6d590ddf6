/// The head of a request while its lines arrive, and what its fields say of the body.
struct HTTPHead: Sendable {
    enum Body: Equatable {
        case none
        case length(Int)
        case chunked
    }

    var request: HTTPRequest
    /// The minor version: HTTP/1.0 or HTTP/1.1.
    let minor: Int
    private var lengths: [String] = []
    private var codings: [String] = []
    private var hosts = 0
    private var authority: String?
    private(set) var expectsContinue = false

    /// - Parameter authority: the host that the request line names; it counts more than the field.
    init(_ request: HTTPRequest, minor: Int, authority: String?) {
        self.request = request
        self.minor = minor
        self.authority = authority
        self.request.keepsConnection = minor > 0
    }

    mutating func add(_ name: String, _ value: String) throws(HTTPRefusal) {
        request.headers.append(name, value)
        switch name {
        case "content-length": lengths.append(value)
        case "transfer-encoding": codings.append(value.lowercased())
        case "host": hosts += 1
        case "connection": readConnection(value)
        case "expect":
            guard value.lowercased() == "100-continue" else {
                throw HTTPRefusal(417, "`Expect` asks for something else than 100-continue; leave it out")
            }
            expectsContinue = minor > 0
        default: break
        }
    }

    private mutating func readConnection(_ value: String) {
        for option in value.lowercased().split(whereSeparator: { $0 == "," || $0 == " " || $0 == "\t" }) {
            if option == "close" { request.keepsConnection = false }
            if option == "keep-alive", minor == 0 { request.keepsConnection = true }
        }
    }

    /// Judges the fields once all are there.
    mutating func finish() throws(HTTPRefusal) -> Body {
        guard hosts == 1 || minor == 0 && hosts == 0 else {
            throw .malformed("the request has \(hosts) `Host` fields; send one")
        }
        if let authority { request.headers.set("host", authority) }
        guard lengths.count + codings.count <= 1 else {
            throw .malformed(
                "the request gives the length of its body more than once; send one `Content-Length`, or"
                    + " `Transfer-Encoding: chunked`")
        }
        if let coding = codings.first {
            guard minor > 0 else { throw .malformed("HTTP/1.0 has no `Transfer-Encoding`; use HTTP/1.1") }
            guard coding == "chunked" else {
                throw HTTPRefusal(501, "only the transfer coding `chunked` is known; send the body as it is")
            }
            return .chunked
        }
        guard let length = lengths.first else { return .none }
        guard (1...18).contains(length.utf8.count), length.utf8.allSatisfy({ (48...57).contains($0) }),
            let count = Int(length)
        else { throw .malformed("`Content-Length` is no number of bytes; send decimal digits") }
        return count == 0 ? .none : .length(count)
    }
}
