import Synchronization

/// Server-sent events to one client (`text/event-stream`), for any thread.
///
/// `send` never waits. A client that does not take its events fast enough loses its stream once
/// `Limits.outgoingBytes` wait for it; a browser then connects again and gets a whole state.
package final class EventStream: Sendable {
    private struct State {
        var isOpen = true
        /// Whether the stream ends when everything has been sent.
        var isEnding = false
        /// Events that the loop has not fetched yet.
        var queue: [[UInt8]] = []
        /// Bytes in the queue and in the connection's output.
        var waitingBytes = 0
        var closers: [@Sendable () -> Void] = []
        /// The connection that carries it, from its beginning to its end.
        weak var connection: HTTPConnection?
    }

    private let state = Mutex(State())
    private let limit: Int
    /// Tells the loop that there is something to fetch.
    private let announce: @Sendable (EventStream) -> Void

    init(limit: Int, announce: @escaping @Sendable (EventStream) -> Void) {
        self.limit = limit
        self.announce = announce
    }

    /// Whether the client is there and events can be sent.
    package var isOpen: Bool { state.withLock { $0.isOpen && !$0.isEnding } }

    /// Sends one event.
    ///
    /// - Parameter data: any text; line ends in it arrive as LF.
    /// - Returns: false if the event was dropped, because the client is gone or too slow.
    @discardableResult
    package func send(event: String, data: String) -> Bool {
        send(EventStream.encoded(event: event, data: data))
    }

    /// Sends an event of `encoded`: one that goes to several streams is encoded once.
    @discardableResult
    package func send(_ encoded: [UInt8]) -> Bool {
        let (isTaken, mustAnnounce) = state.withLock { state -> (Bool, Bool) in
            guard state.isOpen, !state.isEnding else { return (false, false) }
            guard state.waitingBytes + encoded.count <= limit else {
                state.isEnding = true
                state.isOpen = false
                state.queue = []
                return (false, true)
            }
            state.queue.append(encoded)
            state.waitingBytes += encoded.count
            return (true, state.queue.count == 1)
        }
        if mustAnnounce { announce(self) }
        return isTaken
    }

    /// Ends the stream after what has been sent.
    package func end() {
        let mustAnnounce = state.withLock { state in
            guard state.isOpen, !state.isEnding else { return false }
            state.isEnding = true
            return true
        }
        if mustAnnounce { announce(self) }
    }

    /// Runs `body` once the stream has ended, whoever ended it: on the server's thread, or at once if it has
    /// ended already.
    package func onClose(_ body: @escaping @Sendable () -> Void) {
        let isClosed = state.withLock { state in
            if state.isOpen { state.closers.append(body) }
            return !state.isOpen
        }
        if isClosed { body() }
    }

    /// Returns the bytes of one event, ready for `send`.
    ///
    /// - Parameter event: nil for an event without a name.
    package static func encoded(event: String?, data: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity((event?.utf8.count ?? 0) + data.utf8.count + 32)
        if let event {
            bytes += "event: ".utf8
            bytes += event.utf8.lazy.map { $0 < 32 ? UInt8(ascii: " ") : $0 }
            bytes.append(UInt8(ascii: "\n"))
        }
        bytes += "data: ".utf8
        if data.utf8.contains(where: { $0 == 10 || $0 == 13 }) {
            append(lines: data.utf8, to: &bytes)
        } else {
            bytes += data.utf8
        }
        bytes += "\n\n".utf8
        return bytes
    }

    /// Line ends are LF, CR and CR LF.
    private static func append(lines text: String.UTF8View, to bytes: inout [UInt8]) {
        var last: UInt8 = 0
        for byte in text {
            switch byte {
            case 10 where last == 13: break
            case 10, 13: bytes += "\ndata: ".utf8
            default: bytes.append(byte)
            }
            last = byte
        }
    }
}

// MARK: - The loop's side

extension EventStream {
    enum Fetched {
        case events([[UInt8]])
        /// As `events`, and then the stream ends.
        case last([[UInt8]])
        /// The client was too slow.
        case dropped
    }

    func fetch() -> Fetched {
        state.withLock { state in
            guard state.isOpen else { return .dropped }
            defer { state.queue = [] }
            return state.isEnding ? .last(state.queue) : .events(state.queue)
        }
    }

    var connection: HTTPConnection? {
        get { state.withLock { $0.connection } }
        set { state.withLock { $0.connection = newValue } }
    }

    func hasLeft(_ bytes: Int) { state.withLock { $0.waitingBytes -= bytes } }

    /// Ends the stream for its users; called once by the connection.
    func close() {
        let closers = state.withLock { state in
            defer { state.closers = [] }
            state.isOpen = false
            state.queue = []
            return state.closers
        }
        for closer in closers { closer() }
    }
}
