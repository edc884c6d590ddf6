extension Reactor {
    /// Listens, authenticates every connection that arrives, and hands over those that pass; `failed` is told of the
    /// others. At most `PreauthLimiter.capacity` connections are unauthenticated at one time. May be called before the
    /// loop runs, or on the loop. The new owner sets the connection's handlers in `accepted`.
    package func listen(
        _ endpoint: Endpoint, priority: Int = 0, timeLimit: Double = Handshake.timeLimit,
        handshake: @escaping () -> Handshake,
        accepted: @escaping (Connection, HandshakePeer) -> Void,
        failed: @escaping (TransportError) -> Void = { _ in }
    ) throws(TransportError) -> Listener {
        let limiter = PreauthLimiter()
        return try Listener(
            endpoint, reactor: self,
            accepted: { [unowned self] stream, local, remote in
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
