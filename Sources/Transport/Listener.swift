#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A listening socket of a reactor, used on its thread alone (hence `@unchecked Sendable`). It lives until closed.
package final class Listener: @unchecked Sendable {
    /// How long accepting rests when the process has run out of descriptors.
    static let rest = 0.2

    /// With the port that was bound, when 0 was asked for.
    package let localAddress: SocketAddress
    private let reactor: Reactor
    private let descriptor: Int32
    private var registration: Registration?
    private var accepted: ((PlainStream, SocketAddress, SocketAddress) -> Void)?
    private var isResting = false

    /// Binds and listens. An empty host or `0.0.0.0` is every IPv4 address, `::` every IPv6 and IPv4 one.
    /// A host name is looked up here, blocking: give an address on a running loop.
    init(_ endpoint: Endpoint, reactor: Reactor, accepted: @escaping (PlainStream, SocketAddress, SocketAddress) -> Void)
        throws(TransportError)
    {
        let address = try endpoint.resolve()[0]
        let descriptor = try Listener.bind(address)
        self.reactor = reactor
        self.descriptor = descriptor
        self.accepted = accepted
        localAddress = SocketAddress(of: descriptor, .local) ?? address
        registration = reactor.register(
            descriptor, reads: true, writes: false, handler: { _ in self.acceptAll() }, abandon: { self.close() })
    }

    private static func bind(_ address: SocketAddress) throws(TransportError) -> Int32 {
        let descriptor = try makeSocket(address.family)
        setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        if address.isIPv6 { setOption(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, address.isAny ? 0 : 1) }
        #if canImport(Darwin)
            let status = address.withSocketAddress { Darwin.bind(descriptor, $0, $1) }
        #else
            let status = address.withSocketAddress { Glibc.bind(descriptor, $0, $1) }
        #endif
        if status == 0, listen(descriptor, 1024) == 0 { return descriptor }
        let code = errno
        closeDescriptor(descriptor)
        throw code == EADDRINUSE
            ? .portInUse(address: "\(address)") : .cannotListen(address: "\(address)", reason: errorText(code))
    }

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
        for _ in 0..<64 {
            guard let accepted else { return }
            let socket = accept(descriptor, nil, nil)
            if socket < 0 {
                if errno == EINTR || errno == ECONNABORTED { continue }
                if errno != EAGAIN && errno != EWOULDBLOCK { restFromAccepting() }
                return
            }
            makeNonBlocking(socket)
            let stream = PlainStream(descriptor: socket)
            guard let local = SocketAddress(of: socket, .local), let remote = SocketAddress(of: socket, .remote) else { continue }
            accepted(stream, local, remote)
        }
    }

    /// Out of descriptors or memory: the newcomer stays in the queue, so poll would report it without end.
    private func restFromAccepting() {
        isResting = true
        updateInterest()
        reactor.after(Listener.rest) { [weak self] in
            self?.isResting = false
            self?.updateInterest()
        }
    }
}

func closeDescriptor(_ descriptor: Int32) {
    #if canImport(Darwin)
        Darwin.close(descriptor)
    #else
        Glibc.close(descriptor)
    #endif
}
