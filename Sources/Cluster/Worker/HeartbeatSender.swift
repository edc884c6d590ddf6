import Transport

/// A worker's connection for heartbeats, and its estimate of the coordinator's clock. On the communication
/// thread.
final class HeartbeatSender {
    private static let dialTimeout = 10.0
    /// Seconds in which the connection for messages may say why the coordinator has closed this one.
    private static let graceTime = 2.0

    /// Seconds by which the coordinator's clock is ahead.
    var clockOffset: Double { offset.seconds }
    /// Told once that the connection has ended or did not come about; not after `close`.
    var lost: (TransportError?) -> Void = { _ in }

    private let reactor: Reactor
    private let coordinator: Endpoint
    private let credentials: Credentials
    /// Makes the heartbeat of the moment.
    private let heartbeat: () -> Heartbeat
    private var connection: Connection?
    private var counter = HeartbeatCounter(questions: ClockOffset.firstQuestions)
    private var offset = ClockOffset()
    private var isClosed = false

    init(
        reactor: Reactor, coordinator: Endpoint, credentials: Credentials,
        heartbeat: @escaping () -> Heartbeat
    ) {
        self.reactor = reactor
        self.coordinator = coordinator
        self.credentials = credentials
        self.heartbeat = heartbeat
    }

    /// - Parameter peerTimeout: seconds of silence after which the coordinator counts a worker as dead.
    func open(worker: Int, peerTimeout: Double) {
        let credentials = credentials
        reactor.dial(
            [coordinator], priority: 2, timeout: Self.dialTimeout,
            handshake: {
                .dialler(
                    credentials, program: Version.program,
                    context: ConnectionPurpose.heartbeat(worker: worker).encoded)
            }
        ) { [weak self] result in
            switch result {
            case .success(let (connection, _)):
                guard let self, !isClosed else { return connection.close() }
                serve(connection, peerTimeout)
            // With an error that no retry mends, the coordinator has refused this connection on purpose.
            case .failure(let error):
                self?.end(error.isWorthRetrying(hasJoined: true, keeps: false, ports: 1) ? error : nil)
            }
        }
    }

    private func serve(_ connection: Connection, _ peerTimeout: Double) {
        self.connection = connection
        // Only this connection always has something under way, and so notices a host that has vanished.
        connection.limitSilence(seconds: max(30, 3 * peerTimeout))
        connection.closed = { [unowned self] in end($0) }
        connection.received = { [unowned self] header, payload in
            answered(try HeartbeatAnswer(header, payload))
        }
        beat(every: peerTimeout / Double(HeartbeatCounter.beatsPerTimeout))
    }

    private func beat(every interval: Double) {
        guard let connection, connection.isOpen else { return }
        guard counter.beat() else {
            connection.close()
            let seconds = interval * Double(HeartbeatCounter.mostUnanswered)
            return end(
                .timedOut(
                    peer: "the coordinator at \(coordinator)", during: "hearing heartbeats", seconds: seconds)
            )
        }
        connection.send(heartbeat())
        reactor.after(interval) { [weak self] in self?.beat(every: interval) }
    }

    private func answered(_ answer: HeartbeatAnswer) {
        guard let connection else { return }
        // Processes of one machine read the same clock.
        if !connection.remoteAddress.isLoopback {
            offset.add(asked: answer.asked, answered: answer.answered, now: Reactor.now)
        }
        if counter.answered() { connection.send(heartbeat()) }
    }

    /// Without heartbeats this worker would soon count as dead.
    private func end(_ reason: TransportError?) {
        guard !isClosed else { return }
        connection = nil
        reactor.after(Self.graceTime) { [weak self] in
            guard let self, !isClosed else { return }
            isClosed = true
            lost(reason)
        }
    }

    func close() {
        isClosed = true
        connection?.close()
        connection = nil
    }
}
