import Synchronization
import Transport

/// A request and the duty to answer it, once, from any thread.
package final class HTTPExchange: Sendable {
    package let request: HTTPRequest
    private let connection: HTTPConnection
    private let loop: HTTPLoop
    private let isAnswered = Atomic<Bool>(false)

    init(_ request: HTTPRequest, on connection: HTTPConnection, of loop: HTTPLoop) {
        self.request = request
        self.connection = connection
        self.loop = loop
    }

    /// Whoever forgets a request would leave its client waiting for ever.
    deinit {
        if !isAnswered.load(ordering: .relaxed) {
            send(.text("the server did not answer this request; see its log\n", status: 500))
        }
    }

    /// Answers the request. Only the first answer counts. It does not wait for the client.
    package func respond(_ response: HTTPResponse) {
        if !isAnswered.exchange(true, ordering: .relaxed) { send(response) }
    }

    private func send(_ response: HTTPResponse) {
        loop.reactor.run { [connection] in connection.answer(response) }
    }

    /// Makes the answer an event stream, to which events can be sent at once.
    ///
    /// - Parameter isPosted: true for a stream that answers POST instead of GET.
    /// - Returns: nil if too many are open, which is the answer then, or if the request has been answered.
    package func openStream(isPosted: Bool = false) -> EventStream? {
        guard !isAnswered.exchange(true, ordering: .relaxed) else { return nil }
        guard request.method == (isPosted ? .post : .get) else {
            send(.notAllowed(isPosted ? "POST" : "GET"))
            return nil
        }
        guard loop.reserveStream() else {
            send(.text("too many pages are open at one time; close one and try again\n", status: 503))
            return nil
        }
        let events = EventStream(limit: loop.limits.outgoingBytes) { [reactor = loop.reactor] events in
            reactor.run { events.connection?.fetch(from: events) }
        }
        loop.reactor.run { [connection] in connection.begin(events) }
        return events
    }
}
