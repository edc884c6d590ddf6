import Platform

/// Sends and receives frames over a byte stream. Frames are queued without blocking; payloads are received
/// into memory that the owner names.
///
/// For example, an echo of every frame of kind 1:
///
///     connection.isKnownKind = { $0 == 1 }
///     connection.received = { [unowned connection] header, payload in
///         connection.send(FrameHeader(kind: 1), copying: payload)
///     }
///     connection.closed = { reason in print("closed:", reason.map { "\($0)" } ?? "by the peer") }
///
/// A connection is used on its reactor's thread alone, which is why it is `@unchecked Sendable`. It lives
/// until either side closes it. Input is read while `received` is set: after the handshake, bytes wait until
/// the new owner sets it.
///
/// The reactor keeps an open connection alive, and `close()`, `finish()` and every failure set all handlers
/// to nil. A handler may therefore capture its connection `unowned`, and also an owner that closes its
/// connections before it goes away.
package final class Connection: @unchecked Sendable {
    /// Bytes that one connection may read or write in one turn of the loop, so that bulk data does not delay
    /// urgent frames.
    static let bytesPerTurn = 256 << 10
    /// The most bytes that one call of the system writes.
    static let bytesPerWrite = 1 << 20
    /// The size of the buffer in which headers and small payloads are received, in bytes.
    static let stagingSize = 64 << 10
    /// Payloads of at least so many bytes are read straight into their destination.
    static let directRead = 32 << 10
    /// The longest payload before authentication, in bytes.
    static let maximumBeforeAuthentication = 4096

    package let reactor: Reactor
    package let localAddress: SocketAddress
    package let remoteAddress: SocketAddress
    /// The peer's name in messages: its address, until the owner sets a better one.
    package var peer: String

    /// The connections with the highest priority are served first in every turn of the loop.
    package var priority: Int {
        didSet { if let registration { reactor.prioritize(registration, priority) } }
    }

    /// The longest payload that the peer may send, in bytes. The handshake raises it; the owner sets what its
    /// messages need.
    package var maximumPayload = Connection.maximumBeforeAuthentication
    /// Tells which kinds of frames are known; any other kind closes the connection.
    package var isKnownKind: (UInt8) -> Bool = { $0 < FrameHeader.firstHandshakeKind }
    /// Returns the memory for a payload: exactly `payloadLength` bytes, which the owner leaves alone until
    /// `received` or `closed`. It is asked when the header has arrived, and not for empty payloads. If it
    /// returns nil, or is nil, the payload goes to memory of the connection that is valid during `received`.
    /// Throwing closes the connection.
    package var destination: ((FrameHeader) throws -> UnsafeMutableRawBufferPointer?)?
    /// Receives a whole frame whose checksum is right. Throwing closes the connection. Setting this to nil
    /// pauses the input.
    package var received: ((FrameHeader, UnsafeRawBufferPointer) throws -> Void)? {
        didSet { if (oldValue == nil) != (received == nil) { inputChanged() } }
    }
    /// Called once, when the connection has ended by the peer (nil: between two frames) or by an error. Not
    /// called after the owner's own `close`.
    package var closed: ((TransportError?) -> Void)?
    /// Called when the last queued byte has been given to the system.
    package var drained: (() -> Void)?

    package internal(set) var isOpen = true
    /// Queued bytes, headers included, that the system has not taken yet.
    package internal(set) var pendingBytes = 0
    package internal(set) var bytesReceived: UInt64 = 0
    package internal(set) var bytesSent: UInt64 = 0

    var stream: any ByteStream
    var registration: Registration?
    var inbound = Inbound()
    var outbound = Outbound()
    var isAuthenticated = false
    /// True during the handshake, which judges the peer's version itself because it can name both programs.
    var acceptsAnyVersion = false
    /// The refusal that a listener sends, unencrypted, to a dialler with another protection. Nil after the
    /// handshake.
    var plainRefusal: (header: FrameHeader, payload: [UInt8])?
    var isFinishing = false
    /// True once the peer's end of stream has come, while this side finishes.
    var isInputEnded = false
    private var isResumeScheduled = false

    /// Creates a connection that takes over a connected stream.
    package init(
        _ stream: any ByteStream, reactor: Reactor, local: SocketAddress, remote: SocketAddress,
        priority: Int = 0
    ) {
        self.stream = stream
        self.reactor = reactor
        localAddress = local
        remoteAddress = remote
        peer = "\(remote)"
        self.priority = priority
        registration = reactor.register(
            stream.descriptor, priority: priority, reads: false, writes: false,
            handler: { readiness in self.serve(readiness) }, abandon: { self.close() })
    }

    deinit {
        inbound.deallocate()
        outbound.deallocate()
    }

    /// Ends the connection at once. Queued frames are dropped, and payloads that were borrowed are free. No
    /// handler is called after this.
    package func close() {
        guard isOpen else { return }
        isOpen = false
        if let registration { reactor.remove(registration) }
        registration = nil
        stream.close()
        outbound.removeAll()
        pendingBytes = 0
        clearHandlers()
    }

    /// Limits how long the peer's system may leave sent bytes unacknowledged: after `seconds`, its machine or
    /// the network counts as lost and the connection ends. A process that is only slow or paused still
    /// acknowledges.
    package func limitSilence(seconds: Double) {
        limitUnacknowledged(of: stream.descriptor, seconds: seconds)
    }

    /// Ends the connection once everything queued has been sent. Input is discarded. The peer has `limit`
    /// seconds.
    package func finish(within limit: Double = 2) {
        guard isOpen, !isFinishing else { return }
        isFinishing = true
        clearHandlers()
        reactor.after(limit) { [weak self] in self?.close() }
        if isDrained { stream.endWriting() }
        updateInterest()
    }

    private func clearHandlers() {
        destination = nil
        received = nil
        closed = nil
        drained = nil
    }

    /// True if the system has taken everything that was queued.
    var isDrained: Bool { outbound.isEmpty && !stream.wantsWrite }

    /// True if the peer has sent anything, even bytes that are not a frame.
    var hasReceivedBytes: Bool { bytesReceived > 0 || (stream as? TLSStream)?.sniffed.isEmpty == false }

    func fail(_ reason: TransportError?) {
        guard isOpen else { return }
        let handler = closed
        if case .protectionDiffers = reason, let plainRefusal, let socket = plainSocket {
            // The peer hears the refusal in the protocol that it speaks, and nothing else.
            stream = socket
            outbound.removeAll()
            pendingBytes = 0
            send(plainRefusal.header, plainRefusal.payload)
            finish()
        } else {
            close()
        }
        handler?(reason)
    }

    /// The socket, if only frames or nothing at all went over it so far; otherwise nil.
    private var plainSocket: PlainStream? {
        if let stream = stream as? TLSStream { return stream.hasBegun ? nil : stream.socket }
        return stream as? PlainStream
    }
}

