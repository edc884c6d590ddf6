// The operating system's C library under one name, and the few places where Glibc and Darwin spell the same
// thing differently. A file that calls the system imports `Platform`. Where a type has a method `close`,
// `Platform.close(…)` names the C function.
#if canImport(Darwin)
    @_exported import Darwin

    /// The socket type of TCP.
    package let streamSocketType = SOCK_STREAM
    /// The socket type of TCP; where `socket` can say so, child processes do not inherit the descriptor.
    package let privateStreamSocketType = SOCK_STREAM
    /// The flag of `send` that prevents SIGPIPE, where there is one.
    package let noSignalFlag: Int32 = 0
#else
    @_exported import Glibc

    /// The socket type of TCP.
    package let streamSocketType = Int32(SOCK_STREAM.rawValue)
    /// The socket type of TCP; where `socket` can say so, child processes do not inherit the descriptor.
    package let privateStreamSocketType = streamSocketType | Int32(SOCK_CLOEXEC.rawValue)
    /// The flag of `send` that prevents SIGPIPE, where there is one.
    package let noSignalFlag = Int32(MSG_NOSIGNAL)
#endif
