/// Exponential back-off for machines whose workers die as soon as they take part, so that they do not hold up
/// the others over and over.
///
/// A death counts if the worker had taken part for less than `shortLife` seconds, and no other member of its
/// machine lives on. From the second one in a row on, workers of that machine wait before they take part
/// again: 1 s, 2 s, 4 s, …
package struct CrashBackoff: Equatable {
    package static let shortLife = 30.0
    package static let longestPause = 60.0

    private struct Machine: Equatable {
        var deaths = 0
        var pauseEnd = 0.0
    }

    private var machines: [String: Machine] = [:]

    package init() {}

    /// A member died after `life` seconds.
    ///
    /// - Parameter isLast: true if no other worker of the machine takes part.
    package mutating func died(on machine: String, after life: Double, isLast: Bool, now: Double) {
        guard isLast, life < Self.shortLife else {
            machines[machine] = nil
            return
        }
        var record = machines[machine] ?? Machine()
        record.deaths += 1
        if record.deaths > 1 {
            record.pauseEnd = now + min(Self.longestPause, Double(1 << min(6, record.deaths - 2)))
        }
        machines[machine] = record
    }

    /// The time from which workers of this machine may take part again.
    package func pauseEnd(_ machine: String) -> Double { machines[machine]?.pauseEnd ?? 0 }
}
