import Collectives
import Configuration

/// A worker, as its times are reported.
package struct TimedWorker: Equatable, Sendable {
    package var id: Int
    package var name: String

    package init(id: Int, name: String) { (self.id, self.name) = (id, name) }
}

/// The parts of one worker's time, in seconds summed over steps.
package struct StepTimes: Equatable, Sendable {
    package var steps = 0
    package var data = 0.0
    /// Forward and backward without the exchanges of statistics that they wait for.
    package var forward = 0.0
    package var backward = 0.0
    /// Exposed communication: the compute thread waits for statistics, or after backward for gradients and
    /// parameters, and all members have sent theirs or could have.
    package var statistics = 0.0
    package var gradients = 0.0
    /// The rest of those waits: a slower member has not come as far as this one.
    package var waiting = 0.0
    /// On the communication thread, beside the others: sums of gradients and the optimizer.
    package var update = 0.0
    /// Between steps.
    package var evaluation = 0.0
    package var snapshot = 0.0
    package var decision = 0.0
    /// After backward: computing other members' work once more.
    package var audit = 0.0

    package init() {}

    /// The time of the steps themselves.
    package var total: Double { data + forward + backward + statistics + gradients + waiting }

    package static func += (sum: inout Self, other: Self) {
        sum.steps += other.steps
        for field in Self.fields { sum[keyPath: field.path] += other[keyPath: field.path] }
    }

    package struct Field: @unchecked Sendable {  // key paths to stored properties hold no state
        package let name: String
        package let path: WritableKeyPath<StepTimes, Double>
    }

    /// The parts of a step.
    package static let parts = [
        Field(name: "data", path: \.data), Field(name: "forward", path: \.forward),
        Field(name: "backward", path: \.backward),
        Field(name: "statistics", path: \.statistics), Field(name: "gradients", path: \.gradients),
        Field(name: "waiting", path: \.waiting),
    ]
    static let beside = [
        Field(name: "update", path: \.update), Field(name: "evaluation", path: \.evaluation),
        Field(name: "snapshot", path: \.snapshot),
        Field(name: "decision", path: \.decision), Field(name: "audit", path: \.audit),
    ]
    static let fields = parts + beside
}

/// The times of a layer, in seconds summed over `passes` passes of a worker.
package struct LayerTimes: Equatable, Sendable {
    package var forward = 0.0
    package var backward = 0.0
    package var passes = 0
}

