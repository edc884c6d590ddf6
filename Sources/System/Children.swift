import CSystem
import Platform
import Synchronization
import Threads

/// The processes that this one has started, and how they ended.
///
/// The first process of a container (process id 1) gets every process there whose parent has ended, and the
/// system keeps what is left of each one until somebody asks how it ended. There, one thread asks for all
/// children, and keeps the answers for those that this program has started. Elsewhere each is asked for by
/// its owner.
package enum Children {
    private enum Child {
        case running
        case ended(ExitStatus)
    }

    /// Nil: this process is not the first one.
    private static let own = Mutex<[pid_t: Child]?>(nil)

    /// Begins to reap every child, if this process is the first one.
    ///
    /// - Throws: `ThreadError` if the thread cannot be started.
    package static func reapIfFirst() throws {
        guard getpid() == 1 else { return }
        own.withLock { $0 = [:] }
        try Thread(named: "reaper") { while true { reapOne() } }.detach()
    }

    private static func reapOne() {
        // It only looks: a child that ends while it is being started is known once the lock is free.
        let process = csystem_wait_for_ended_child()
        guard process > 0 else { return Clock.sleep(seconds: 0.2) }  // there are no children
        own.withLock { own in
            if let status = wait(process), own?[process] != nil { own?[process] = .ended(status) }
        }
    }

    /// Starts a child by `start`, which returns its process id.
    static func starting(_ start: () throws -> pid_t) rethrows -> pid_t {
        try own.withLock { own in
            let process = try start()
            own?[process] = .running
            return process
        }
    }

    /// Returns how a child ended, once; nil while it runs.
    static func end(of process: pid_t) -> ExitStatus? {
        own.withLock { own in
            guard own != nil else { return wait(process) }
            guard case .ended(let status)? = own?[process] else { return nil }
            own?[process] = nil
            return status
        }
    }

    /// Sends a signal to a child whose end nobody has been told of. Its process id may be another's after it
    /// was reaped.
    static func send(_ signal: Int32, to process: pid_t) {
        own.withLock { own in
            if case .ended? = own?[process] { return }
            kill(process, signal)
        }
    }

    private static func wait(_ process: pid_t) -> ExitStatus? {
        var word: Int32 = 0
        var result: pid_t
        repeat { result = waitpid(process, &word, WNOHANG) } while result < 0 && errno == EINTR
        return result == process ? ExitStatus(waitWord: word) : nil
    }
}
