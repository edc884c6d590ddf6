import Threads

/// The time between the first signal that asks a process to end and its end: half of it is for the work at
/// hand, the rest for leaving without it.
///
/// Whoever sent the signal (a service manager, a scheduler) kills the process later on. Both closures are
/// called on threads that do nothing else, so that no disk and no computation keeps the process.
package final class GracePeriod: Sendable {
    private let beginning = Mailbox<Void>()

    /// - Parameters:
    ///   - halfOver: gives the work at hand up.
    ///   - over: ends the process.
    /// - Throws: `ThreadError` if the thread cannot be started.
    package init(
        _ seconds: Double, halfOver: @escaping @Sendable () -> Void, over: @escaping @Sendable () -> Void
    ) throws {
        let beginning = beginning
        try Thread(named: "grace") {
            beginning.take()
            Clock.sleep(seconds: seconds / 2)
            // The closure may take long.
            do { try Thread(named: "half of grace", halfOver).detach() } catch { halfOver() }
            Clock.sleep(seconds: seconds / 2)
            over()
        }.detach()
    }

    /// The first signal has come. Later calls have no effect.
    package func begin() { beginning.put(()) }
}
