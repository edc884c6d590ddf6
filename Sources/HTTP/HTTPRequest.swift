import Transport

package enum HTTPMethod: Sendable, Equatable {
    case get
    case head
    case post
    case other(String)

    init(_ name: String) {
        switch name {
        case "GET": self = .get
        case "HEAD": self = .head
        case "POST": self = .post
        default: self = .other(name)
        }
    }
}

/// A request as it arrived: its head, its whole body, and where it came from.
package struct HTTPRequest: Sendable, Equatable {
    package var method: HTTPMethod
    /// The path, percent-decoded. It begins with `/`, or is `*`.
    package var path: String
    /// The names and values after the `?`, decoded, in their order.
    package var query: [Parameter]
    package var headers = HTTPHeaders()
    package var body: [UInt8] = []
    /// The client's address.
    package var peer: SocketAddress
    /// This end's address.
    package var local: SocketAddress
    /// Whether the connection stays open after the answer.
    var keepsConnection = true

    package struct Parameter: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    /// Returns the value of the first parameter with this name.
    package func query(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// Returns the value of a cookie.
    package func cookie(_ name: String) -> String? {
        for field in headers.fields where field.name == "cookie" {
            for pair in field.value.split(separator: ";") {
                let parts = pair.drop { $0 == " " }.split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                if parts.count == 2, parts[0] == name { return String(parts[1]) }
            }
        }
        return nil
    }

    /// The media type of the body in lower case, without its parameters: `text/csv`.
    package var mediaType: String? {
        guard let type = headers.first("content-type")?.prefix(while: { $0 != ";" && $0 != " " }) else {
            return nil
        }
        return type.lowercased()
    }
}
