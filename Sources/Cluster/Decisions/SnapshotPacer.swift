/// Paces the snapshots beside those that the job asks for: so often that a death loses little, so seldom that
/// they take at most 2 % of the time.
///
/// The cost of a snapshot is the time from the report of its step until all parts are put together; until one
/// has been measured, it is guessed by the size. A value; the clock comes from outside.
package struct SnapshotPacer: Equatable {
    /// The time from one snapshot to the next, in multiples of a snapshot's cost.
    package static let ratio = 50.0
    /// Seconds between two, however cheap they are.
    package static let usualInterval = 1.0
    /// Bytes per second that a guess assumes.
    static let guessedRate = 5e8

    /// Seconds that a snapshot takes.
    package private(set) var cost: Double
    /// When the newest snapshot was complete, or training began; nil: it has not.
    private var last: Double?
    /// True while a snapshot that was asked for has not come yet.
    private var isAwaited = false
    /// The times of the newest steps' reports, which snapshots may follow.
    private var reported: [Int: Double] = [:]

    private let shortest: Double

    /// - Parameter shortest: seconds between two at least.
    package init(bytes: Int, shortest: Double = usualInterval) {
        (cost, self.shortest) = (Double(bytes) / Self.guessedRate, shortest)
    }

    package var interval: Double { max(shortest, Self.ratio * cost) }

    /// A generation begins: a request to the one before is void.
    package mutating func begin(now: Double) {
        (isAwaited, reported) = (false, [:])
        // Set only once: resetting it per generation would starve snapshots in a crash loop.
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
