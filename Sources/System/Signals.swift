import CSystem
import Platform
import Synchronization
import Threads

/// Delivers signals as events. A handler writes the signal's number into a pipe; a thread reads it and calls
/// a closure, which may do anything.
package enum Signals {
    private static let pipe = Mutex<(read: Int32, write: Int32)?>(nil)
    private static let receiver = Mutex<(@Sendable (Int32) -> Void)?>(nil)

    /// Delivers `signals` to `receive`, one after the other, on the signal thread. A later call adds its
    /// signals and replaces `receive`.
    ///
    /// - Throws: `SystemError` if the pipe, the thread or a handler cannot be installed.
    package static func deliver(_ signals: [Int32], to receive: @escaping @Sendable (Int32) -> Void) throws {
        receiver.withLock { $0 = receive }
        let descriptor = try writeEnd()
        for signal in signals where csystem_signal_to_descriptor(signal, descriptor) != 0 {
            throw SystemError(cannot: "receive the signal \(name(of: signal))")
        }
    }

    /// Ignores SIGPIPE: writing to a peer that is gone then returns EPIPE, and does not end the process.
    package static func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }

    /// Returns a signal's name: `SIGTERM` for 15.
    package static func name(of signal: Int32) -> String {
        switch signal {
        case SIGHUP: "SIGHUP"
        case SIGINT: "SIGINT"
        case SIGQUIT: "SIGQUIT"
        case SIGILL: "SIGILL"
        case SIGABRT: "SIGABRT"
        case SIGFPE: "SIGFPE"
        case SIGBUS: "SIGBUS"
        case SIGKILL: "SIGKILL"
        case SIGSEGV: "SIGSEGV"
        case SIGPIPE: "SIGPIPE"
        case SIGTERM: "SIGTERM"
        case SIGUSR1: "SIGUSR1"
        case SIGUSR2: "SIGUSR2"
        default: "signal \(signal)"
        }
    }

    private static func writeEnd() throws -> Int32 {
        try pipe.withLock { pipe in
            if let pipe { return pipe.write }
            var ends: [Int32] = [-1, -1]
            guard csystem_pipe(&ends) == 0 else { throw SystemError(cannot: "make a pipe for signals") }
            _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)  // a handler must never wait
            let readEnd = ends[0]
            try Thread(named: "signals") { forward(from: readEnd) }.detach()
            pipe = (ends[0], ends[1])
            return ends[1]
        }
    }

    private static func forward(from descriptor: Int32) {
        var byte: UInt8 = 0
        while true {
            let count = read(descriptor, &byte, 1)
            if count == 1 {
                let receive = receiver.withLock { $0 }
                receive?(Int32(byte))
            } else if count == 0 || errno != EINTR {
                return
            }
        }
    }
}
