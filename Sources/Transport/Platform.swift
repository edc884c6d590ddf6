import CSystem
import Platform

func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }

/// Creates a non-blocking TCP socket that child processes do not inherit.
func makeSocket(_ family: Int32) throws(TransportError) -> Int32 {
    let descriptor = socket(family, privateStreamSocketType, 0)
    guard descriptor >= 0 else { throw .system(call: "socket", reason: errorText(errno)) }
    makeNonBlocking(descriptor)
    return descriptor
}

func makeNonBlocking(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
}

/// Accepts the next connection of a listening socket, as a non-blocking descriptor that child processes do
/// not inherit. The descriptor is negative (see `errno`) if there is none.
func acceptSocket(_ listener: Int32) -> (descriptor: Int32, remote: SocketAddress?) {
    var storage = sockaddr_storage()
    return withUnsafeMutableBytes(of: &storage) { raw in
        var length = UInt32(raw.count)
        let descriptor = csystem_accept(listener, raw.baseAddress, &length)
        guard descriptor >= 0 else { return (descriptor, nil) }
        return (descriptor, raw.withMemoryRebound(to: sockaddr.self) { SocketAddress($0.baseAddress) })
    }
}

func setOption(of descriptor: Int32, level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    _ = setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
}

#if canImport(Darwin)
    /// Makes a write to a connection that the peer has closed an error, not a signal.
    func preventSignals(of descriptor: Int32) {
        setOption(of: descriptor, level: SOL_SOCKET, SO_NOSIGPIPE, 1)
    }

    /// Ends the connection when sent bytes were not acknowledged for so long.
    func limitUnacknowledged(of descriptor: Int32, seconds: Double) {
        setOption(
            of: descriptor, level: Int32(IPPROTO_TCP), TCP_RXT_CONNDROPTIME, Int32(seconds.rounded(.up)))
    }
#else
    /// Makes a write to a connection that the peer has closed an error, not a signal: `noSignalFlag` does it
    /// here.
    func preventSignals(of descriptor: Int32) {}

    /// Ends the connection when sent bytes were not acknowledged for so long.
    func limitUnacknowledged(of descriptor: Int32, seconds: Double) {
        setOption(
            of: descriptor, level: Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, Int32((seconds * 1000).rounded(.up)))
    }
#endif
