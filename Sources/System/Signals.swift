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

    /// Lets a signal that asks for the end end the process at once, until a command takes such signals.
    ///
    /// - Parameter status: the exit status. Without one the system ends the process, but for the first one of
    ///   a container (process id 1), whose signals it drops: that one ends with 128 and the signal's number.
    /// - Throws: `SystemError` if a handler cannot be installed.
    package static func endAtOnce(status: Int32?) throws {
        guard status != nil || getpid() == 1 else { return }
        try deliver(ofEnding) { signal in _exit(status ?? 128 + signal) }
    }

    /// Ignores the signals that would end the process although nothing is wrong with it, until a command
    /// takes one of them:
    ///
    /// - SIGPIPE: writing to a peer that is gone then returns EPIPE.
    /// - SIGXFSZ: writing more than `ulimit -f` allows then returns EFBIG.
    /// - SIGUSR1 and SIGUSR2: schedulers send them to every process of a job.
    package static func ignoreHarmless() {
        for number in [SIGPIPE, SIGXFSZ] + ofSchedulers { _ = signal(number, SIG_IGN) }
        var blocked = setOfSchedulers
        pthread_sigmask(SIG_UNBLOCK, &blocked, nil)
    }

    /// The signals that schedulers send to every process of a job. A child of this program starts with them
    /// blocked, because it cannot ignore them from its first instruction on.
    private static let ofSchedulers = [SIGUSR1, SIGUSR2]

    static var setOfSchedulers: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in ofSchedulers { sigaddset(&set, signal) }
        return set
    }

    /// The signals that ask for the end of the process, unless it was started so that it ignores them.
    package static var ofEnding: [Int32] {
        [SIGINT, SIGTERM, SIGHUP, SIGXCPU].filter { !isIgnored($0) }
    }

    /// Whether a signal that asks for the end may come again without ending the process at once.
    package static func isPatient(_ signal: Int32) -> Bool { signal == SIGHUP || signal == SIGXCPU }

    /// Whether a signal is ignored: by `ignoreHarmless`, or because the process was started so (`nohup`, a
    /// job in the background of a script).
    package static func isIgnored(_ signal: Int32) -> Bool { csystem_is_ignored(signal) != 0 }

    /// Lets a crash end the process with a sentence instead of a backtrace, where memory is limited by
    /// `ulimit`: an allocation that fails is then by far the likeliest cause.
    package static func explainCrashesOfLimitedMemory() {
        guard let limit = MemoryLimit.ofEachProcess else { return }
        csystem_explain_crashes(
            "error: the program ended, most likely for want of memory: \(limit.clause); \(limit.cure), or"
                + " take a smaller batch, model or data set\n")
    }

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
        case SIGXCPU: "SIGXCPU"
        case SIGXFSZ: "SIGXFSZ"
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
