import Transport

/// Answers the probes of `dist-train doctor`: on coordinators, on workers, and in `doctor` itself, which
/// others dial. On the reactor's thread.
package final class ProbeService {
    private static let dialTimeout = 5.0

    private let reactor: Reactor
    private let credentials: Credentials
    private let facts: () -> ProbeAnswer

    /// - Parameter facts: what is told.
    package init(reactor: Reactor, credentials: Credentials, facts: @escaping () -> ProbeAnswer) {
        self.reactor = reactor
        self.credentials = credentials
        self.facts = facts
    }

    /// Serves a connection until its end.
    package func serve(_ connection: Connection) {
        connection.maximumPayload = ProbeMessage.longestEcho
        connection.received = { [self, unowned connection] header, payload in
            switch try ProbeMessage(header, payload) {
            case .echo: connection.send(header, copying: payload)
            case .ask(let question): answer(question, on: connection)
            case .answer: throw MalformedMessage("an answer came to nobody's question")
            }
        }
        connection.closed = { _ in }
    }

    private func answer(_ question: ProbeQuestion, on connection: Connection) {
        guard !question.endpoints.isEmpty else { return connection.send(ProbeMessage.answer(facts())) }
        let credentials = credentials
        reactor.dial(
            question.endpoints, timeout: Self.dialTimeout,
            handshake: {
                .dialler(
                    credentials, program: Version.program, context: ConnectionPurpose.probe.encoded)
            }
        ) { [self] result in
            var answer = facts()
            switch result {
            case .success(let (back, _)): back.finish()
            case .failure(let error): answer.failure = "\(error)"
            }
            connection.send(ProbeMessage.answer(answer))
        }
    }
}
