/// Carries a handshake over a new connection, then lets go of it.
///
/// Until its end: small frames of the handshake's kinds only, few of them, within a time limit.
final class HandshakeDriver {
    typealias Completion = (Result<(Connection, HandshakePeer), TransportError>) -> Void

    private let connection: Connection
    private var handshake: Handshake
    private var completion: Completion?
    private var timer: ReactorTimer?

    @discardableResult
    init(
        _ connection: Connection, _ handshake: Handshake, timeLimit: Double,
        _ completion: @escaping Completion
    ) {
        (self.connection, self.handshake, self.completion) = (connection, handshake, completion)
        self.handshake.peer = connection.peer
        connection.acceptsAnyVersion = true
        connection.plainRefusal = handshake.protectionRefusal.map { (FrameHeader(kind: $0.kind), $0.payload) }
        connection.isKnownKind = { $0 >= FrameHeader.firstHandshakeKind }
        connection.received = { header, payload in self.receive(header, Array(payload)) }
        connection.closed = { reason in
            self.end(.failure(reason ?? .closedDuringHandshake(peer: connection.peer)))
        }
        timer = connection.reactor.after(timeLimit) { [weak self] in
            self?.end(.failure(.timedOut(peer: connection.peer, during: "handshake", seconds: timeLimit)))
        }
        send(self.handshake.start())
    }

    private func send(_ frames: [Handshake.Frame]) {
        for frame in frames { connection.send(FrameHeader(kind: frame.kind), frame.payload) }
    }

    private func receive(_ header: FrameHeader, _ payload: [UInt8]) {
        handshake.channelBinding = connection.stream.channelBinding
        let (frames, outcome) = handshake.receive(header.kind, payload)
        send(frames)
        switch outcome {
        case .proceeds: break
        case .failed(let error): end(.failure(error))
        case .authenticated(let peer): end(.success((connection, peer)))
        }
    }

    private func end(_ result: Result<(Connection, HandshakePeer), TransportError>) {
        guard let completion else { return }
        self.completion = nil
        timer?.cancel()
        switch result {
        case .failure: connection.isDrained ? connection.close() : connection.finish()  // what was queued is the refusal
        case .success: handOver()
        }
        completion(result)
    }

    private func handOver() {
        (connection.received, connection.closed) = (nil, nil)
        connection.acceptsAnyVersion = false
        connection.plainRefusal = nil
        connection.isAuthenticated = true
        connection.isKnownKind = { $0 < FrameHeader.firstHandshakeKind }
        connection.maximumPayload = Connection.maximumAfterAuthentication
    }

    /// Others need the place.
    func crowdOut() {
        end(.failure(.crowdedOut(peer: connection.peer)))
        connection.close()
    }

    /// The dial was cancelled.
    func abandon() {
        completion = nil
        timer?.cancel()
        connection.close()
    }
}

extension Connection {
    /// Until the owner sets what its messages need.
    static let maximumAfterAuthentication = 64 << 20
}

extension Reactor {
    /// Listens, authenticates whoever dials, and hands over those that pass. `failed` hears of the others. Of strangers there are `Entrance.places` at most: the oldest
    /// of them, silent ones first, makes room for the next. Before the loop runs, or on it.
    /// The new owner sets the connection's handlers in `accepted`.
    package func listen(
        _ endpoint: Endpoint, priority: Int = 0, timeLimit: Double = Handshake.timeLimit,
        handshake: @escaping () -> Handshake,
        accepted: @escaping (Connection, HandshakePeer) -> Void,
        failed: @escaping (TransportError) -> Void = { _ in }
    ) throws(TransportError) -> Listener {
        let entrance = Entrance()
        return try Listener(
            endpoint, reactor: self,
            accepted: { [unowned self] stream, local, remote in
                let handshake = handshake()
                let connection = Connection(
                    handshake.protected(stream), reactor: self, local: local, remote: remote,
                    priority: priority)
                entrance.makeRoom()
                let driver = HandshakeDriver(connection, handshake, timeLimit: timeLimit) { result in
                    switch result {
                    case .success(let (connection, peer)): accepted(connection, peer)
                    case .failure(let error): failed(error)
                    }
                }
                entrance.add(driver, connection)
            }, hungUp: { failed(.closedDuringHandshake(peer: "\($0)")) })
    }

    /// Dials the endpoints in turn until one authenticates; the completion is called on the loop, once. On the loop only.
    /// The new owner sets the connection's handlers in `completion`.
    @discardableResult
    package func dial(
        _ endpoints: [Endpoint], priority: Int = 0, timeout: Double = 10,
        handshake: @escaping () -> Handshake,
        completion: @escaping (Result<(Connection, HandshakePeer), TransportError>) -> Void
    ) -> Dial {
        assertOwned()
        let dial = Dial(self, endpoints, priority, timeout, handshake, completion)
        after(0) { dial.next() }
        return dial
    }
}

/// The strangers of a listener: connections that have not proven anything, and refused ones that are not closed yet. Oldest first.
private final class Entrance {
    /// How many there may be at one time: what they cost in descriptors, memory and attention has an end.
    static let places = 256

    private struct Stranger {
        weak var connection: Connection?
        weak var driver: HandshakeDriver?

        var isThere: Bool { connection.map { $0.isOpen && !$0.isAuthenticated } ?? false }

        func end() { driver.map { $0.crowdOut() } ?? connection?.close() }
    }

    private var strangers: [Stranger] = []

    func makeRoom() {
        guard strangers.count >= Self.places else { return }
        strangers.removeAll { !$0.isThere }
        guard strangers.count >= Self.places else { return }
        let silent = strangers.firstIndex { $0.connection?.hasSpoken == false }
        strangers.remove(at: silent ?? 0).end()
    }

    func add(_ driver: HandshakeDriver, _ connection: Connection) {
        strangers.append(Stranger(connection: connection, driver: driver))
    }
}
