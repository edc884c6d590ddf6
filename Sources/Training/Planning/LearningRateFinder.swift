import Checkpoints
import Jobs
import Kernels
import NeuralNetwork
import Synchronization

/// The learning-rate range test (L. N. Smith, https://arxiv.org/abs/1506.01186): a short training in which
/// the learning rate rises exponentially from step to step. A good rate is where the loss falls fastest. Near
/// the rate with the smallest loss, training begins to become unstable.
package struct LearningRateFinder {
    package struct Point: Equatable, Sendable {
        /// The learning rate of the step.
        package let rate: Double
        /// The loss of the step's mini-batch, before the update.
        package let loss: Double
        /// The weighted mean loss of neighbouring steps; the weights fall linearly to both sides.
        package var smoothed: Double
    }

    /// The reason why the test ended.
    package enum End: Equatable, Sendable {
        /// All steps were done.
        case steps
        /// The loss exceeded `limit` times its smallest value.
        case rise
        /// The loss was infinite or NaN.
        case notFinite
    }

    package struct Result: Equatable, Sendable {
        package let points: [Point]
        package let end: End
        /// The index of the point where the smoothed loss falls fastest per decade of the rate; nil if it
        /// never falls.
        package let steepest: Int?
        /// The index of the point with the smallest smoothed loss.
        package let least: Int
    }

    /// The test ends when the mean loss of the last steps is this many times the smallest such mean.
    package static let limit = 4.0

    private let from: Double
    private let to: Double
    private let steps: Int

    /// - Parameters:
    ///   - from: the learning rate of the first step, above 0.
    ///   - to: the learning rate of the last step.
    ///   - steps: at least 10.
    package init(from: Double, to: Double, steps: Int) {
        precondition(from > 0 && to > from && steps >= 10, "a range test goes upwards, in several steps")
        self.from = from
        self.to = to
        self.steps = steps
    }

    /// The job with the learning rates of the test, and without evaluations and checkpoints.
    package func job(_ job: Job) -> Job {
        let factor = ScalarMath.exp(ScalarMath.log(to / from) / Double(steps - 1))
        var job = job
        job.optimizer = job.optimizer.withLearningRate(from)
        job.optimization.schedule = Schedule(.exponential(factor: factor, unit: .steps))
        job.epochs = steps
        job.maxSteps = steps
        job.earlyStopping = nil
        job.checkpoint = CheckpointPolicy(every: .steps(.max))
        return job
    }

    /// Runs the test.
    /// - Parameters:
    ///   - plan: the plan of `job(_:)`, for data without validation and test sets.
    ///   - start: the state in which the training begins.
    ///   - lanes: compute threads.
    /// - Throws: `DivergedError` if the first loss is not finite.
    package func run(_ plan: TrainingPlan, _ data: DecodedData, from start: Snapshot, lanes: Int) throws
        -> Result
    {
        let losses = LossRecord(halfWidth: halfWidth)
        do {
            _ = try LocalTraining(plan: plan, data: data).run(members: 1, lanes: lanes, from: start) {
                losses.add($0.loss)
            }
        } catch let error as DivergedError {
            // Too high a rate is what the test looks for. Without a single finite loss something else is
            // wrong.
            guard
                losses.state.withLock({ state in
                    state.end = .notFinite
                    return !state.losses.isEmpty
                })
            else { throw error }
        }
        let state = losses.state.withLock { $0 }
        return conclude(
            state.losses.enumerated().map {
                Point(rate: plan.learningRate(step: $0), loss: $1, smoothed: $1)
            }, state.end ?? .steps)
    }

    /// Steps on each side over which the loss is smoothed.
    private var halfWidth: Int { max(1, steps / 20) }

    private func conclude(_ raw: [Point], _ end: End) -> Result {
        var points = raw
        for i in points.indices {
            var sum = 0.0
            var weights = 0.0
            // The window is symmetric, so that it does not bend a slope near an end.
            let reach = min(halfWidth, i, points.count - 1 - i)
            for j in (i - reach)...(i + reach) {
                let weight = Double(reach + 1 - abs(i - j))
                sum += weight * raw[j].loss
                weights += weight
            }
            points[i].smoothed = sum / weights
        }
        let least = points.indices.min { points[$0].smoothed < points[$1].smoothed } ?? 0
        var steepest: (index: Int, slope: Double)?
        // The rates are equally far apart in logarithms, so that differences are slopes.
        for i in stride(from: 1, to: least, by: 1) {
            let slope = points[i + 1].smoothed - points[i - 1].smoothed
            if slope < steepest?.slope ?? 0 { steepest = (i, slope) }
        }
        return Result(points: points, end: end, steepest: steepest?.index, least: least)
    }
}

/// The losses so far. The thread that learns of a step's end writes them.
private final class LossRecord: Sendable {
    struct State {
        var losses: [Double] = []
        var least = Double.infinity
        var end: LearningRateFinder.End?
    }

    let state = Mutex(State())
    private let width: Int

    init(halfWidth: Int) { width = halfWidth }

    /// Records the loss of a step if it is finite. Returns true if the test ends with it.
    func add(_ loss: Double) -> Bool {
        state.withLock { state in
            guard loss.isFinite else {
                state.end = .notFinite
                return true
            }
            state.losses.append(loss)
            guard state.losses.count >= width else { return false }
            let mean = state.losses.suffix(width).reduce(0, +) / Double(width)
            state.least = min(state.least, mean)
            if mean > LearningRateFinder.limit * state.least { state.end = .rise }
            return state.end != nil
        }
    }
}
