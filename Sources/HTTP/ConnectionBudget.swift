/// Decides who makes room when all places are taken: a pure function of what the connections do.
///
/// A place is worth the less, the less its holder has done for it, so that whoever opens connections without
/// end displaces only those who do the same. The oldest of the least worth goes.
package enum ConnectionBudget {
    package enum Worth: Int, Comparable, CaseIterable {
        /// It has its answer, and the rest of what it sends is thrown away.
        case leaving
        /// It has not sent a byte.
        case silent
        /// It waits for its client's next request.
        case idle
        /// A part of a request has arrived.
        case receiving
        /// It does not take its answer as fast as it comes.
        case sending
        /// Its request is being answered.
        case handled
        /// An event stream: these have a limit of their own.
        case streaming

        package static func < (one: Worth, other: Worth) -> Bool { one.rawValue < other.rawValue }
    }

    /// Returns the index of the one to evict; nil if there are only event streams.
    ///
    /// - Parameter since: when the connection began to do what it does.
    package static func evicted(of connections: some Collection<(worth: Worth, since: Double)>) -> Int? {
        connections.enumerated().filter { $0.element.worth != .streaming }.min {
            ($0.element.worth, $0.element.since, $0.offset) < ($1.element.worth, $1.element.since, $1.offset)
        }?.offset
    }
}
