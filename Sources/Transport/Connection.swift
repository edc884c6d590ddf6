#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Frames over a byte stream: queued without blocking, received into places that the owner names.
///
/// Used on its reactor's thread alone, which is why it is `@unchecked Sendable`. It lives until it is closed, by either side. Input
/// is read while `received` is set: between the handshake and the moment its new owner sets it, the bytes wait.
package final class Connection: @unchecked Sendable {
    /// What one connection may read or write in one turn of the loop, so that bulk cannot starve the urgent.
    static let bytesPerTurn = 256 << 10
    static let bytesPerWrite = 1 << 20
    static let stagingSize = 64 << 10
    /// From so much on, a payload is read straight into its destination.
    static let directRead = 32 << 10
    static let maximumBeforeAuthentication = 4096

    package let reactor: Reactor
    package let localAddress: SocketAddress
    package let remoteAddress: SocketAddress
    /// The peer in messages to people: its address, until the owner knows a better name.
    package var peer: String

    /// Higher ones are served first in every turn of the loop.
    package var priority: Int {
        didSet { if let registration { reactor.prioritize(registration, priority) } }
    }

    /// The longest payload that the peer may send. Raised by the handshake; the owner may set it to what its messages need.
    package var maximumPayload = Connection.maximumBeforeAuthentication
    /// Any other kind closes the connection.
    package var isKnownKind: (UInt8) -> Bool = { $0 < FrameHeader.firstHandshakeKind }
    /// Where a payload goes, asked when its header has arrived (not for empty ones): exactly `payloadLength` bytes, left alone
    /// until `received` or `closed`. nil (or no handler): scratch of the connection, valid during `received`. Throwing closes the connection.
    package var destination: ((FrameHeader) throws -> UnsafeMutableRawBufferPointer?)?
    /// A whole frame whose checksum is right. Throwing closes the connection; setting it to nil pauses the input.
    package var received: ((FrameHeader, UnsafeRawBufferPointer) throws -> Void)? {
        didSet { if (oldValue == nil) != (received == nil) { inputChanged() } }
    }
    /// The connection has ended, by the peer (nil: between two frames) or by an error; once. Not called after the owner's own `close`.
    package var closed: ((TransportError?) -> Void)?
    /// The last queued byte has gone to the system.
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
    /// During the handshake: the peer's version is judged there, where both programs can be named.
    var acceptsAnyVersion = false
    /// During the handshake, at the side that listens: what a dialler hears, unencrypted, whose protection is another one.
    var plainRefusal: (header: FrameHeader, payload: [UInt8])?
    var isFinishing = false
    /// While finishing: the peer's end of stream has come.
    var isInputEnded = false
    private var isResumeScheduled = false

    /// Takes over a connected stream.
    package init(
        _ stream: any ByteStream, reactor: Reactor, local: SocketAddress, remote: SocketAddress,
        priority: Int = 0
    ) {
        (self.stream, self.reactor, localAddress, remoteAddress) = (stream, reactor, local, remote)
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

    /// Ends the connection at once; what is queued is dropped, and borrowed payloads are free. No handler is called after this.
    package func close() {
        guard isOpen else { return }
        isOpen = false
        if let registration { reactor.remove(registration) }
        registration = nil
        stream.close()
        outbound.removeAll()
        pendingBytes = 0
        (destination, received, closed, drained) = (nil, nil, nil, nil)
    }

    /// Ends the connection when the peer's system has not confirmed what was sent for so many seconds: its machine or the network is gone. A peer that is
    /// only slow or paused still confirms.
    package func limitSilence(seconds: Double) {
        #if canImport(Darwin)
            setOption(
                stream.descriptor, Int32(IPPROTO_TCP), TCP_RXT_CONNDROPTIME, Int32(seconds.rounded(.up)))
        #else
            setOption(
                stream.descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, Int32((seconds * 1000).rounded(.up)))
        #endif
    }

    /// Ends the connection when everything queued has gone out. What still arrives is thrown away; the peer gets `limit` seconds.
    package func finish(within limit: Double = 2) {
        guard isOpen, !isFinishing else { return }
        isFinishing = true
        (destination, received, closed, drained) = (nil, nil, nil, nil)
        reactor.after(limit) { [weak self] in self?.close() }
        if isDrained { stream.endWriting() }
        updateInterest()
    }

    /// The system has everything that was queued.
    var isDrained: Bool { outbound.isEmpty && !stream.wantsWrite }

    /// Anything has come from the peer, be it nothing that frames could be made of.
    var hasSpoken: Bool { bytesReceived > 0 || (stream as? TLSStream)?.sniffed.isEmpty == false }

    func fail(_ reason: TransportError?) {
        guard isOpen else { return }
        let handler = closed
        if case .protectionDiffers = reason, let plainRefusal, let socket = plainSocket {
            // It is told so in the language that it understands, and nothing else.
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

    /// The socket, while nothing but frames (or nothing at all) has gone over it.
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

    /// Bytes that arrived while nobody wanted them are not announced by poll again.
    private func inputChanged() {
        guard isOpen else { return }
        updateInterest()
        guard received != nil, inbound.stagedCount > 0 || stream.hasBufferedInput else { return }
        resumeInNextTurn()
    }

    /// There is something to read, or room to write, of which poll knows nothing.
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
