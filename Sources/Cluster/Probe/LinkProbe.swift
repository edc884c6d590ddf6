import System
import Threads
import Transport

/// Measures links from this machine to a coordinator and its workers, for `dist-train doctor`.
///
/// It listens, too, so that the other side can try to reach it.
package final class LinkProbe {
    /// A link that works.
    package struct Link: Sendable {
        /// This side's address, which says which interface the link goes through.
        package let local: SocketAddress
        package let remote: SocketAddress
        /// Seconds of a short message there and back; the median of several.
        package let roundTrip: Double
        /// Bytes per second, each way at the same time.
        package let bytesPerSecond: Double
        package let answer: ProbeAnswer
    }

    private struct State {
        var connection: Connection?
        var addresses: (local: SocketAddress, remote: SocketAddress)?
        /// Echoes that have come back.
        var echoes = 0
        var answer: ProbeAnswer?
        var failure: TransportError?
    }

    private static let dialTimeout = 10.0
    private static let answerTimeout = 20.0
    private static let (roundTrips, shortEcho) = (20, 64)
    private static let (longEcho, window, mostEchoes) = (256 << 10, 8, 256)
    /// Seconds for which bytes are sent.
    private static let sendingTime = 0.5

    private let reactor: Reactor
    private let credentials: Credentials
    /// Where others reach this process.
    package let port: UInt16
    private let listener: Listener

    package init(_ credentials: Credentials, listen: Endpoint) throws {
        let reactor = try Reactor(name: "probe")
        self.reactor = reactor
        self.credentials = credentials
        let service = ProbeService(reactor: reactor, credentials: credentials) {
            ProbeAnswer(platform: "", workers: [])
        }
        listener = try reactor.listen(
            listen,
            handshake: { .listener(credentials, program: Version.program) },
            accepted: { connection, _ in service.serve(connection) })
        port = listener.localAddress.port
        try reactor.start()
    }

    package func close() { reactor.stopAndJoin() }

    /// Dials an endpoint, and measures the link.
    ///
    /// - Parameter hosts: where the other side is to dial back, at `port`; empty: it does not.
    /// - Throws: `TransportError` if the endpoint cannot be reached, or the link breaks.
    package func link(to endpoint: Endpoint, back hosts: [String]) throws -> Link {
        let monitor = Monitor(State())
        dial(endpoint, monitor)
        try wait(monitor, Self.dialTimeout + 1, "dialling", endpoint) { $0.connection != nil }
        defer { reactor.post { monitor.change { $0.connection?.finish() } } }
        var times: [Double] = []
        for turn in 1...Self.roundTrips {
            let begin = Reactor.now
            send(.echo([UInt8](repeating: 1, count: Self.shortEcho)), monitor)
            try wait(monitor, Self.answerTimeout, "echoing", endpoint) { $0.echoes >= turn }
            times.append(Reactor.now - begin)
        }
        let rate = try rate(monitor, endpoint)
        let question = ProbeQuestion(endpoints: hosts.map { Endpoint(host: $0, port: port) })
        send(.ask(question), monitor)
        try wait(monitor, Self.answerTimeout, "answering", endpoint) { $0.answer != nil }
        let (addresses, answer) = monitor.change { ($0.addresses, $0.answer) }
        guard let addresses, let answer else { throw TransportError.truncated(peer: "\(endpoint)") }
        return Link(
            local: addresses.local, remote: addresses.remote, roundTrip: times.sorted()[times.count / 2],
            bytesPerSecond: rate, answer: answer)
    }

    private func dial(_ endpoint: Endpoint, _ monitor: Monitor<State>) {
        let (reactor, credentials) = (reactor, credentials)
        reactor.post {
            reactor.dial(
                [endpoint], timeout: Self.dialTimeout,
                handshake: {
                    .dialler(
                        credentials, program: Version.program, context: ConnectionPurpose.probe.encoded)
                }
            ) { result in
                switch result {
                case .failure(let error): monitor.change { $0.failure = error }
                case .success(let (connection, _)): Self.serve(connection, monitor)
                }
            }
        }
    }

    private static func serve(_ connection: Connection, _ monitor: Monitor<State>) {
        connection.maximumPayload = ProbeMessage.longestEcho
        connection.closed = { reason in
            monitor.change { $0.failure = reason ?? .truncated(peer: connection.peer) }
        }
        connection.received = { header, payload in
            switch try ProbeMessage(header, payload) {
            case .echo: monitor.change { $0.echoes += 1 }
            case .answer(let answer): monitor.change { $0.answer = answer }
            case .ask: throw MalformedMessage("a question came to the one who asks")
            }
        }
        monitor.change {
            $0.addresses = (connection.localAddress, connection.remoteAddress)
            $0.connection = connection
        }
    }

    /// Sends long echoes, some at a time, until the time is over.
    private func rate(_ monitor: Monitor<State>, _ endpoint: Endpoint) throws -> Double {
        let bytes = [UInt8](repeating: 7, count: Self.longEcho)
        let first = monitor.change { $0.echoes }
        let begin = Reactor.now
        var sent = 0
        while sent < Self.mostEchoes, Reactor.now - begin < Self.sendingTime {
            send(.echo(bytes), monitor)
            sent += 1
            let least = first + sent - Self.window
            try wait(monitor, Self.answerTimeout, "echoing", endpoint) { $0.echoes >= least }
        }
        let all = first + sent
        try wait(monitor, Self.answerTimeout, "echoing", endpoint) { $0.echoes >= all }
        return Double(sent * Self.longEcho) / max(1e-9, Reactor.now - begin)
    }

    private func send(_ message: ProbeMessage, _ monitor: Monitor<State>) {
        reactor.post { monitor.change { $0.connection }?.send(message) }
    }

    private func wait(
        _ monitor: Monitor<State>, _ seconds: Double, _ during: String, _ endpoint: Endpoint,
        _ isDone: @escaping @Sendable (State) -> Bool
    ) throws {
        reactor.post { [reactor] in
            reactor.after(seconds) {
                monitor.change { state in
                    guard !isDone(state) else { return }
                    state.failure =
                        state.failure ?? .timedOut(peer: "\(endpoint)", during: during, seconds: seconds)
                }
            }
        }
        try monitor.wait { state -> Void? in
            if isDone(state) { return () }
            if let failure = state.failure { throw failure }
            return nil
        }
    }
}
