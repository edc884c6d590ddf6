import Threads

/// A child's watch for its parent's death, SIGKILL included. The parent keeps the write end of a pipe whose
/// read end the child inherits; the system closes the write end when the parent ends.
package enum Lifeline {
    /// Calls `end`, on a thread of its own, when the parent is gone. Call this in the child. The descriptor
    /// outlives a re-execution, after which it must be watched again.
    ///
    /// - Throws: `ThreadError` if the thread cannot be started.
    package static func watch(_ descriptor: Int32, onEnd end: @escaping @Sendable () -> Void) throws {
        try Thread(named: "lifeline") {
            Pipe.readToEnd(descriptor, limit: 0) { _ in }
            end()
        }.detach()
    }
}
