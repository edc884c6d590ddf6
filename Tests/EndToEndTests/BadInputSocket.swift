import Platform
import System

/// A TCP socket of the loopback, without any of this project's network code: it can be a stranger. Every call
/// has a bound.
final class RawSocket {
    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    private static func make() throws -> RawSocket {
        let descriptor = socket(AF_INET, privateStreamSocketType, 0)
        guard descriptor >= 0 else { throw SystemError(cannot: "make a socket") }
        return RawSocket(descriptor)
    }

    /// `call` with the address 127.0.0.1:port.
    private static func at(_ port: UInt16, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// Holds a port that the system chose, and listens on it if asked to.
    static func bound(listening: Bool = true) throws -> RawSocket {
        let made = try make()
        guard at(0, { bind(made.descriptor, $0, $1) }) == 0, !listening || listen(made.descriptor, 8) == 0
        else {
            throw SystemError(cannot: "listen")
        }
        return made
    }

    static func connected(to port: UInt16) throws -> RawSocket {
        let made = try make()
        guard at(port, { connect(made.descriptor, $0, $1) }) == 0 else {
            throw SystemError(cannot: "connect")
        }
        return made
    }

    var port: UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    /// A newcomer, or nil if nobody comes in time.
    func accepted(seconds: Double = 20) -> RawSocket? {
        guard isReadable(seconds: seconds) else { return nil }
        let newcomer = accept(descriptor, nil, nil)
        guard newcomer >= 0 else { return nil }
        _ = fcntl(newcomer, F_SETFD, FD_CLOEXEC)
        return RawSocket(newcomer)
    }

    func send(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { _ = write(descriptor, $0.baseAddress, $0.count) }
    }

    /// Returns the bytes that arrive until `enough` says so, the peer closes, or the time is over.
    func receive(seconds: Double = 20, until enough: ([UInt8]) -> Bool = { _ in false }) -> [UInt8] {
        let deadline = Clock.monotonicSeconds() + seconds
        var received: [UInt8] = []
        while !enough(received), isReadable(seconds: deadline - Clock.monotonicSeconds()) {
            var piece = [UInt8](repeating: 0, count: 4096)
            let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            received += piece[..<count]
        }
        return received
    }

    private func isReadable(seconds: Double) -> Bool {
        var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return seconds > 0 && poll(&poller, 1, Int32(seconds * 1000)) > 0
    }
}
