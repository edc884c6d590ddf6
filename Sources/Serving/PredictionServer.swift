import HTTP
import System
import Threads
import Transport

/// Trained models that answer over HTTP.
package final class PredictionServer: Sendable {
    /// The people who may ask.
    package enum Audience: Sendable {
        /// Whoever has the key.
        case key(String)
        /// Everybody who reaches the address: this machine's users if it is a loopback address.
        case everybody
    }

    package let access: PageAccess
    private let http: HTTPServer
    private let router: ModelRouter
    private let queue: ComputeQueue
    private let decoders: Mailbox<(@Sendable () -> Void)?>
    private let threads: Guarded<[Thread]> = Guarded([])
    private let decoderCount = max(1, min(4, Processor.cores))

    private static let limits = {
        var limits = HTTPServer.Limits()
        limits.connections = 256
        limits.bodyBytes = 16 << 20
        limits.heldBytes = 128 << 20
        limits.streams = 64
        return limits
    }()

    /// Binds the address; nothing is answered before `start`.
    ///
    /// - Throws: `TransportError` if the address cannot be bound.
    package init(_ models: [Served], at endpoint: Endpoint, for audience: Audience)
        throws(TransportError)
    {
        let key: String? = if case .key(let key) = audience { key } else { nil }
        queue = ComputeQueue()
        decoders = Mailbox()
        let router = ModelRouter(
            models.map { ModelSlot($0) }, queue: queue, decoders: decoders, needsKey: key != nil)
        self.router = router
        let access = Guarded<PageAccess?>(nil)
        http = try HTTPServer(
            endpoint, limits: Self.limits, name: "serve",
            admit: { request in
                // Answered before a body is read: nobody without the key may send one.
                if request.path == "/healthz" || request.path == "/readyz" {
                    return request.isRead ? .text("ok\n") : .notAllowed("GET, HEAD")
                }
                return access.withLock { $0 }?.answer(to: request)
            }, handler: router.handle)
        let isOpen = !http.address.isLoopback && key == nil
        let decided = PageAccess(key: key, endpoint: endpoint, address: http.address, isOpen: isOpen)
        access.withLock { $0 = decided }
        self.access = decided
    }

    package var address: SocketAddress { http.address }

    /// Lets a model take the place of the one with its name, from the next request on.
    package func replace(by model: Served) {
        router.slots.first { $0.name == model.name }?.replace(by: model)
    }

    /// Answers requests from now on.
    ///
    /// - Throws: `ThreadError` or `TransportError` if a thread cannot be started.
    package func start() throws {
        var started = [try queue.start()]
        for number in 1...decoderCount {
            started.append(
                try Thread(named: "decoder \(number)") { [decoders] in
                    while let work = decoders.take() { work() }
                })
        }
        threads.withLock { [started] in $0 = started }
        try http.start()
    }

    /// Answers what has been asked, as far as that takes a moment only, and ends.
    package func stop() {
        http.stop()
        for _ in 0..<decoderCount { decoders.put(nil) }
        queue.end()
        for slot in router.slots { slot.language?.end(atOnce: true) }
        let ended = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in ended { thread.join() }
    }
}
