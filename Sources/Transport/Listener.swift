import Platform

/// A listening socket of a reactor. It lives until it is closed, and is used on the reactor's thread alone
/// (hence `@unchecked Sendable`).
package final class Listener: @unchecked Sendable {
    /// The backlog that is asked of the system: connections that wait to be accepted.
    private static let queue: Int32 = 4096
    /// Connections that one turn of the loop accepts at most, and handshakes that it begins at most.
    private static let (takenPerTurn, begunPerTurn) = (1024, 64)
    /// Seconds without accepting after the process has run out of descriptors.
    private static let longRest = 0.2
    /// Seconds without accepting after a client that connected and hung up at once. A client that does so a
    /// thousand times a second then costs little more than the system calls, and an honest client that comes
    /// in between hardly waits.
    private static let shortRest = 0.02

    /// The address that was bound. If port 0 was asked for, it has the port that the system chose.
    package let localAddress: SocketAddress
    private let reactor: Reactor
    private let descriptor: Int32
    private var registration: Registration?
    private var accepted: ((PlainStream, SocketAddress, SocketAddress) -> Void)?
    private let hungUp: (SocketAddress) -> Void
    private var isResting = false

    /// Binds and listens. An empty host or `::` is every address of both families, `0.0.0.0` every IPv4
    /// address. A host name is looked up here, which blocks: pass an address if the loop is running.
    ///
    /// - Parameters:
    ///   - accepted: gets a connection, its local and its remote address.
    ///   - hungUp: gets the remote address of a connection that had ended before it was accepted.
    /// - Throws: `TransportError` if the address cannot be resolved or bound.
    package init(
        _ endpoint: Endpoint, reactor: Reactor,
        accepted: @escaping (PlainStream, SocketAddress, SocketAddress) -> Void,
        hungUp: @escaping (SocketAddress) -> Void
    ) throws(TransportError) {
        let (address, descriptor) = try Listener.bind(endpoint)
        self.reactor = reactor
        self.descriptor = descriptor
        self.accepted = accepted
        self.hungUp = hungUp
        localAddress = SocketAddress(of: descriptor, .local) ?? address
        registration = reactor.register(
            descriptor, reads: true, writes: false, handler: { _ in self.acceptAll() },
            abandon: { self.close() })
    }

    private static func bind(_ endpoint: Endpoint) throws(TransportError) -> (SocketAddress, Int32) {
        guard endpoint.host.isEmpty else {
            let address = try endpoint.resolve()[0]
            return (address, try bind(address))
        }
        let every = SocketAddress(bytes: [UInt8](repeating: 0, count: 16), port: endpoint.port)
        do throws(TransportError) {
            return (every, try bind(every))
        } catch {
            if case .portInUse = error { throw error }
            // A machine without IPv6.
            let address = SocketAddress(bytes: [0, 0, 0, 0], port: endpoint.port)
            return (address, try bind(address))
        }
    }

    private static func bind(_ address: SocketAddress) throws(TransportError) -> Int32 {
        let descriptor = try makeSocket(address.family)
        setOption(of: descriptor, level: SOL_SOCKET, SO_REUSEADDR, 1)
        if address.isIPv6 {
            setOption(of: descriptor, level: Int32(IPPROTO_IPV6), IPV6_V6ONLY, address.isAny ? 0 : 1)
        }
        let status = address.withSocketAddress { Platform.bind(descriptor, $0, $1) }
        if status == 0, listen(descriptor, queue) == 0 { return descriptor }
        let code = errno
        closeDescriptor(descriptor)
        throw code == EADDRINUSE
            ? .portInUse(address: "\(address)")
            : .cannotListen(address: "\(address)", reason: errorText(code))
    }

    /// Closes the socket; `accepted` is not called after this.
    package func close() {
        guard let registration else { return }
        reactor.remove(registration)
        self.registration = nil
        accepted = nil
        closeDescriptor(descriptor)
    }

    private func updateInterest() {
        if let registration { reactor.update(registration, reads: !isResting, writes: false) }
    }

    private func acceptAll() {
        var begun = 0
        for _ in 0..<Listener.takenPerTurn {
            guard let accepted, begun < Listener.begunPerTurn else { return }
            let (socket, remote) = acceptSocket(descriptor)
            if socket < 0 {
                if errno == EINTR || errno == ECONNABORTED { continue }
                if errno != EAGAIN && errno != EWOULDBLOCK { rest(Listener.longRest) }
                return
            }
            guard let remote else {
                closeDescriptor(socket)
                continue
            }
            if hasEnded(socket) {
                closeDescriptor(socket)
                hungUp(remote)
                rest(Listener.shortRest)
                continue
            }
            let stream = PlainStream(descriptor: socket)
            guard let local = SocketAddress(of: socket, .local) else { continue }
            begun += 1
            accepted(stream, local, remote)
        }
    }

    /// True if the peer has closed the connection and there is nothing to read.
    private func hasEnded(_ socket: Int32) -> Bool {
        var byte: UInt8 = 0
        let count = recv(socket, &byte, 1, Int32(MSG_PEEK))
        return count == 0 || count < 0 && errno == ECONNRESET
    }

    /// Stops accepting for a while. Connections wait in the system's queue, which poll would otherwise
    /// announce without end.
    private func rest(_ seconds: Double) {
        guard !isResting else { return }
        isResting = true
        updateInterest()
        reactor.expectNothing()
        reactor.after(seconds) { [weak self] in
            self?.isResting = false
            self?.updateInterest()
        }
    }
}

func closeDescriptor(_ descriptor: Int32) {
    Platform.close(descriptor)
}
