import CSystem
import Platform

/// A stream of bytes between two processes of one machine: two rings in memory that both have mapped, one for
/// each direction. The socket on which they met carries doorbells, single bytes that wake the peer, and its
/// end shows that the peer is gone. Under TLS the doorbells are encrypted too, so that a third party can
/// forge neither a doorbell nor a close_notify.
final class SharedMemoryStream: ByteStream {
    /// The doorbell: the only byte that goes over the socket.
    static let doorbell: UInt8 = 1
    /// The size of a ring in bytes: small enough that what the reader takes is still in the caches of both
    /// cores.
    static let ringSize = 512 << 10

    private let socket: any ByteStream
    private let memory: SharedMemory
    private var incoming: csystem_ring
    private var outgoing: csystem_ring
    /// True once the peer has closed its end; what it wrote before is in the ring.
    private var isEnded = false
    /// True if the last read emptied the ring; the peer then sends a doorbell with its next bytes.
    private var isWaiting = true

    /// Allocates the memory for the two rings; nil if the system has none to share.
    static func makeMemory() -> SharedMemory? {
        let memory = SharedMemory.make(count: 2 * ringSize)
        if let memory { csystem_ring_begin(memory.header) }
        return memory
    }

    /// - Parameters:
    ///   - socket: a stream on which nothing but doorbells is in flight.
    ///   - isMaker: this side allocated the memory; the two sides use the rings crosswise.
    init(_ socket: any ByteStream, _ memory: SharedMemory, isMaker: Bool) {
        self.socket = socket
        self.memory = memory
        outgoing = csystem_ring_at(memory.header, isMaker ? 0 : 1, UInt64(Self.ringSize))
        incoming = csystem_ring_at(memory.header, isMaker ? 1 : 0, UInt64(Self.ringSize))
    }

    var descriptor: Int32 { socket.descriptor }
    /// The stream always waits for doorbells.
    var wantsRead: Bool { !isEnded }
    /// True while the socket has doorbells that have not left.
    var wantsWrite: Bool { socket.wantsWrite }
    var hasBufferedInput: Bool { isEnded || !isWaiting || csystem_ring_has_bytes(&incoming) != 0 }
    var needsChecksums: Bool { false }
    var announcesRoom: Bool { false }

    func becameReadable() throws(StreamFailure) {
        var doorbells: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        repeat {
            let outcome = try withUnsafeMutableBytes(of: &doorbells) { bytes throws(StreamFailure) in
                try socket.read(into: bytes)
            }
            // The bytes that the peer wrote before it closed are in the ring by now.
            if case .endOfStream = outcome { isEnded = true }
        } while !isEnded && socket.hasBufferedInput
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamFailure) -> StreamOutcome {
        var mustWake: Int32 = 0
        let count = csystem_ring_read(&incoming, buffer.baseAddress, buffer.count, &mustWake)
        if mustWake != 0 { ringDoorbell() }
        isWaiting = count < buffer.count
        if count > 0 { return .bytes(count) }
        guard count == 0 else { throw nonsense }
        return isEnded ? .endOfStream : .wouldBlock
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, then next: UnsafeMutableRawBufferPointer)
        throws(StreamFailure) -> StreamOutcome
    {
        let first = try read(into: buffer)
        guard case .bytes(let count) = first, count == buffer.count,
            case .bytes(let more) = try read(into: next)
        else { return first }
        return .bytes(count + more)
    }

    func write(gather pieces: UnsafeMutableBufferPointer<iovec>) throws(StreamFailure) -> StreamOutcome {
        var (sent, mustWake) = (0, Int32(0))
        defer { if mustWake != 0 { ringDoorbell() } }
        for piece in pieces {
            let count = csystem_ring_write(&outgoing, piece.iov_base, piece.iov_len, &mustWake)
            guard count >= 0 else { throw nonsense }
            sent += count
            if count < piece.iov_len { break }
        }
        return sent > 0 ? .bytes(sent) : .wouldBlock
    }

    private var nonsense: StreamFailure {
        StreamFailure(reason: "the memory that it shares with this process is damaged")
    }

    /// Wakes the peer. If there is no room for the doorbell, others are in flight and this one is not needed;
    /// if the peer is gone, the end of its stream shows it.
    private func ringDoorbell() {
        var doorbell = Self.doorbell
        withUnsafeMutablePointer(to: &doorbell) { doorbell in
            var piece = iovec(iov_base: doorbell, iov_len: 1)
            withUnsafeMutablePointer(to: &piece) {
                _ = try? socket.write(gather: UnsafeMutableBufferPointer(start: $0, count: 1))
            }
        }
    }

    func flush() throws(StreamFailure) { try socket.flush() }

    func endWriting() { socket.endWriting() }
    func close() { socket.close() }
}
