import CSystem

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Bytes between two processes of one machine: two rings in memory that both have mapped, and the stream they met on, which rings the bell and shows
/// when the other one is gone. Under TLS the bells are records too: a stranger can neither ring nor say farewell.
final class SharedMemoryStream: ByteStream {
    /// What goes over the socket.
    static let bell: UInt8 = 1

    private let socket: any ByteStream
    private let memory: SharedMemory
    private var incoming: csystem_ring
    private var outgoing: csystem_ring
    /// The peer has closed its end; what it wrote before is in the ring.
    private var isEnded = false
    /// The last read found the end of what is there, and the bell will ring for more.
    private var isWaiting = true

    /// - Parameters:
    ///   - socket: nothing but bells is in flight on it.
    ///   - isMaker: this side made the memory; the two sides use the rings crosswise.
    init(_ socket: any ByteStream, _ memory: SharedMemory, isMaker: Bool) {
        (self.socket, self.memory) = (socket, memory)
        outgoing = csystem_ring_at(memory.base, isMaker ? 0 : 1, UInt64(SharedMemory.ringSize))
        incoming = csystem_ring_at(memory.base, isMaker ? 1 : 0, UInt64(SharedMemory.ringSize))
    }

    var descriptor: Int32 { socket.descriptor }
    /// For the bell.
    var wantsRead: Bool { !isEnded }
    /// Of bells.
    var wantsWrite: Bool { socket.wantsWrite }
    var hasBufferedInput: Bool { isEnded || !isWaiting || csystem_ring_has_bytes(&incoming) != 0 }
    var needsChecksums: Bool { false }
    var announcesRoom: Bool { false }

    func becameReadable() throws(StreamFailure) {
        var bells: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        repeat {
            let outcome = try withUnsafeMutableBytes(of: &bells) { bytes throws(StreamFailure) in try socket.read(into: bytes) }
            // What the peer wrote before it closed is in the ring by now.
            if case .endOfStream = outcome { isEnded = true }
        } while !isEnded && socket.hasBufferedInput
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamFailure) -> StreamOutcome {
        var rings: Int32 = 0
        let count = csystem_ring_read(&incoming, buffer.baseAddress, buffer.count, &rings)
        if rings != 0 { ring() }
        isWaiting = count < buffer.count
        if count > 0 { return .bytes(count) }
        guard count == 0 else { throw nonsense }
        return isEnded ? .endOfStream : .wouldBlock
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, then next: UnsafeMutableRawBufferPointer) throws(StreamFailure) -> StreamOutcome {
        let first = try read(into: buffer)
        guard case .bytes(let count) = first, count == buffer.count, case .bytes(let more) = try read(into: next) else { return first }
        return .bytes(count + more)
    }

    func write(gather pieces: UnsafeMutableBufferPointer<iovec>) throws(StreamFailure) -> StreamOutcome {
        var (sent, rings) = (0, Int32(0))
        defer { if rings != 0 { ring() } }
        for piece in pieces {
            let count = csystem_ring_write(&outgoing, piece.iov_base, piece.iov_len, &rings)
            guard count >= 0 else { throw nonsense }
            sent += count
            if count < piece.iov_len { break }
        }
        return sent > 0 ? .bytes(sent) : .wouldBlock
    }

    private var nonsense: StreamFailure { StreamFailure(reason: "the memory that it shares with this process is damaged") }

    /// Wakes the peer. A bell that finds no room is not needed: others are on their way; and a peer that is gone shows as the end of its stream.
    private func ring() {
        var bell = Self.bell
        withUnsafeMutablePointer(to: &bell) { bell in
            var piece = iovec(iov_base: bell, iov_len: 1)
            withUnsafeMutablePointer(to: &piece) { _ = try? socket.write(gather: UnsafeMutableBufferPointer(start: $0, count: 1)) }
        }
    }

    func flush() throws(StreamFailure) { try socket.flush() }

    func endWriting() { socket.endWriting() }
    func close() { socket.close() }
}

/// Memory that another process of this machine and user may map too. Anonymous: nothing is left of it when both are gone.
final class SharedMemory {
    /// Bytes of a ring: what the reader takes is warm in the caches of both cores.
    static let ringSize = 512 << 10
    static let byteCount = Int(CSYSTEM_RING_HEADER) + 2 * ringSize

    let base: UnsafeMutableRawPointer
    /// Of the side that made it, until the other one has it.
    private var descriptor: Int32

    private init(_ base: UnsafeMutableRawPointer, _ descriptor: Int32) { (self.base, self.descriptor) = (base, descriptor) }

    deinit {
        offerEnded()
        csystem_shared_memory_close(base, Self.byteCount)
    }

