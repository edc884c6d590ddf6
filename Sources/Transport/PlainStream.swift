import Platform

/// A TCP connection without TLS.
package final class PlainStream: ByteStream {
    package private(set) var descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
        // No frame waits for the acknowledgement of the one before it.
        setOption(of: descriptor, level: Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        preventSignals(of: descriptor)
    }

    deinit { close() }

    package var wantsRead: Bool { false }
    package var wantsWrite: Bool { false }
    package var hasBufferedInput: Bool { false }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamFailure) -> StreamOutcome {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .endOfStream }
            if let outcome = try waiting(errno) { return outcome }
        }
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer, then next: UnsafeMutableRawBufferPointer)
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

    package func write(gather pieces: UnsafeMutableBufferPointer<iovec>) throws(StreamFailure)
        -> StreamOutcome
    {
        var message = msghdr()
        message.msg_iov = pieces.baseAddress
        message.msg_iovlen = .init(pieces.count)
        while true {
            let count = sendmsg(descriptor, &message, noSignalFlag)
            if count >= 0 { return .bytes(count) }
            if let outcome = try waiting(errno) { return outcome }
        }
    }

    /// Translates an error number: nil means that the call was interrupted and is to be repeated.
    private func waiting(_ code: Int32) throws(StreamFailure) -> StreamOutcome? {
        switch code {
        case EINTR: return nil
        case EAGAIN, EWOULDBLOCK, ENOBUFS: return .wouldBlock
        default: throw StreamFailure(reason: errorText(code))
        }
    }

    package func endWriting() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    package func close() {
        guard descriptor >= 0 else { return }
        closeDescriptor(descriptor)
        descriptor = -1
    }
}
