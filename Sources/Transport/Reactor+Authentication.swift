extension Reactor {
    /// Listens and authenticates every connection that arrives. Call it on the loop, or before the loop runs.
    ///
    /// At most `PreauthLimiter.capacity` connections are unauthenticated at one time.
    ///
    /// - Parameters:
    ///   - timeLimit: seconds from the first byte of a handshake to its last.
    ///   - handshake: makes the handshake of a new connection.
    ///   - accepted: gets a connection that has authenticated, and sets its handlers.
    ///   - failed: is told why a connection was not accepted.
    /// - Throws: `TransportError` if the address cannot be resolved or bound.
    package func listen(
        _ endpoint: Endpoint, priority: Int = 0, timeLimit: Double = Handshake.timeLimit,
        handshake: @escaping () -> Handshake,
        accepted: @escaping (Connection, HandshakePeer) -> Void,
        failed: @escaping (TransportError) -> Void = { _ in }
    ) throws(TransportError) -> Listener {
        let limiter = PreauthLimiter()
        return try Listener(
            endpoint, reactor: self,
            accepted: { [unowned self] stream, local, remote in  // the reactor keeps the listener alive
                let handshake = handshake()
                let connection = Connection(
                    handshake.protected(stream), reactor: self, local: local, remote: remote,
                    priority: priority)
                limiter.evictIfFull()
                let driver = HandshakeDriver(connection, handshake, timeLimit: timeLimit) { result in
                    switch result {
                    case .success(let (connection, peer)): accepted(connection, peer)
                    case .failure(let error): failed(error)
                    }
                }
                limiter.add(driver, connection)
            }, hungUp: { failed(.closedDuringHandshake(peer: "\($0)")) })
    }

    /// Dials the endpoints in turn until one authenticates. Call it on the loop.
    ///
    /// - Parameters:
    ///   - timeout: seconds for all endpoints together.
    ///   - handshake: makes the handshake of each attempt.
    ///   - completion: is called once, on the loop. It sets the connection's handlers.
    @discardableResult
    package func dial(
        _ endpoints: [Endpoint], priority: Int = 0, timeout: Double = 10,
        handshake: @escaping () -> Handshake,
        completion: @escaping (Result<(Connection, HandshakePeer), TransportError>) -> Void
    ) -> Dial {
        assertOwned()
        let dial = Dial(
            self, endpoints, priority: priority, timeout: timeout, handshake: handshake, completion)
        after(0) { dial.next() }
        return dial
    }
}
