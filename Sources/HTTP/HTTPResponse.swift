/// An answer. Every answer forbids browsers to guess its type, to keep it, to tell other sites of it, and to
/// show it inside another site's page.
package struct HTTPResponse: Sendable, Equatable {
    package var status: Int
    package var headers: [Field]
    package var body: [UInt8]
    /// The rules for what a page may load and run (`Content-Security-Policy`).
    package var contentSecurityPolicy: String?

    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
    }

    package init(
        status: Int, headers: [(String, String)] = [], body: [UInt8] = [],
        contentSecurityPolicy: String? = nil
    ) {
        self.status = status
        self.headers = headers.map { Field($0.0, $0.1) }
        self.body = body
        self.contentSecurityPolicy = contentSecurityPolicy
    }

    package static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        of("text/plain; charset=utf-8", text, status: status)
    }

    package static func html(_ text: String, contentSecurityPolicy: String, status: Int = 200) -> HTTPResponse
    {
        var response = of("text/html; charset=utf-8", text, status: status)
        response.contentSecurityPolicy = contentSecurityPolicy
        return response
    }

    package static func json(_ text: String, status: Int = 200) -> HTTPResponse {
        of("application/json", text, status: status)
    }

    /// An answer whose type is none of the above: `/metrics`, a script, a picture.
    package static func of(_ type: String, _ body: [UInt8], status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("Content-Type", type)], body: body)
    }

    package static func of(_ type: String, _ text: String, status: Int = 200) -> HTTPResponse {
        of(type, Array(text.utf8), status: status)
    }

    /// Sends the browser to another path of this server, which it gets with GET.
    package static func redirect(to path: String) -> HTTPResponse {
        HTTPResponse(status: 303, headers: [("Location", path)])
    }

    /// The answer to a path that there is not.
    package static let notFound = text("there is nothing at this path\n", status: 404)

    /// The answer to a method that the path does not know.
    package static func notAllowed(_ allowed: String) -> HTTPResponse {
        var response = text("this path takes \(allowed) only\n", status: 405)
        response.headers.append(Field("Allow", allowed))
        return response
    }

    /// The answer to what was refused before any handler saw it.
    init(_ refusal: HTTPRefusal) {
        self = .text(refusal.description + "\n", status: refusal.status)
    }
}

// MARK: - Bytes

extension HTTPResponse {
    /// The part behind the head.
    enum Content {
        case whole
        /// The answer to HEAD: only the length is told.
        case lengthOnly
        /// Whatever is sent until the connection ends.
        case untilClosed
    }

    private static let common = Array(
        """
        X-Content-Type-Options: nosniff\r
        Cache-Control: no-store\r
        Referrer-Policy: no-referrer\r
        Cross-Origin-Resource-Policy: same-origin\r
        X-Frame-Options: DENY\r

        """.utf8)

    /// Writes the head, with the empty line after it.
    func head(_ content: Content, keepsConnection: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        bytes += "HTTP/1.1 \(status) \(Self.phrase(status))\r\n".utf8
        for field in headers { Self.append(field.name, field.value, to: &bytes) }
        if let contentSecurityPolicy {
            Self.append("Content-Security-Policy", contentSecurityPolicy, to: &bytes)
        }
        bytes += Self.common
        if case .untilClosed = content {
        } else if status != 204, status != 304 {
            bytes += "Content-Length: \(body.count)\r\n".utf8
        }
        bytes += (keepsConnection ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n").utf8
        return bytes
    }

    /// A control character in a value would end the field, and is replaced.
    private static func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
        bytes += name.utf8
        bytes += ": ".utf8
        bytes += value.utf8.lazy.map { $0 < 32 || $0 == 127 ? UInt8(ascii: " ") : $0 }
        bytes += "\r\n".utf8
    }

    private static func phrase(_ status: Int) -> String { phrases[status] ?? "Status" }

    private static let phrases = [
        200: "OK", 204: "No Content", 303: "See Other", 304: "Not Modified", 400: "Bad Request",
        401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        406: "Not Acceptable", 408: "Request Timeout", 411: "Length Required", 413: "Content Too Large",
        414: "URI Too Long", 415: "Unsupported Media Type", 417: "Expectation Failed",
        422: "Unprocessable Content", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
        500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable",
        505: "HTTP Version Not Supported",
    ]
}
