import Platform

/// The result of a poll for one descriptor.
package struct Readiness {
    package var canRead: Bool
    package var canWrite: Bool
}

/// A descriptor in the loop's table. `handler` runs when the descriptor is ready, `abandon` when the loop
/// ends.
package final class Registration {
    let descriptor: Int32
    var priority: Int
    let handler: (Readiness) -> Void
    let abandon: () -> Void
    var isActive = true
    /// The descriptor's index in the polled table, if the table is not stale.
    var tableIndex = 0
    var reads: Bool
    var writes: Bool

    init(
        _ descriptor: Int32, _ priority: Int, reads: Bool, writes: Bool,
        _ handler: @escaping (Readiness) -> Void,
        _ abandon: @escaping () -> Void
    ) {
        self.descriptor = descriptor
        self.priority = priority
        self.reads = reads
        self.writes = writes
        self.handler = handler
        self.abandon = abandon
    }

    var entry: pollfd {
        // Poll reports a hang-up even if nothing is asked for. A negative descriptor keeps that from
        // spinning.
        pollfd(
            fd: reads || writes ? descriptor : -1,
            events: Int16((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)), revents: 0)
    }
}
