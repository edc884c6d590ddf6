/// Limits how many connections of one listener are unauthenticated at one time.
///
/// A client that does not know the token can therefore use only a bounded number of descriptors and a bounded
/// amount of memory. When the limit is reached, the oldest pending connection is evicted; connections that
/// have not sent a byte go first. Used on the reactor's thread alone.
final class PreauthLimiter {
    /// The most connections that may be pending at one time.
    static let capacity = 256

    /// A connection that has not authenticated, or that was refused and is not closed yet.
    private struct Pending {
        weak var connection: Connection?
        weak var driver: HandshakeDriver?

        var isPending: Bool { connection.map { $0.isOpen && !$0.isAuthenticated } ?? false }

        func evict() { driver.map { $0.evict() } ?? connection?.close() }
    }

    /// Pending connections, the oldest first.
    private var pending: [Pending] = []

    /// Evicts one connection if `capacity` is reached. Call it before `add`.
    func evictIfFull() {
        guard pending.count >= Self.capacity else { return }
        pending.removeAll { !$0.isPending }
        guard pending.count >= Self.capacity else { return }
        let silent = pending.firstIndex { $0.connection?.hasReceivedBytes == false }
        pending.remove(at: silent ?? 0).evict()
    }

    func add(_ driver: HandshakeDriver, _ connection: Connection) {
        pending.append(Pending(connection: connection, driver: driver))
    }
}
