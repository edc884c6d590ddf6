import Checkpoints
import Configuration
import Datasets
import Kernels
import NeuralNetwork
import System
import Training

/// Evaluates models, and the ensemble that they are together, in this process: the same chunks and sums as in training.
package struct ModelEvaluation {
    package struct Result {
        package let samples: Int
        /// One for each model, in their order.
        package let members: [Totals]
        /// The ensemble's, or the only model's.
        package let whole: Totals
    }

    private let models: [TrainedModel]
    private let lanes: LanePool

    package init(_ models: [TrainedModel], lanes: LanePool) { (self.models, self.lanes) = (models, lanes) }

    /// Evaluates on `dataset`, whose samples are like those that the models were trained with.
    package func run(on dataset: Dataset) throws -> Result {
        let chunks = 0..<Evaluator.chunkCount(samples: dataset.count)
        var (members, predictors, first): ([Totals], [Predictor], (Evaluator, TrainingPlan)?) = ([], [], nil)
        for model in models {
            let data = DecodedData(train: dataset, validation: nil, test: dataset, normalization: model.state.normalization)
            let plan = try model.plan(fitting: dataset)
            let evaluator = Evaluator(plan: plan, data: data, lanes: lanes)
            let predictor = try model.predictor(plan, lanes: lanes)
            first = first ?? (evaluator, plan)
            let reports = try evaluator.evaluate(
                .test, chunks: chunks, parameters: predictor.parameters, statistics: predictor.statistics)
            members.append(Totals(report: Evaluator.total(reports)))
            predictors.append(predictor)
            try requireSameOutputs(plan, model, first?.1)
        }
        guard members.count > 1, let (evaluator, _) = first else {
            return Result(samples: dataset.count, members: members, whole: members[0])
        }
        let ensemble = EnsemblePredictor(predictors)
        let reports = try evaluator.evaluate(.test, chunks: chunks) { try ensemble.outputs($0, of: $1) }
        return Result(samples: dataset.count, members: members, whole: Totals(report: Evaluator.total(reports)))
    }

    private func requireSameOutputs(_ plan: TrainingPlan, _ model: TrainedModel, _ first: TrainingPlan?) throws {
        guard let first else { return }
        guard plan.network.outputShape == first.network.outputShape, plan.outputForm == first.outputForm else {
            throw CheckpointError(
                "`\(models[0].path)` and `\(model.path)` cannot answer together: their outputs are \(first.network.outputShape) with \(first.job.loss.rawValue) and \(plan.network.outputShape) with \(plan.job.loss.rawValue); evaluate them one by one"
            )
        }
    }
}

extension TrainedModel {
    /// The plan for samples of this data set.
    package func plan(fitting dataset: Dataset) throws -> TrainingPlan {
        let plan = try plan()
        guard plan.facts.sampleShape == dataset.sampleShape else {
            throw CheckpointError(
                "`\(path)` was trained with samples of shape \(plan.facts.sampleShape), these have \(dataset.sampleShape); give data of the same kind"
            )
        }
        return plan
    }
}
