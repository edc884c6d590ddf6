import Synchronization
import Transport

/// An HTTP/1.1 server on a thread of its own, for the page of a run, `/metrics` and `serve`.
///
/// It is written on this program's own reactor, and not on a library such as libevent's evhttp. There is then
/// no C code that calls back into Swift, nothing more to link into a static program, and the limits are those
/// that the entrance for workers already has: a number of descriptors that is never exceeded, the oldest
/// silent connection evicted for a newcomer, time limits for whoever is slow. A flooded page can therefore
/// take neither descriptors nor memory nor the thread from a training.
///
/// ```swift
/// let server = try HTTPServer(endpoint, name: "page") { exchange in
///     exchange.respond(.text("hello\n"))
/// }
/// try server.start()
/// ```
package final class HTTPServer: Sendable {
    package struct Limits: Sendable {
        /// Clients' descriptors at one time.
        package var connections = 64
        /// Bytes of the longest head of a request.
        package var headerBytes = 16 << 10
        /// Bytes of the longest body of a request.
        package var bodyBytes = 0
        /// Bytes of the bodies of all requests together that arrive or are not answered; and as many of all
        /// answers that clients have not taken.
        package var heldBytes = 64 << 20
        /// Seconds from the first byte of a request to the last of its head; a body gets more by its length.
        package var secondsForRequest = 10.0
        /// Seconds between two requests of a connection, and seconds in which some of an answer is taken.
        package var idleSeconds = 60.0
        /// Event streams at one time.
        package var streams = 16
        /// Bytes that wait for a client of an event stream, before it loses it.
        package var outgoingBytes = 4 << 20

        package init() {}
    }

    /// Seconds in which `stop` sends what waits.
    private static let secondsToEnd = 1.0

    private enum Life { case made, running, ended }

    /// The address that was bound. If port 0 was asked for, it has the port that the system chose.
    package let address: SocketAddress
    private let loop: HTTPLoop
    private let life = Mutex(Life.made)

    /// Binds the address; nothing is answered before `start`.
    ///
    /// - Parameters:
    ///   - name: the name of the server's thread.
    ///   - admit: looks at the head of every request, before its body is read; what it returns is the answer,
    ///     and `handler` does not see the request. It runs on the server's thread.
    ///   - handler: gets every other request, on the server's thread. It must not block or compute long.
    /// - Throws: `TransportError` if the address cannot be resolved or bound.
    package init(
        _ endpoint: Endpoint, limits: Limits = Limits(), name: String,
        admit: @escaping @Sendable (HTTPRequest) -> HTTPResponse? = { _ in nil },
        handler: @escaping @Sendable (HTTPExchange) -> Void
    ) throws(TransportError) {
        let reactor = try Reactor(name: name)
        loop = try HTTPLoop(endpoint, on: reactor, limits: limits, admit: admit, handler: handler)
        guard let bound = loop.address else { preconditionFailure("a new server has a listening socket") }
        address = bound
    }

    deinit { stop() }

    /// Starts the thread and answers requests from then on.
    ///
    /// - Throws: `TransportError.system` if the thread cannot be started.
    package func start() throws(TransportError) {
        let isFirst = life.withLock { life in
            defer { if life == .made { life = .running } }
            return life == .made
        }
        precondition(isFirst, "a server starts once")
        try loop.reactor.start()
    }

    /// Ends the server and waits for its thread: answers and events that wait are sent for at most a moment.
    /// Later calls do nothing. It must not be called on the server's thread.
    package func stop() {
        let before = life.withLock { life in
            defer { life = .ended }
            return life
        }
        switch before {
        case .made: loop.abandon()
        case .running:
            loop.reactor.post { [loop] in loop.end(within: Self.secondsToEnd) }
            loop.reactor.join()
        case .ended: break
        }
    }
}