// MARK: - The loop's side

extension Connection {
    private func serve(_ readiness: Readiness) {
        if readiness.canRead, !becameReadable() { return }
        if readiness.canWrite || !stream.announcesRoom, !outbound.isEmpty || stream.wantsWrite { flush() }
        if readiness.canRead, isOpen { readTurn() }
        if isOpen { updateInterest() }
    }

    private func becameReadable() -> Bool {
        do {
            try stream.becameReadable()
            return true
        } catch {
            fail(TransportError(error, of: peer))
            return false
        }
    }

    var wantsInput: Bool { isFinishing ? !isInputEnded : received != nil }

    func updateInterest() {
        guard let registration else { return }
        reactor.update(
            registration, reads: wantsInput || stream.wantsRead,
            writes: !outbound.isEmpty && stream.announcesRoom || stream.wantsWrite)
    }

    /// Poll does not announce again the bytes that arrived while the input was paused.
    private func inputChanged() {
        guard isOpen else { return }
        updateInterest()
        guard received != nil, inbound.stagedCount > 0 || stream.hasBufferedInput else { return }
        resumeInNextTurn()
    }

    /// Schedules a call of `resume` for the next turn, because there is input, or room for output, that poll
    /// does not announce.
    func resumeInNextTurn() {
        guard !isResumeScheduled else { return }
        isResumeScheduled = true
        reactor.resumeInNextTurn(self)
    }

    func resume() {
        isResumeScheduled = false
        if isOpen, !outbound.isEmpty, !stream.announcesRoom { flush() }
        if isOpen { readTurn() }
        if isOpen { updateInterest() }
    }
}
