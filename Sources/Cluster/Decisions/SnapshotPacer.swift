/// When the next snapshot is worth its cost, besides those that the job asks for: so often that a death loses little, so seldom that they take at most 2 % of the time.
///
/// The cost of one is the time from the report of its step until all parts are put together; until one has been measured it is guessed by its size. A value; the clock comes from outside.
package struct SnapshotPacer: Equatable {
    /// So many times the cost of a snapshot pass from one to the next.
    package static let ratio = 50.0
    /// Seconds between two, however cheap they are.
    package static let usualInterval = 1.0
    /// Bytes per second of a guess.
    static let guessedRate = 5e8

    /// Seconds of a snapshot.
    package private(set) var cost: Double
    /// When the newest snapshot was complete, or training began; nil: it has not.
    private var last: Double?
    /// One has been asked for and has not come yet.
    private var isAwaited = false
    /// When the steps of the newest reports came, of which a snapshot may follow.
    private var reported: [Int: Double] = [:]

    private let shortest: Double

    /// - Parameter shortest: seconds between two at least.
    package init(bytes: Int, shortest: Double = usualInterval) {
        (cost, self.shortest) = (Double(bytes) / Self.guessedRate, shortest)
    }

    package var interval: Double { max(shortest, Self.ratio * cost) }

    /// A generation begins: what was asked of the one before is void.
    package mutating func begin(now: Double) {
        (isAwaited, reported) = (false, [:])
        // Not again at the next ones: where workers die faster than snapshots are due, there would never be one.
        last = last ?? now
    }

    /// The report of step `done` has come. True if a snapshot is to be asked for now.
    package mutating func stepDone(_ done: Int, now: Double) -> Bool {
        reported[done] = now
        if reported.count > 4096 { reported = reported.filter { $0.key > done - 1024 } }
        guard !isAwaited, let last, now - last >= interval else { return false }
        isAwaited = true
        return true
    }

    /// The snapshot of step `done` is complete, whoever asked for it.
    package mutating func completed(_ done: Int, now: Double) {
        if let begun = reported[done] { cost = (cost + now - begun) / 2 }
        (last, isAwaited) = (now, false)
        reported = reported.filter { $0.key > done }
    }
}
