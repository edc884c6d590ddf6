import Platform

/// A host name or address and a port, to dial or to listen on.
package struct Endpoint: Hashable, Sendable {
    /// The port of a coordinator, unless an option says otherwise.
    package static let coordinatorPort: UInt16 = 7070

    package var host: String
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST`, `HOST:PORT`, `[IPv6]`, `[IPv6]:PORT`, a bare IPv6 address, or `:PORT` (every address).
    ///
    /// - Throws: `TransportError.invalidEndpoint` if the text is none of these.
    package init(parsing text: String, defaultPort: UInt16) throws(TransportError) {
        func invalid(_ reason: String) -> TransportError { .invalidEndpoint(text: text, reason: reason) }
        let colons = text.utf8.count { $0 == UInt8(ascii: ":") }
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw invalid("the closing bracket is missing") }
            let inner = String(text[text.index(after: text.startIndex)..<end])
            guard SocketAddress(host: inner, port: 0) != nil, inner.contains(":") else {
                throw invalid("`\(inner)` is not an IPv6 address")
            }
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else {
                throw invalid("after the bracket comes a colon and the port")
            }
            self.init(
                host: inner, port: rest.isEmpty ? defaultPort : try Endpoint.port(rest.dropFirst(), in: text))
        } else if colons > 1 {
            guard SocketAddress(host: text, port: 0) != nil else {
                throw invalid("it has several colons and is no IPv6 address")
            }
            self.init(host: text, port: defaultPort)
        } else {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            let host = parts.first.map(String.init) ?? ""
            guard !host.isEmpty || colons == 1 else { throw invalid("it is empty") }
            guard host.utf8.allSatisfy({ $0 > 32 && $0 != 127 && $0 != UInt8(ascii: "/") }) else {
                throw invalid("a host name has no spaces or slashes")
            }
            self.init(host: host, port: colons == 1 ? try Endpoint.port(parts[1], in: text) : defaultPort)
        }
    }

    private static func port(_ digits: Substring, in text: String) throws(TransportError) -> UInt16 {
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits)
        else {
            throw .invalidEndpoint(text: text, reason: "the port is a number from 0 to 65535")
        }
        return port
    }

    /// Resolves the host to its addresses, IPv4 first. Blocks while a name is looked up: never call it on a
    /// loop.
    ///
    /// - Throws: `TransportError.unknownHost` if the name has no address.
    package func resolve() throws(TransportError) -> [SocketAddress] {
        if let address = SocketAddress(host: host, port: port) { return [address] }
        if host.isEmpty { return [SocketAddress(bytes: [0, 0, 0, 0], port: port)] }
        var hints = addrinfo()
        hints.ai_socktype = streamSocketType
        var first: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &first)
        guard status == 0 else {
            throw .unknownHost(host: host, reason: String(cString: gai_strerror(status)))
        }
        defer { freeaddrinfo(first) }
        var found: [SocketAddress] = []
        var next = first
        while let entry = next {
            next = entry.pointee.ai_next
            guard var address = SocketAddress(entry.pointee.ai_addr) else { continue }
            address.port = port
            if !found.contains(address) { found.append(address) }
        }
        guard !found.isEmpty else { throw .unknownHost(host: host, reason: "it has no IP address") }
        return found.filter { !$0.isIPv6 } + found.filter(\.isIPv6)
    }
}

extension Endpoint: CustomStringConvertible {
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
