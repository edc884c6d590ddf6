import Transport

/// A worker's connection for messages to its coordinator, from dialling to the end. On the communication
/// thread.
final class CoordinatorConnection {
    /// Seconds in which the coordinator must let a worker in.
    private static let welcomeTimeout = 30.0
    private static let dialTimeout = 10.0

    let address: Endpoint
    /// Takes a message and the generation that it belongs to.
    var received: (ToWorker, FrameGeneration) throws -> Void = { _, _ in }
    /// Returns the memory for the payload of a bulk message, or nil if nobody wants it.
    var destination:
        (_ bulk: ToWorker.BulkHeader, _ generation: FrameGeneration, _ bytes: Int) throws
            -> UnsafeMutableRawBufferPointer? = { _, _, _ in nil }
    /// Told once that the connection has ended or did not come about; not after `close`.
    var lost: (TransportError?, _ wasLetIn: Bool) -> Void = { _, _ in }

    private let reactor: Reactor
    private let credentials: Credentials
    private var connection: Connection?
    private var isWelcomed = false
    private var isClosed = false

    init(reactor: Reactor, address: Endpoint, credentials: Credentials) {
        self.reactor = reactor
        self.address = address
        self.credentials = credentials
    }

    var isOpen: Bool { connection != nil }
    /// Whether the coordinator has let this worker in.
    var isJoined: Bool { connection != nil && isWelcomed }
    var bytesSent: UInt64 { connection?.bytesSent ?? 0 }
    var bytesReceived: UInt64 { connection?.bytesReceived ?? 0 }

    func dial(_ request: JoinRequest) {
        let credentials = credentials
        reactor.dial(
            [address], timeout: Self.dialTimeout,
            handshake: {
                .dialler(
                    credentials, program: Version.program, context: ConnectionPurpose.join(request).encoded)
            }
        ) { [self] result in
            switch result {
            case .failure(let error): if !isClosed { lost(error, false) }
            case .success(let (connection, _)): isClosed ? connection.close() : serve(connection)
            }
        }
    }

    func send(
        _ message: ToCoordinator, of generation: FrameGeneration = FrameGeneration(),
        sent: (() -> Void)? = nil
    ) {
        connection?.send(message, of: generation, sent: sent)
    }

    private func serve(_ connection: Connection) {
        self.connection = connection
        connection.peer = "the coordinator at \(address)"
        connection.maximumPayload = 64 << 20
        connection.destination = { [unowned self] header in
            guard let bulk = try ToWorker.BulkHeader(header) else { return nil }
            return try destination(bulk, header.generation, header.payloadLength)
        }
        connection.closed = { [unowned self] in end($0) }
        connection.received = { [unowned self] header, payload in
            let message = try ToWorker(header, payload)
            if case .welcome = message { try welcomed() }
            try received(message, header.generation)
        }
        reactor.after(Self.welcomeTimeout) { [weak self] in
            guard let self, !isWelcomed else { return }
            fail(
                .timedOut(
                    peer: connection.peer, during: "letting this worker in", seconds: Self.welcomeTimeout))
        }
    }

    private func welcomed() throws(MalformedMessage) {
        guard !isWelcomed else { throw MalformedMessage("the coordinator welcomed this worker twice") }
        isWelcomed = true
    }

    /// Gives the connection up for a reason that it has not noticed itself.
    func fail(_ reason: TransportError?) {
        guard let connection else { return }
        connection.close()
        end(reason)
    }

    private func end(_ reason: TransportError?) {
        connection = nil
        lost(reason, true)
    }

    /// Sends what is queued, and ends the connection.
    func close() {
        isClosed = true
        connection?.finish()
        connection = nil
    }
}
