import Checkpoints
import Configuration
import Datasets
import Kernels
import NeuralNetwork
import System
import Training

/// Evaluates models, and the ensemble that they are together, in this process: the same chunks and sums as in
/// training.
package struct ModelEvaluation {
    package struct Result {
        package let samples: Int
        /// One for each model, in their order.
        package let members: [Totals]
        /// The ensemble's, or the only model's.
        package let whole: Totals
        /// The predictions of each model; nil where it trains no network, or where the set is too large.
        package let memberPredictions: [RecordedPredictions?]
        /// The predictions of the ensemble, or of the only model.
        package let predictions: RecordedPredictions?
    }

    private let models: [TrainedModel]
    private let lanes: LanePool

    package init(_ models: [TrainedModel], lanes: LanePool) { (self.models, self.lanes) = (models, lanes) }

    /// Evaluates on `dataset`, whose samples are like those that the models were trained with.
    /// - Throws: `CheckpointError` if the models do not fit the data or each other, or `PlanError` if a job
    ///   does not fit the data.
    package func run(on dataset: Dataset) throws -> Result {
        if let model = models.first(where: { $0.job.job.task != .training }) {
            guard models.count == 1 else {
                throw CheckpointError(
                    "`\(model.path)` is of a job that trains no model, which answers alone; "
                        + "evaluate the models one by one"
                )
            }
            let totals = try measured(model, dataset)
            return Result(
                samples: dataset.count, members: [totals], whole: totals, memberPredictions: [nil],
                predictions: nil)
        }
        var (members, predictors, plans): ([Evaluated], [Predictor], [TrainingPlan]) = ([], [], [])
        for model in models {
            let plan = try model.plan(fitting: dataset)
            try model.requireTargets(dataset, plan)
            let predictor = try model.predictor(plan, lanes: lanes)
            members.append(try evaluate(EnsemblePredictor([predictor]), model, plan, on: dataset))
            predictors.append(predictor)
            plans.append(plan)
        }
        var whole = members[0]
        if members.count > 1 {
            try Self.requireSameOutputs(models, plans)
            whole = try evaluate(EnsemblePredictor(predictors), models[0], plans[0], on: dataset)
        }
        return Result(
            samples: dataset.count, members: members.map(\.totals), whole: whole.totals,
            memberPredictions: members.map(\.predictions), predictions: whole.predictions)
    }

    /// Predicts a data set with the models together, without measuring each of them.
    /// - Throws: what `run` throws of networks.
    package func predictions(on dataset: Dataset) throws -> RecordedPredictions? {
        let plans = try models.map { model in
            let plan = try model.plan(fitting: dataset)
            try model.requireTargets(dataset, plan)
            return plan
        }
        try Self.requireSameOutputs(models, plans)
        let predictors = try zip(models, plans).map { try $0.predictor($1, lanes: lanes) }
        return try evaluate(EnsemblePredictor(predictors), models[0], plans[0], on: dataset).predictions
    }

    struct Evaluated {
        let totals: Totals
        let predictions: RecordedPredictions?
    }

    /// Evaluates what some models answer together, and records it.
    /// - Parameter model: the first of them.
    func evaluate(
        _ ensemble: EnsemblePredictor, _ model: TrainedModel, _ plan: TrainingPlan, on dataset: Dataset
    ) throws -> Evaluated {
        let data = DecodedData(
            train: dataset, validation: nil, test: dataset, normalization: model.state.normalization)
        var predictions = RecordedPredictions(
            plan, normalization: model.state.normalization, samples: dataset.count)
        let reports = try Evaluator(plan: plan, data: data, lanes: lanes).evaluate(
            .test, chunks: 0..<plan.chunkCount(samples: dataset.count)
        ) { samples, dataset in
            let answer = try ensemble.answer(samples, of: dataset)
            let outputs = ensemble.outputs(of: answer)
            predictions?.add(samples, of: dataset, outputs: outputs, readable: answer.readable)
            return outputs
        }
        return Evaluated(
            totals: Evaluator.total(reports, plan.evaluationReport), predictions: predictions)
    }

    /// Evaluates a k-means or PCA job, which is over but for the evaluation of its test set.
    private func measured(_ model: TrainedModel, _ dataset: Dataset) throws -> Totals {
        let fitting = try model.plan(fitting: dataset)
        if fitting.facts.classCount != nil { try model.requireTargets(dataset, fitting) }
        let plan = try fitting.forTestAlone(samples: dataset.count)
        var snapshot = try model.snapshot(plan.network.layout)
        snapshot.decisions.isOver = true
        let data = DecodedData(
            train: dataset, validation: nil, test: dataset, normalization: model.state.normalization)
        let result = try LocalTraining(plan: plan, data: data).run(
            members: 1, lanes: lanes.lanes, from: snapshot)
        return result.evaluations[.test] ?? Totals(plan.evaluationReport)
    }

    /// Checks that the same samples fit all models.
    /// - Throws: `CheckpointError` if they do not.
    package static func requireSameSamples(_ models: [TrainedModel]) throws {
        for other in models.dropFirst() {
            let (a, b) = (models[0].state, other.state)
            guard a.encoding == b.encoding, a.sampleShape == b.sampleShape else {
                throw CheckpointError(
                    "`\(models[0].path)` and `\(other.path)` cannot answer together: their training data "
                        + "have different shapes, columns or classes; use them one by one")
            }
        }
    }

    /// Checks that the models can answer together.
    /// - Throws: `CheckpointError` if their outputs differ in shape or meaning.
    package static func requireSameOutputs(_ models: [TrainedModel], _ plans: [TrainingPlan]) throws {
        for (model, plan) in zip(models, plans).dropFirst() {
            let first = plans[0]
            guard plan.network.outputShape == first.network.outputShape, plan.outputForm == first.outputForm
            else {
                throw CheckpointError(
                    "`\(models[0].path)` and `\(model.path)` cannot answer together: "
                        + "one gives \(first.network.outputShape) under \(first.job.loss.kind.rawValue), "
                        + "the other \(plan.network.outputShape) under \(plan.job.loss.kind.rawValue); "
                        + "use them one by one"
                )
            }
        }
    }
}

