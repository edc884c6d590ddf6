import CSystem

// Functions that Glibc and Darwin spell differently.
#if canImport(Darwin)
    import Darwin

    let streamSocketType = SOCK_STREAM
    func threadIdentity() -> UInt { UInt(bitPattern: pthread_self()) }
#else
    import Glibc

    let streamSocketType = Int32(SOCK_STREAM.rawValue)
    func threadIdentity() -> UInt { UInt(pthread_self()) }
#endif

func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }

/// Creates a non-blocking TCP socket that child processes do not inherit.
func makeSocket(_ family: Int32) throws(TransportError) -> Int32 {
    #if canImport(Darwin)
        let descriptor = socket(family, streamSocketType, 0)
    #else
        let descriptor = socket(family, streamSocketType | Int32(SOCK_CLOEXEC.rawValue), 0)
    #endif
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

/// Starts a named thread in the floating-point mode of all threads.
func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) throws(TransportError) -> pthread_t {
    final class Start {
        let name: String
        let body: @Sendable () -> Void
        init(_ name: String, _ body: @escaping @Sendable () -> Void) { (self.name, self.body) = (name, body) }
    }
    let start = Unmanaged.passRetained(Start(name, body))
    #if canImport(Darwin)
        var thread: pthread_t?
        let status = pthread_create(
            &thread, nil,
            { pointer in
                let start = Unmanaged<Start>.fromOpaque(pointer).takeRetainedValue()
                csystem_set_floating_point_mode()
                csystem_name_thread(start.name)
                start.body()
                return nil
            }, start.toOpaque())
    #else
        var thread: pthread_t? = pthread_t()
        let status = pthread_create(
            &thread!, nil,
            { pointer in
                guard let pointer else { return nil }
                let start = Unmanaged<Start>.fromOpaque(pointer).takeRetainedValue()
                csystem_set_floating_point_mode()
                csystem_name_thread(start.name)
                start.body()
                return nil
            }, start.toOpaque())
    #endif
    guard status == 0, let thread else {
        start.release()
        throw .system(call: "pthread_create", reason: errorText(status))
    }
    return thread
}
