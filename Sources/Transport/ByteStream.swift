#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

package enum StreamOutcome: Equatable, Sendable {
    case bytes(Int)
    case wouldBlock
    case endOfStream
}

/// Why a stream broke, without the peer's name (a connection adds it).
package enum StreamFailure: Error, Equatable, Sendable {
    case broken(reason: String)
    /// The peer sends frames without TLS.
    case plaintext
    case http
    case unknownLanguage
    case tokensDiffer
    /// The peer's first message is this side's own.
    case reflected
    /// TLS could not be agreed on.
    case handshake(reason: String)
    /// A record that is not as it was sent.
    case damaged(reason: String)

    package init(reason: String) { self = .broken(reason: reason) }
}

/// A non-blocking stream of bytes over a descriptor: the seam between frames and what carries them (plain TCP, TLS, shared memory).
package protocol ByteStream: AnyObject {
    var descriptor: Int32 { get }
    /// Never more than `buffer.count` bytes; `.wouldBlock` until the loop says readable again.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamFailure) -> StreamOutcome
    /// The same, and once `buffer` is full, on into `next`: never more than both hold.
    func read(into buffer: UnsafeMutableRawBufferPointer, then next: UnsafeMutableRawBufferPointer)
        throws(StreamFailure) -> StreamOutcome
    /// Sends a part of the pieces, in order. What it did not take is offered again, at the same addresses.
    func write(gather pieces: UnsafeMutableBufferPointer<iovec>) throws(StreamFailure) -> StreamOutcome
    /// The stream itself must see the descriptor readable before it can go on.
    var wantsRead: Bool { get }
    /// It has taken bytes that have not left yet, for which `flush` is called when the descriptor is writable.
    var wantsWrite: Bool { get }
    /// Bytes that have left the descriptor and were not read yet, of which poll knows nothing.
    var hasBufferedInput: Bool { get }
    /// Poll tells when there is room to write; otherwise the stream shows it by becoming readable.
    var announcesRoom: Bool { get }
    /// Bytes may change on their way without the stream noticing: payloads have checksums.
    var needsChecksums: Bool { get }
    /// What both ends of this very channel know, and nobody in between; empty where there is no such thing.
    var channelBinding: [UInt8] { get }
    /// Poll says that the descriptor is readable: before anything else.
    func becameReadable() throws(StreamFailure)
    /// Sends what the stream itself still has (`wantsWrite`), as far as there is room.
    func flush() throws(StreamFailure)
    /// No more writes will come: the peer may know.
    func endWriting()
    func close()
}

extension ByteStream {
    package var announcesRoom: Bool { true }
    package var needsChecksums: Bool { true }
    package var channelBinding: [UInt8] { [] }
    package func becameReadable() throws(StreamFailure) {}
    package func flush() throws(StreamFailure) {}
}

/// Plain TCP.
final class PlainStream: ByteStream {
    private(set) var descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
        setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)  // a frame never waits for the acknowledgement of the last one
        #if canImport(Darwin)
            setOption(descriptor, SOL_SOCKET, SO_NOSIGPIPE, 1)
        #endif
    }

    deinit { close() }

    var wantsRead: Bool { false }
    var wantsWrite: Bool { false }
    var hasBufferedInput: Bool { false }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamFailure) -> StreamOutcome {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .endOfStream }
            if let outcome = try waiting(errno) { return outcome }
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, then next: UnsafeMutableRawBufferPointer)
        throws(StreamFailure) -> StreamOutcome
    {
        var buffers = (
            iovec(iov_base: buffer.baseAddress, iov_len: buffer.count),
            iovec(iov_base: next.baseAddress, iov_len: next.count)
        )
        while true {
            let count = withUnsafeMutablePointer(to: &buffers) {
                $0.withMemoryRebound(to: iovec.self, capacity: 2) { readv(descriptor, $0, 2) }
            }
            if count > 0 { return .bytes(count) }
            if count == 0 { return .endOfStream }
            if let outcome = try waiting(errno) { return outcome }
        }
    }

    func write(gather pieces: UnsafeMutableBufferPointer<iovec>) throws(StreamFailure) -> StreamOutcome {
        var message = msghdr()
        message.msg_iov = pieces.baseAddress
        #if canImport(Darwin)
            message.msg_iovlen = Int32(pieces.count)
            let flags: Int32 = 0
        #else
            message.msg_iovlen = pieces.count
            let flags = Int32(MSG_NOSIGNAL)
        #endif
        while true {
            let count = sendmsg(descriptor, &message, flags)
            if count >= 0 { return .bytes(count) }
            if let outcome = try waiting(errno) { return outcome }
        }
    }

    /// nil: interrupted, try again.
    private func waiting(_ code: Int32) throws(StreamFailure) -> StreamOutcome? {
        switch code {
        case EINTR: return nil
        case EAGAIN, EWOULDBLOCK, ENOBUFS: return .wouldBlock
        default: throw StreamFailure(reason: errorText(code))
        }
    }

    func endWriting() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    func close() {
        guard descriptor >= 0 else { return }
        closeDescriptor(descriptor)
        descriptor = -1
    }
}