    /// New memory; nil where the system has none to share.
    static func make() -> SharedMemory? {
        var base: UnsafeMutableRawPointer?
        let descriptor = csystem_shared_memory_make(byteCount, &base)
        guard descriptor >= 0, let base else { return nil }
        csystem_ring_begin(base)
        return SharedMemory(base, descriptor)
    }

    func offerEnded() {
        if descriptor >= 0 { closeDescriptor(descriptor) }
        descriptor = -1
    }
}

// MARK: - Offer

extension SharedMemory {
    private static let nonceSize = 32

    /// Which memory it is: this process, the descriptor, and a secret that stands in it, so that no other memory is taken for it.
    func offer() -> [UInt8] {
        let nonce = randomBytes(Self.nonceSize)
        (base + Int(CSYSTEM_RING_NONCE)).copyMemory(from: nonce, byteCount: nonce.count)
        return littleEndian(getpid()) + littleEndian(descriptor) + nonce
    }

    /// The memory that a process of this machine offers; nil if it is not to be had from here, as in another container.
    static func take(_ offer: [UInt8]) -> SharedMemory? {
        guard offer.count == 8 + nonceSize else { return nil }
        let (process, descriptor) = offer.withUnsafeBytes {
            (Int32(bitPattern: $0.loadLittle(at: 0)), Int32(bitPattern: $0.loadLittle(at: 4)))
        }
        guard process > 0, descriptor >= 0, let base = csystem_shared_memory_open(process, descriptor, byteCount) else { return nil }
        let memory = SharedMemory(base, -1)
        let nonce = UnsafeRawBufferPointer(start: base + Int(CSYSTEM_RING_NONCE), count: nonceSize)
        return nonce.elementsEqual(offer[8...]) ? memory : nil
    }

    private func littleEndian(_ value: Int32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
}

// MARK: - Agreement

extension Connection {
    private enum MemoryKind {
        static let offer = HandshakeKind.refusal + 1
        static let answer = offer + 1
    }

    /// `DIST_TRAIN_SHARED_MEMORY=0` keeps everything on sockets.
    private static let mayShareMemory = getenv("DIST_TRAIN_SHARED_MEMORY").map { String(cString: $0) != "0" } ?? true

    /// Its bytes go through memory, not through a socket.
    package var isInMemory: Bool { stream is SharedMemoryStream }

    /// Both ends on one machine, in one view of its network.
    package var isLocal: Bool { localAddress.bytes == remoteAddress.bytes }

    /// Agrees with the peer, which calls this too, on going on in shared memory, if both processes are on one machine and can; otherwise all stays as it is.
    /// Directly after the handshake, before anything is sent or received. The completion is not called if the connection ends, which `closed` tells.
    package func shareMemoryIfLocal(offers: Bool, _ completion: @escaping () -> Void) {
        guard isLocal, !isInMemory else { return completion() }
        isKnownKind = { $0 == MemoryKind.offer || $0 == MemoryKind.answer }
        let memory = offers && Self.mayShareMemory ? SharedMemory.make() : nil
        if offers { send(FrameHeader(kind: MemoryKind.offer), memory?.offer() ?? []) }
        received = { [unowned self] header, payload in
            guard header.kind == (offers ? MemoryKind.answer : MemoryKind.offer) else {
                throw TransportError.unknownKind(peer: peer, kind: header.kind)
            }
            received = nil
            isKnownKind = { $0 < FrameHeader.firstHandshakeKind }
            if offers {
                if let memory, payload.count > 0, !adopt(memory, isMaker: true) { return }
                completion()
            } else {
                let taken = Self.mayShareMemory ? SharedMemory.take(Array(payload)) : nil
                send(FrameHeader(kind: MemoryKind.answer), taken == nil ? [] : [1])
                // The answer goes through the socket, and all that follows through the memory.
                drained = { [unowned self] in
                    drained = nil
                    if let taken, !adopt(taken, isMaker: false) { return }
                    completion()
                }
            }
        }
    }

    /// False: the connection has failed.
    private func adopt(_ memory: SharedMemory, isMaker: Bool) -> Bool {
        // Behind the answer there may be bells already.
        guard inbound.frame == nil, inbound.staged.allSatisfy({ $0 == SharedMemoryStream.bell }) else {
            fail(.rejected(peer: peer, reason: "it sent other bytes while it was agreeing on shared memory"))
            return false
        }
        inbound.stagedStart = inbound.stagedEnd
        memory.offerEnded()
        stream = SharedMemoryStream(stream, memory, isMaker: isMaker)
        updateInterest()
        return true
    }
}