/// Adds up the members' timelines: a value, without sockets or clocks.
///
/// Let a member begin an exchange at b, and let it last until e. Until the last other member has begun the
/// same exchange, at b′, the member is *waiting for slower members*: max(0, min(e, b′) − b). The rest, e −
/// max(b, b′), is communication. An exchange is one of statistics, or the end of a step, which begins where
/// the member's backward pass ends. All times are by the coordinator's clock (`ClockOffset`), so that between
/// machines the division is as good as the round trip is short.
package struct TimingRecord {
    /// The number of former workers whose times are kept apart. If more have come and gone, the times of the
    /// first ones are added up.
    package static let mostGone = 100

    private let stepsPerEpoch: Int
    private var members: [Member] = []
    private var next = 0
    private var totals: [Int: StepTimes] = [:]
    private var names: [Int: String] = [:]
    /// The sum over former workers that are no longer kept apart.
    private var gone = (workers: 0, times: StepTimes())
    /// By epoch (from 0), then by worker; only epochs that may still grow.
    private var epochs: [Int: [Int: StepTimes]] = [:]
    private var lastReported = -1
    /// The layers' times in the traced steps, by the layer's number.
    package private(set) var layers: [Int: LayerTimes] = [:]

    private struct Member {
        let worker: Int
        var through: Int
        /// Spans by step, until those of all members are there.
        var steps: [Int: [Span]] = [:]
    }

    /// The times of all workers in an epoch.
    package struct Epoch: Equatable, Sendable {
        /// From 1.
        package var epoch: Int
        package var workers: [(worker: TimedWorker, times: StepTimes)]

        package static func == (one: Self, other: Self) -> Bool {
            one.epoch == other.epoch && one.workers.elementsEqual(other.workers) { $0 == $1 }
        }
    }

    package init(stepsPerEpoch: Int) { self.stepsPerEpoch = max(1, stepsPerEpoch) }

    /// A generation begins with `step`.
    package mutating func begin(_ workers: [TimedWorker], step: Int) {
        members = workers.map { Member(worker: $0.id, through: step) }
        for worker in workers { names[worker.id] = worker.name }
        next = step
        forgetTheGone()
    }

    /// Numbers of workers grow, so that the smallest are those that came first.
    private mutating func forgetTheGone() {
        let others = totals.keys.filter { id in !members.contains { $0.worker == id } }.sorted()
        for id in others.dropLast(Self.mostGone) {
            gone.workers += 1
            gone.times += totals.removeValue(forKey: id) ?? StepTimes()
        }
        let known = Set(members.map(\.worker)).union(totals.keys).union(epochs.values.flatMap(\.keys))
        names = names.filter { known.contains($0.key) }
    }

    /// Adds spans of a member, in order; all of the steps before `through` have come. Returns the epochs that
    /// are complete with them.
    package mutating func add(rank: Int, through: Int, _ spans: [Span]) -> [Epoch] {
        guard members.indices.contains(rank) else { return [] }
        for span in spans {
            switch span.activity {
            case .evaluation, .snapshot, .decision: addBeside(span, worker: members[rank].worker)
            case .layerForward:
                layers[span.layer, default: LayerTimes()].forward += span.busy
                layers[span.layer, default: LayerTimes()].passes += 1
            case .layerBackward: layers[span.layer, default: LayerTimes()].backward += span.busy
            default: if span.step >= next { members[rank].steps[span.step, default: []].append(span) }
            }
        }
        members[rank].through = max(members[rank].through, through)
        var complete: [Epoch] = []
        let ready =
            members.map { member in min(member.through, (member.steps.keys.max() ?? -1) + 1) }.min() ?? 0
        while next < ready {
            addStep(next)
            next += 1
            complete += epochs.keys.filter { $0 < (next - 1) / stepsPerEpoch }.sorted().compactMap {
                finish($0)
            }
        }
        return complete
    }

    /// Returns the epochs that have not been reported yet, at the run's end.
    package mutating func finish() -> [Epoch] { epochs.keys.sorted().compactMap { finish($0) } }

    /// Everything so far, by worker; those that are not told apart come first, as worker 0.
    package var workers: [(worker: TimedWorker, times: StepTimes)] {
        let earlier = TimedWorker(id: 0, name: "the first \(gone.workers) that are gone")
        return (gone.workers > 0 ? [(earlier, gone.times)] : []) + ordered(totals)
    }

    /// Each epoch is reported once: what is computed again after a death counts in the totals alone.
    private mutating func finish(_ epoch: Int) -> Epoch? {
        guard let times = epochs.removeValue(forKey: epoch), epoch > lastReported else { return nil }
        lastReported = epoch
        return Epoch(epoch: epoch + 1, workers: ordered(times))
    }

    private func ordered(_ times: [Int: StepTimes]) -> [(worker: TimedWorker, times: StepTimes)] {
        times.sorted { $0.key < $1.key }.map {
            (TimedWorker(id: $0.key, name: names[$0.key] ?? ""), $0.value)
        }
    }

    private mutating func add(_ times: StepTimes, worker: Int, epoch: Int) {
        totals[worker, default: StepTimes()] += times
        epochs[epoch, default: [:]][worker, default: StepTimes()] += times
    }

    /// Work at a boundary belongs to the step before it.
    private mutating func addBeside(_ span: Span, worker: Int) {
        var times = StepTimes()
        switch span.activity {
        case .evaluation: times.evaluation = span.busy
        case .snapshot: times.snapshot = span.busy
        default: times.decision = span.busy
        }
        add(times, worker: worker, epoch: max(0, span.step - 1) / stepsPerEpoch)
    }

    private mutating func addStep(_ step: Int) {
        let spans = members.indices.map { members[$0].steps.removeValue(forKey: step) ?? [] }
        let exchanges = spans.map { $0.filter { $0.activity == .statistics } }
        let ends = spans.map { $0.filter { $0.activity == .gradients } }
        for (rank, member) in members.enumerated() {
            var times = StepTimes()
            times.steps = 1
            let waited = Self.waiting(rank, exchanges)
            times.statistics = exchanges[rank].reduce(0) { $0 + $1.busy } - waited
            let waitedAtEnd = Self.waiting(rank, ends)
            times.gradients = ends[rank].reduce(0) { $0 + $1.busy } - waitedAtEnd
            times.waiting = waited + waitedAtEnd
            for span in spans[rank] {
                switch span.activity {
                case .data: times.data += span.busy
                case .forward: times.forward += span.busy - Self.within(span, exchanges[rank])
                case .backward: times.backward += span.busy - Self.within(span, exchanges[rank])
                case .audit: times.audit += span.busy
                case .gradients, .statistics: break
                default: times.update += span.busy
                }
            }
            add(times, worker: member.worker, epoch: step / stepsPerEpoch)
        }
    }

    /// Seconds that this member's exchanges waited for the others to begin theirs. Members whose exchanges do
    /// not correspond are not compared.
    private static func waiting(_ rank: Int, _ exchanges: [[Span]]) -> Double {
        guard Set(exchanges.map(\.count)).count == 1 else { return 0 }
        return exchanges[rank].enumerated().reduce(0) { sum, element in
            let (index, mine) = element
            let last =
                exchanges.indices.filter { $0 != rank }.map { exchanges[$0][index].begin }.max() ?? mine.begin
            return sum + max(0, min(mine.end, last) - mine.begin)
        }
    }

    private static func within(_ phase: Span, _ exchanges: [Span]) -> Double {
        exchanges.reduce(0) { $1.begin >= phase.begin && $1.end <= phase.end ? $0 + $1.busy : $0 }
    }
}