extension TrainingPlan {
    /// The same job when nothing is left to do but to evaluate a test set: without validation data, and
    /// without rules that monitor it.
    fileprivate func forTestAlone(samples: Int) throws -> TrainingPlan {
        var job = job
        job.earlyStopping = nil
        job.checkpoint.best = nil
        let facts = DataFacts(
            sampleShape: facts.sampleShape, classCount: facts.classCount, targetWidth: facts.targetWidth,
            trainCount: facts.trainCount, validationCount: 0, testCount: samples,
            sequences: facts.sequences)
        return try TrainingPlan(job, facts)
    }
}

extension TrainedModel {
    /// The plan for samples of this data set.
    /// - Throws: `CheckpointError` if the model was trained with samples of another shape, or `PlanError` if
    ///   its job cannot be planned.
    package func plan(fitting dataset: Dataset) throws -> TrainingPlan {
        let plan = try plan()
        let fits =
            plan.facts.sequences == nil
            ? plan.facts.sampleShape == dataset.sampleShape
            : dataset.form.stream != nil && dataset.sampleShape[0] <= plan.facts.sampleShape[0]
        guard fits else {
            throw CheckpointError(
                "`\(path)` was trained with samples of shape \(plan.facts.sampleShape), "
                    + "these have \(dataset.sampleShape); give data of the same kind"
            )
        }
        return plan
    }

    /// Throws if a data set's targets are not of the kind that the model was trained for.
    fileprivate func requireTargets(_ dataset: Dataset, _ plan: TrainingPlan) throws {
        guard plan.job.data.target == .data else { return }
        let expected: (kind: String, isMet: Bool) =
            switch plan.targets {
            case .classes(let count):
                (TextFormat.count(count, "class", plural: "classes"), dataset.classNames?.count == count)
            case .values(let width):
                (
                    "\(TextFormat.count(width, "value")) for each sample",
                    dataset.form.targets == .values(width: width)
                )
            case .tokens(let count):
                (
                    "text of \(TextFormat.count(count, "token"))",
                    dataset.form.targets == .nextToken && dataset.form.stream?.vocabulary == count
                )
            }
        guard expected.isMet else {
            throw CheckpointError(
                "`\(path)` was trained for \(expected.kind), which these data do not have; "
                    + "give data with such targets"
            )
        }
    }
}
