import Checkpoints
import Datasets
import Kernels
import Metrics
import System
import Training

/// The importance of a table's columns for a model: how much of its score is lost on a data set when the
/// values of one column are shuffled among the samples (Breiman 2001, as scikit-learn's
/// `permutation_importance`). The score is the accuracy, or R² for values.
package struct PermutationImportance {
    package struct Column: Sendable {
        package let name: String
        /// The features that come of the column: one, or one for each category. They move together.
        let features: Range<Int>
    }

    package struct Result: Sendable {
        package let name: String
        /// The mean over the repeats of the score that is lost, and its standard deviation (of n, not n − 1).
        package let mean: Double
        package let deviation: Double
        /// The mean over the repeats by which the loss grows.
        package let loss: Double
    }

    package static let defaultRepeats = 5

    package let columns: [Column]
    /// The name of the score: accuracy or r2.
    package let score: String
    package let repeats: Int
    private let models: [TrainedModel]
    private let lanes: LanePool

    /// - Throws: `CheckpointError` if the samples are no rows of a table, or if no network was trained.
    package init(_ models: [TrainedModel], repeats: Int, lanes: LanePool) throws {
        let model = models[0]
        guard model.job.job.task == .training else {
            throw CheckpointError(
                "`\(model.path)` is of a job that trains no model: importance is for models that predict"
                    + " classes or values; leave --importance out")
        }
        let plan = try model.plan()
        guard plan.facts.sampleShape.count == 1 else {
            throw CheckpointError(
                "importance is for the columns of tables, and the samples of `\(model.path)` have the shape"
                    + " \(plan.facts.sampleShape)")
        }
        if case .values? = RecordedPredictions.Kind(plan) { score = "r2" } else { score = "accuracy" }
        columns = Self.columns(model.state, width: plan.facts.sampleShape[0])
        self.models = models
        self.repeats = repeats
        self.lanes = lanes
    }

    /// The columns of the training table, or numbered ones.
    private static func columns(_ state: CheckpointState, width: Int) -> [Column] {
        guard let table = state.table, table.width == width else {
            return (0..<width).map { Column(name: "x_\($0)", features: $0..<$0 + 1) }
        }
        var start = 0
        return table.columns.map { column in
            defer { start += column.kind.width }
            return Column(name: column.name, features: start..<start + column.kind.width)
        }
    }

    /// Measures each column, in the table's order.
    /// - Parameter whole: the result without shuffling.
    package func measure(on dataset: Dataset, _ whole: ModelEvaluation.Result) throws -> [Result] {
        let score = try Self.score(whole.predictions)
        let plans = try models.map { try $0.plan(fitting: dataset) }
        let ensemble = EnsemblePredictor(try zip(models, plans).map { try $0.predictor($1, lanes: lanes) })
        let evaluation = ModelEvaluation(models, lanes: lanes)
        return try columns.enumerated().map { index, column in
            var lost: [Double] = []
            var losses: [Double] = []
            for turn in 0..<repeats {
                var stream = RandomStream(seed: 0, purpose: .columnShuffle, major: index, minor: turn)
                let shuffled = try dataset.shuffling(
                    column.features, by: stream.permutation(dataset.count))
                let result = try evaluation.evaluate(ensemble, models[0], plans[0], on: shuffled)
                lost.append(score - (try Self.score(result.predictions)))
                losses.append(result.totals.loss - whole.whole.loss)
            }
            let mean = lost.reduce(0, +) / Double(repeats)
            let squares = lost.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return Result(
                name: column.name, mean: mean, deviation: (squares / Double(repeats)).squareRoot(),
                loss: losses.reduce(0, +) / Double(repeats))
        }
    }

    private static func score(_ predictions: RecordedPredictions?) throws -> Double {
        guard let score = predictions?.score else {
            throw CheckpointError(
                "the data set has too many samples for importance: samples times outputs may be"
                    + " \(TextFormat.grouped(RecordedPredictions.mostNumbers)) at most; name a smaller set"
                    + " with --data")
        }
        return score
    }
}

extension RecordedPredictions {
    /// The accuracy, or R² for values.
    fileprivate var score: Double {
        switch kind {
        case .classes: return Double(zip(labels, predicted).count { $0.0 == $0.1 }) / Double(count)
        case .answers(let width):
            let right = (0..<count).count { sample in
                (sample * width..<(sample + 1) * width).allSatisfy { truths[$0] == answers[$0] }
            }
            return Double(right) / Double(count)
        case .values(let width):
            let names = (0..<width).map(String.init)
            let report = values(named: names).map {
                ValueReport($0, [.r2], resampling: Resampling(count: 1))
            }
            return report?.measures[0].value ?? 0
        }
    }
}
