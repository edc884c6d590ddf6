/// The difference between the coordinator's monotonic clock and this worker's in seconds, measured by round
/// trips.
///
/// A question sent at t₀, answered when the coordinator's clock showed c, the answer back at t₁: the offset
/// is c − (t₀ + t₁)/2, wrong by at most half of the round trip t₁ − t₀ (Cristian, "Probabilistic clock
/// synchronization", 1989). The shortest round trip counts; because clocks drift apart, an old one
/// counts as longer with time.
package struct ClockOffset: Equatable {
    /// Seconds per second by which two clocks may drift apart.
    static let drift = 50e-6
    /// So many questions are asked at once when the worker joins; afterwards one with each heartbeat.
    static let firstQuestions = 8

    package private(set) var seconds = 0.0
    package private(set) var answers = 0
    private var best: (roundTrip: Double, at: Double)?

    package init() {}

    package static func == (one: Self, other: Self) -> Bool {
        one.seconds == other.seconds && one.answers == other.answers
    }

    package mutating func add(asked: Double, answered: Double, now: Double) {
        guard asked.isFinite, answered.isFinite, now >= asked else { return }
        answers += 1
        let roundTrip = now - asked
        if let best, roundTrip > best.roundTrip + Self.drift * (now - best.at) { return }
        best = (roundTrip, now)
        seconds = answered - (asked + now) / 2
    }
}
