import Collectives

/// Divides the microbatches and the parameters among the members in proportion to their measured speed, so
/// that a slow machine does not hold up the fast ones.
///
/// A value; the clock comes from outside. Bits do not depend on who computes what, and so on nothing here.
package struct WorkSharing: Equatable {
    /// A change must shorten the slowest member's work to less than this part of its time.
    package static let worthwhile = 0.9
    /// Steps of every member that are measured in a generation before it is judged.
    package static let leastSteps = 5
    /// The first steps of a generation, which say little about later ones.
    static let firstSteps = 2
    /// Seconds from the start of a generation to a change, the first time; the pause doubles each time, up to
    /// `longestPause`.
    package static let firstPause = 2.0
    package static let longestPause = 120.0
    /// A member that computes less than this part of what the middle one does is called slow.
    package static let slow = 0.67

    /// One member's measured work.
    private struct Measured: Equatable {
        /// Seconds of computing.
        var seconds = 0.0
        /// Seconds from the end of backward to the step's end.
        var exchange = 0.0
        var steps = 0
        /// The number of first steps still to ignore, in which memory is touched for the first time.
        var ignored = 0
    }

    private let microbatches: Int
    /// Microbatches per second of computing, by worker.
    private var rates: [Int: Double] = [:]
    /// The cost of a step's exchange for a member, in microbatches: sending, adding and updating are slow
    /// where computing is.
    private var exchange = 0.0
    private var members: [Int] = []
    /// The assignment of the current generation.
    private(set) var current: Assignment?
    private var measured: [Measured] = []
    private var begun = 0.0
    private var pause = WorkSharing.firstPause

    package init(microbatches: Int) { self.microbatches = microbatches }

    /// The members' speeds in microbatches per second; nil if none was ever measured. One that was not
    /// measured counts as the median of the others.
    package func speeds(of members: [Int]) -> [Double]? {
        let known = members.compactMap { rates[$0] }.sorted()
        guard !known.isEmpty else { return nil }
        return members.map { rates[$0] ?? known[known.count / 2] }
    }

    /// The speeds of the workers that were measured, by number, each as a part of the median one.
    package var relativeSpeeds: [Int: Double] {
        let known = rates.values.sorted()
        guard !known.isEmpty, known[known.count / 2] > 0 else { return [:] }
        return rates.mapValues { $0 / known[known.count / 2] }
    }

    /// The assignment for these members, in the order of their ranks.
    package func assignment(for members: [Int]) -> Assignment {
        guard let speeds = speeds(of: members) else {
            return Assignment(even: microbatches, members: members.count)
        }
        let shares = Partition.apportion(microbatches, among: speeds, ahead: exchange)
        let cuts = (0...members.count).map { rank in shares.count { $0 < rank } }
        return Assignment(cuts: cuts) ?? Assignment(even: microbatches, members: members.count)
    }

    /// A generation forms.
    package mutating func begin(_ members: [Int], _ assignment: Assignment) {
        (self.members, current) = (members, assignment)
        measured = Array(repeating: Measured(ignored: Self.firstSteps), count: members.count)
    }

    /// Forgets a worker that is gone: it does not come back under this number.
    package mutating func forget(_ worker: Int) { rates[worker] = nil }

    /// The members of the generation compute from now on.
    package mutating func started(now: Double) { begun = now }

    /// A member's spans of some steps have come.
    package mutating func add(rank: Int, _ spans: [Span]) {
        guard measured.indices.contains(rank) else { return }
        for span in spans {
            if measured[rank].ignored > 0 {
                if span.activity == .gradients { measured[rank].ignored -= 1 }
                continue
            }
            switch span.activity {
            case .data, .forward: measured[rank].seconds += span.busy
            case .gradients: measured[rank].exchange += span.busy
            case .backward:
                measured[rank].seconds += span.busy
                measured[rank].steps += 1
            case .statistics: measured[rank].seconds -= span.busy
            default: break
            }
        }
    }

    /// Returns a better division of the work, if one is worth a new generation. Called now and then while a
    /// generation runs.
    package mutating func change(now: Double) -> Assignment? {
        guard let current, now - begun >= pause else { return nil }
        let working = members.indices.filter { !current.range(of: $0).isEmpty }
        guard members.count > 1,
            working.allSatisfy({ measured[$0].steps >= Self.leastSteps && measured[$0].seconds > 0 })
        else {
            return nil
        }
        for rank in working {
            let rate = Double(current.range(of: rank).count * measured[rank].steps) / measured[rank].seconds
            // Exponential moving average, with weight 3/4 on the new rate.
            rates[members[rank]] = rates[members[rank]].map { ($0 + 3 * rate) / 4 } ?? rate
        }
        measureExchange(working)
        reconsiderTheIdle()
        // The next question is about new measurements.
        (measured, begun) = (Array(repeating: Measured(), count: members.count), now)
        let better = assignment(for: members)
        guard seconds(better) < Self.worthwhile * seconds(current) else { return nil }
        pause = min(Self.longestPause, 2 * pause)
        return better
    }

    /// The member that arrives last waits for no other: its wait at the step's end is the exchange itself.
    private mutating func measureExchange(_ working: [Int]) {
        let waits = working.map { rank in
            (measured[rank].exchange / Double(measured[rank].steps), rates[members[rank]] ?? 0)
        }
        guard let last = waits.min(by: { $0.0 < $1.0 }) else { return }
        let count = last.0 * last.1
        exchange = exchange == 0 ? count : (exchange + count) / 2
    }

    /// Idle members are not measured. Their rates decay towards the median, so that they are eventually
    /// retried.
    private mutating func reconsiderTheIdle() {
        guard let current else { return }
        let known = members.compactMap { rates[$0] }.sorted()
        for (rank, id) in members.enumerated() where current.range(of: rank).isEmpty {
            rates[id] = rates[id].map { (7 * $0 + known[known.count / 2]) / 8 }
        }
    }

    /// The seconds that the slowest member would take for a step.
    private func seconds(_ assignment: Assignment) -> Double {
        members.indices.map { rank in
            let count = assignment.range(of: rank).count
            return count == 0 ? 0 : (Double(count) + exchange) / (rates[members[rank]] ?? .infinity)
        }.max() ?? 0
    }

    /// A worker that is much slower than the others.
    package struct Straggler: Equatable {
        package let worker: Int
        /// Its part of the median speed, 0 … 1.
        package let speed: Double
    }

    /// The slowest member, if it is much slower than the others.
    package var straggler: Straggler? {
        let known = members.compactMap { id in rates[id].map { (id, $0) } }.sorted { $0.1 < $1.1 }
        guard known.count > 1, let slowest = known.first else { return nil }
        let speed = slowest.1 / known[known.count / 2].1
        return speed < Self.slow ? Straggler(worker: slowest.0, speed: speed) : nil
    }
}
