import Platform
import System
import Transport

/// Decides who may look at a page: everybody on a machine can reach its loopback address, so the address
/// alone protects nothing.
///
/// Whoever knows the key may look. The link that the program prints has it (`link`), and is exchanged for a
/// cookie that no script can read and that no other site's page makes the browser send. Programs send
/// `Authorization: Bearer KEY`.
///
/// A page of another site could make a browser ask in its user's name. Therefore a browser's request must be
/// for this server by name (`Host`: against names that are made to point here) and from its own page
/// (`Origin`).
package struct PageAccess: Sendable {
    /// Names that a request may be for.
    private enum Hosts {
        case any
        /// This machine's loopback addresses, and this name.
        case loopback(name: String?)
        /// Any numeric address, which cannot be made to point here, and this name.
        case addresses(name: String?)
    }

    /// The key; nil if everybody may look.
    private let key: String?
    private let cookieName: String
    private let cookieValue: String
    private let hosts: Hosts
    /// Where a browser on this machine or on its network finds the server: `http://127.0.0.1:7071`.
    package let origin: String

    /// - Parameters:
    ///   - key: nil lets everybody look, from this server's own pages or without a browser.
    ///   - endpoint: the address that was asked for.
    ///   - address: the address that was bound.
    ///   - isOpen: the server may be asked for by any name; a user must have said so.
    package init(key: String?, endpoint: Endpoint, address: SocketAddress, isOpen: Bool = false) {
        self.key = key
        cookieName = "dist-train-\(address.port)"
        cookieValue = key.map { SHA256.hexDigest(of: Array("dist-train cookie\n\($0)".utf8)) } ?? ""
        let name = endpoint.host.isEmpty ? nil : endpoint.host.lowercased()
        hosts = isOpen ? .any : address.isLoopback ? .loopback(name: name) : .addresses(name: name)
        origin = "http://\(Self.shownHost(endpoint, address)):\(address.port)"
    }

    /// The link that lets a person in. It is for the terminal and for files of mode 0600, and for no log.
    package var link: String { key.map { "\(origin)/?key=\(PercentEncoding.encode($0))" } ?? "\(origin)/" }

    /// The host to show: a name that was given, or an address at which others reach a server that listens on
    /// all of them.
    private static func shownHost(_ endpoint: Endpoint, _ address: SocketAddress) -> String {
        if !endpoint.host.isEmpty, SocketAddress(host: endpoint.host, port: 0) == nil { return endpoint.host }
        guard address.isAny else { return address.bracketedHost }
        return InterfaceAddress.all().first?.address.bracketedHost ?? "127.0.0.1"
    }

    /// Judges a request by its head. Returns nil if it may be answered, and otherwise the answer: the cookie
    /// for whoever comes with the key, or 403 with a sentence.
    package func answer(to request: HTTPRequest) -> HTTPResponse? {
        if let key, let given = Self.bearer(request) {
            return isEqual(given, key) ? nil : Self.forbidden("the key after `Bearer` is another one")
        }
        guard isForThisServer(request) else {
            return Self.forbidden(
                "this server is not known by the name in `Host`; ask for it by its address, as in \(origin)/")
        }
        guard isFromOwnPage(request) else {
            return Self.forbidden(
                "pages of other sites may not ask this server (`Origin`); open \(origin)/ itself")
        }
        guard let key else { return nil }
        if let cookie = request.cookie(cookieName), isEqual(cookie, cookieValue) {
            return request.path == "/" && request.query("key") != nil ? entrance : nil
        }
        guard let given = request.query("key"), request.path == "/" else {
            return Self.forbidden(
                "open the link with the key that the program printed (`?key=…`), or send"
                    + " `Authorization: Bearer KEY`")
        }
        guard isEqual(given, key) else {
            return Self.forbidden(
                "the key in this link is another one; open the link that the program printed last")
        }
        return entrance
    }

    /// Exchanges the key in the link for the cookie, so that the key stands in no address bar.
    private var entrance: HTTPResponse {
        var response = HTTPResponse.redirect(to: "/")
        let cookie = "\(cookieName)=\(cookieValue)"
        response.headers.append(
            HTTPResponse.Field("Set-Cookie", "\(cookie); HttpOnly; SameSite=Strict; Path=/"))
        return response
    }

    private static func forbidden(_ sentence: String) -> HTTPResponse { .text(sentence + "\n", status: 403) }

    private static func bearer(_ request: HTTPRequest) -> String? {
        let parts = request.headers.first("authorization")?.split(separator: " ", maxSplits: 1) ?? []
        return parts.count == 2 && parts[0].lowercased() == "bearer" ? String(parts[1]) : nil
    }

    private func isEqual(_ given: String, _ secret: String) -> Bool {
        equalInConstantTime(Array(given.utf8), Array(secret.utf8))
    }

    private func isForThisServer(_ request: HTTPRequest) -> Bool {
        if case .any = hosts { return true }
        guard let host = request.headers.first("host").map(Self.hostWithoutPort) else { return false }
        let address = SocketAddress(host: host, port: 0)
        switch hosts {
        case .any: return true
        case .loopback(let name): return host == "localhost" || host == name || address?.isLoopback == true
        case .addresses(let name): return host == "localhost" || host == name || address != nil
        }
    }

    /// The host of `HOST:PORT`, in lower case and without brackets. The port does not count: a tunnel may
    /// have another one at its near end.
    private static func hostWithoutPort(_ text: String) -> String {
        let text = text.lowercased()
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            return String(text[text.index(after: text.startIndex)..<end])
        }
        return String(text.prefix { $0 != ":" })
    }

    /// Whether the page that asks, if one does, comes from the host that it asks.
    private func isFromOwnPage(_ request: HTTPRequest) -> Bool {
        guard let origin = request.headers.first("origin")?.lowercased() else { return true }
        guard let host = request.headers.first("host")?.lowercased() else { return false }
        return origin == "http://" + host || origin == "https://" + host
    }
}
