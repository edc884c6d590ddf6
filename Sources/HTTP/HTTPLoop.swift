import Platform
import Synchronization
import Transport

/// A server's state on its loop: the listening socket and the connections.
///
/// All of it but `streams` belongs to the loop's thread (hence `@unchecked Sendable`).
final class HTTPLoop: @unchecked Sendable {
    let reactor: Reactor
    let limits: HTTPServer.Limits
    let admit: @Sendable (HTTPRequest) -> HTTPResponse?
    let handler: @Sendable (HTTPExchange) -> Void
    /// Takes the bytes of one read, which are passed on at once.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    private(set) var isEnding = false
    private var listener: Listener?
    private var connections: [HTTPConnection] = []
    private var isChecking = false
    private let streams = Atomic<Int>(0)

    /// Binds the address.
    init(
        _ endpoint: Endpoint, on reactor: Reactor, limits: HTTPServer.Limits,
        admit: @escaping @Sendable (HTTPRequest) -> HTTPResponse?,
        handler: @escaping @Sendable (HTTPExchange) -> Void
    ) throws(TransportError) {
        precondition(limits.streams + 2 < limits.connections, "event streams would take every connection")
        self.reactor = reactor
        self.limits = limits
        self.admit = admit
        self.handler = handler
        listener = try Listener(
            endpoint, reactor: reactor, accepted: { [unowned self] in self.accepted($0, $1, $2) },
            hungUp: { _ in })
    }

    deinit { buffer.deallocate() }

    var address: SocketAddress? { listener?.localAddress }

    /// Gives a newcomer a place, and evicts somebody if there is none: one place is always free, so that not
    /// even for a moment more descriptors are open than allowed.
    private func accepted(_ stream: PlainStream, _ local: SocketAddress, _ remote: SocketAddress) {
        while connections.count >= limits.connections - 1 {
            guard let index = ConnectionBudget.evicted(of: connections.map { ($0.worth, $0.since) }) else {
                break
            }
            connections[index].close()
        }
        let connection = HTTPConnection(stream, loop: self, local: local, remote: remote)
        connections.append(connection)
        connection.begin()
        checkSoon()
    }

    func hasClosed(_ connection: HTTPConnection) {
        connections.removeAll { $0 === connection }
        if isEnding, connections.isEmpty { reactor.stop() }
    }

    /// Whether the bodies of all requests together take more memory than allowed. Each connection asks when
    /// its own body grows, and gives up if so: the others stay within the limit.
    var holdsTooMuch: Bool { connections.reduce(0) { $0 + $1.bodyBytes } > limits.heldBytes }

    /// Keeps the answers that wait within the same bound: the connections that have taken nothing for the
    /// longest time are closed.
    func limitWaiting() {
        var waiting = connections.reduce(0) { $0 + $1.waitingBytes }
        while waiting > limits.heldBytes,
            let slowest = connections.filter({ $0.waitingBytes > 0 }).min(by: { $0.lastSent < $1.lastSent })
        {
            waiting -= slowest.waitingBytes
            slowest.close()
        }
    }

    private func checkSoon() {
        guard !isChecking, !connections.isEmpty else { return }
        isChecking = true
        reactor.after(1) { [unowned self] in
            self.isChecking = false
            let now = Reactor.now
            for connection in self.connections { connection.check(now) }
            self.checkSoon()
        }
    }

    /// Takes no more connections, sends what waits, and stops the loop when that is done, after `seconds` in
    /// any case.
    func end(within seconds: Double) {
        guard !isEnding else { return }
        isEnding = true
        listener?.close()
        for connection in connections { connection.endSoon() }
        if connections.isEmpty { return reactor.stop() }
        reactor.after(seconds) { [reactor] in reactor.stop() }
    }

    /// Closes the listening socket of a loop that never ran.
    func abandon() { listener?.close() }

    /// Takes a place for an event stream; any thread may call it.
    func reserveStream() -> Bool {
        if streams.add(1, ordering: .relaxed).newValue <= limits.streams { return true }
        streamHasEnded()
        return false
    }

    func streamHasEnded() { streams.subtract(1, ordering: .relaxed) }
}
