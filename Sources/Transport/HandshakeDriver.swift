/// Runs a handshake over a new connection and then hands the connection over.
///
/// During the handshake only small frames of the handshake's kinds are accepted, within a time limit.
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
        self.connection = connection
        self.handshake = handshake
        self.completion = completion
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
        // The queue holds the refusal, which is sent first.
        case .failure: connection.isDrained ? connection.close() : connection.finish()
        case .success: handOver()
        }
        completion(result)
    }

    private func handOver() {
        connection.received = nil
        connection.closed = nil
        connection.acceptsAnyVersion = false
        connection.plainRefusal = nil
        connection.isAuthenticated = true
        connection.isKnownKind = { $0 < FrameHeader.firstHandshakeKind }
        connection.maximumPayload = Connection.maximumAfterAuthentication
    }

    /// Closes the connection because newer ones need its entry in the `PreauthLimiter`.
    func evict() {
        end(.failure(.evicted(peer: connection.peer)))
        connection.close()
    }

    /// Closes the connection, because the dial was cancelled; the completion is not called.
    func abandon() {
        completion = nil
        timer?.cancel()
        connection.close()
    }
}

extension Connection {
    /// The longest payload after authentication, in bytes, until the owner sets what its messages need.
    static let maximumAfterAuthentication = 64 << 20
}
