import Checkpoints
import Collectives
import Jobs
import Kernels
import NeuralNetwork
import Synchronization
import System
import Threads

/// Measures the computation of a job's step on this machine, in this process, with one member. The results
/// are the numbers of `ScalingModel.Job`.
package struct StepMeasurement {
    private let lanes: Int
    private let seconds: Double
    private let copies: Int
    private static let fewestSteps = 7

    /// - Parameters:
    ///   - lanes: compute threads.
    ///   - seconds: the shortest time of each of the two measurements (whole batches, and batches of one
    ///     microbatch).
    ///   - copies: the number of trainings that compute at once and share memory and caches, like workers of
    ///     one machine. Results are means over them.
    package init(lanes: Int, seconds: Double, copies: Int = 1) {
        self.lanes = lanes
        self.seconds = seconds
        self.copies = copies
    }

    /// The job with endless training, and without schedule, evaluations and checkpoints.
    package static func job(_ job: Job) -> Job {
        var job = job
        job.epochs = 1 << 20
        job.maxSteps = nil
        job.earlyStopping = nil
        job.optimization.schedule = Schedule(.constant)
        job.checkpoint = CheckpointPolicy(every: .steps(.max))
        return job
    }

    /// Measures a job.
    /// - Parameters:
    ///   - job: a result of `StepMeasurement.job`.
    ///   - data: data without validation and test sets.
    /// - Throws: `PlanError` or `DivergedError`.
    package func run(_ job: Job, _ data: DecodedData) throws -> ScalingModel.Job {
        let plan = try TrainingPlan(job, data.facts)
        let microbatches = plan.geometry.microbatches
        let whole = try measure(plan, data)
        var single = whole
        if microbatches > 1 {
            var small = job
            small.batchSize = max(1, plan.geometry.batchSize / microbatches)
            small.microbatches = 1
            single = try measure(TrainingPlan(small, data.facts), data)
        }
        let exchanges = plan.exchanges.count
        let widths = plan.exchanges.map { Double($0.width) }
        return ScalingModel.Job(
            microbatches: microbatches, samples: plan.geometry.batchSize,
            forward: Self.cost(whole.forward, single.forward, microbatches),
            backward: Self.cost(whole.backward, single.backward, microbatches),
            update: whole.update, buckets: buckets(plan, whole.layers), forwardExchanges: (exchanges + 1) / 2,
            backwardExchanges: exchanges / 2,
            exchangeBytes: exchanges > 0 ? 8 * widths.reduce(0, +) / Double(exchanges) : 0)
    }

    /// The line through both measurements, as far as noise allows; neither part is negative.
    static func cost(_ whole: Double, _ single: Double, _ microbatches: Int) -> ScalingModel.Cost {
        guard microbatches > 1 else { return ScalingModel.Cost(fixed: 0, perMicrobatch: whole) }
        let each = min(whole / Double(microbatches), max(0, whole - single) / Double(microbatches - 1))
        return ScalingModel.Cost(fixed: whole - Double(microbatches) * each, perMicrobatch: each)
    }

    private struct Measured {
        /// Seconds of forward, with the loading of data.
        var forward = 0.0
        var backward = 0.0
        var update = 0.0
        /// Seconds of backward until each layer's gradient is complete.
        var layers: [Int: Double] = [:]
    }

    private func measure(_ plan: TrainingPlan, _ data: DecodedData) throws -> Measured {
        let start = Snapshot(
            initial: plan.network.layout, moments: plan.job.momentNames.count,
            isAveraged: plan.job.isAveraged, seed: plan.job.seed)
        let deadline = Clock.monotonicSeconds() + seconds
        // All copies end together. The slowest decides, and the others go on computing until then.
        let group = Copies(copies)
        let lanes = lanes
        let all = copies
        @Sendable func compute(_ copy: Int) throws {
            var training = LocalTraining(plan: plan, data: data)
            training.timed = { taken in group.add(taken, copy) }
            _ = try training.run(members: 1, lanes: lanes, from: start) { _ in
                group.finishStep(copy) >= Self.fewestSteps && Clock.monotonicSeconds() >= deadline
            }
        }
        let others = try (1..<all).map { copy in
            try Thread(named: "copy") {
                do { try compute(copy) } catch { group.failed(error) }
            }
        }
        do { try compute(0) } catch { group.failed(error) }
        for thread in others { thread.join() }
        return try Self.mean(group.spans().map(Self.medians))
    }

    private static func mean(_ all: [Measured]) -> Measured {
        let count = Double(all.count)
        func mean(_ value: (Measured) -> Double) -> Double { all.reduce(0) { $0 + value($1) } / count }
        return Measured(
            forward: mean(\.forward), backward: mean(\.backward), update: mean(\.update),
            layers: all[0].layers)
    }

    /// The median of each time. The first two steps are left out, because they warm caches and predictors.
    private static func medians(_ spans: [Span]) -> Measured {
        let steps = Dictionary(grouping: spans, by: \.step).sorted { $0.key < $1.key }.dropFirst(2).map(
            \.value)
        func sum(_ step: [Span], _ activities: Set<Activity>) -> Double {
            step.reduce(0) { activities.contains($1.activity) ? $0 + $1.busy : $0 }
        }
        // The span of a snapshot at the end belongs to no step.
        let whole = steps.filter { step in step.contains { $0.activity == .gradients } }
        var measured = Measured()
        measured.forward = median(whole.map { sum($0, [.data, .forward]) })
        measured.backward = median(whole.map { sum($0, [.backward]) })
        measured.update = median(whole.map { sum($0, [.update]) })
        var layers: [Int: [Double]] = [:]
        for step in whole {
            guard let begin = step.first(where: { $0.activity == .backward })?.begin else { continue }
            for span in step where span.activity == .layerBackward {
                layers[span.layer, default: []].append(span.end - begin)
            }
        }
        measured.layers = layers.mapValues(median)
        return measured
    }

    private static func median(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }

    /// The runs of parameters that travel together, the last ones first, with the share of backward that
    /// completes them.
    private func buckets(_ plan: TrainingPlan, _ layers: [Int: Double]) -> [ScalingModel.Bucket] {
        let used = plan.network.layout.usedCount
        let size = Partition.bucketSize(usedCount: used)
        let whole = layers.values.max() ?? 0
        let trained = layers.filter { plan.network.layers[$0.key].parameters > 0 }
        return stride(from: 0, to: used, by: size).reversed().map { lower in
            // A bucket is complete with the first layer of backward that begins at or before it.
            let time =
                trained.filter { plan.network.layers[$0.key].firstParameter <= lower }.values.min() ?? whole
            return ScalingModel.Bucket(
                bytes: 4 * Double(min(used, lower + size) - lower), completion: whole > 0 ? time / whole : 1)
        }
    }
}

/// The measurements of several trainings at once, behind one lock.
private final class Copies: Sendable {
    private struct State {
        var spans: [[Span]]
        var steps: [Int]
        var error: (any Error)?
    }

    private let state: Mutex<State>

    init(_ count: Int) {
        state = Mutex(
            State(spans: Array(repeating: [], count: count), steps: Array(repeating: 0, count: count)))
    }

    func add(_ spans: [Span], _ copy: Int) { state.withLock { $0.spans[copy] += spans } }

    /// Counts a step of a copy. Returns the smallest number of steps of any copy, or the largest integer
    /// after an error.
    func finishStep(_ copy: Int) -> Int {
        state.withLock { state in
            state.steps[copy] += 1
            return state.error == nil ? state.steps.min() ?? 0 : .max
        }
    }

    func failed(_ error: any Error) { state.withLock { $0.error = $0.error ?? error } }

    func spans() throws -> [[Span]] {
        try state.withLock { state in
            if let error = state.error { throw error }
            return state.spans
        }
    }
}
