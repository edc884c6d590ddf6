import Checkpoints
import Jobs
import Kernels
import NeuralNetwork
import Synchronization

/// The learning-rate range test (L. N. Smith, https://arxiv.org/abs/1506.01186): a short training in which the rate rises exponentially from step to
/// step. Where the loss falls fastest, the rate is a good one; where it is least, training begins to become unstable.
package struct LearningRateFinder {
    package struct Point: Equatable, Sendable {
        package let rate: Double
        /// Of the step's mini-batch, before its update.
        package let loss: Double
        /// A mean over neighbouring steps, whose weights fall off in a straight line to both sides.
        package var smoothed: Double
    }

    package enum End: Equatable, Sendable {
        /// All steps were done.
        case steps
        /// The loss exceeded `limit` times its least value.
        case rise
        case notFinite
    }

    package struct Result: Equatable, Sendable {
        package let points: [Point]
        package let end: End
        /// Where the smoothed loss falls fastest, per decade of the rate; nil if it never falls.
        package let steepest: Int?
        /// Where it is least.
        package let least: Int
    }

    /// The test is over when the mean loss of the last steps is so many times the least such mean.
    package static let limit = 4.0

    private let from: Double
    private let to: Double
    private let steps: Int

    package init(from: Double, to: Double, steps: Int) {
        precondition(from > 0 && to > from && steps >= 10, "a range test goes upwards, in several steps")
        (self.from, self.to, self.steps) = (from, to, steps)
    }

    /// `job` with the test's rates in place of its own, and nothing but training.
    package func job(_ job: Job) -> Job {
        let factor = ScalarMath.exp(ScalarMath.log(to / from) / Double(steps - 1))
        var job = job
        job.optimizer = job.optimizer.withLearningRate(from)
        job.optimization.schedule = Schedule(.exponential(factor: factor, unit: .steps))
        (job.epochs, job.maxSteps, job.earlyStopping) = (steps, steps, nil)
        job.checkpoint = CheckpointPolicy(every: .steps(.max))
        return job
    }

    /// - Parameters:
    ///   - plan: of `job`, for data without validation and test sets.
    ///   - start: what the training begins with.
    package func run(_ plan: TrainingPlan, _ data: DecodedData, from start: Snapshot, lanes: Int) throws
        -> Result
    {
        let course = Course(halfWidth: halfWidth)
        do {
            _ = try LocalTraining(plan: plan, data: data).run(members: 1, lanes: lanes, from: start) {
                course.add($0.loss)
            }
        } catch let error as DivergedError {
            // That a rate is too high is what the test is about; before there was a rate, something else is wrong.
            guard
                course.state.withLock({ state in
                    state.end = .notFinite
                    return !state.losses.isEmpty
                })
            else { throw error }
        }
        let (losses, end) = course.state.withLock { ($0.losses, $0.end ?? .steps) }
        return conclude(
            losses.enumerated().map { Point(rate: plan.learningRate(step: $0), loss: $1, smoothed: $1) }, end)
    }

    /// Steps to each side over which the loss is smoothed.
    private var halfWidth: Int { max(1, steps / 20) }

    private func conclude(_ raw: [Point], _ end: End) -> Result {
        var points = raw
        for i in points.indices {
            var (sum, weights) = (0.0, 0.0)
            // As far to the one side as to the other, so that a slope at the end is not bent.
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
        // The rates are equally far apart in logarithms, so differences are slopes.
        for i in stride(from: 1, to: least, by: 1) {
            let slope = points[i + 1].smoothed - points[i - 1].smoothed
            if slope < steepest?.slope ?? 0 { steepest = (i, slope) }
        }
        return Result(points: points, end: end, steepest: steepest?.index, least: least)
    }
}

/// What the losses were so far; written by the thread that learns of a step's end.
private final class Course: Sendable {
    struct State {
        var losses: [Double] = []
        var least = Double.infinity
        var end: LearningRateFinder.End?
    }

    let state = Mutex(State())
    private let width: Int

    init(halfWidth: Int) { width = halfWidth }

    /// True if the test is over with this loss, which is kept if it is a number.
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
