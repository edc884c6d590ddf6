import Checkpoints
import Datasets
import Kernels
import Runs
import System
import Training

/// A trained model, or an ensemble, as it answers requests.
///
/// It computes on one thread at a time, the compute thread of the server (hence `@unchecked Sendable`).
package final class ServedModel: @unchecked Sendable {
    private enum Source {
        case networks(EnsemblePredictor)
        /// A k-means or PCA job.
        case measured(MeasuredModel)
    }

    /// The name in URLs: that of the run's directory.
    package let name: String
    /// The checkpoints that it came from.
    package let checkpoints: [String]
    package let step: Int
    package let form: SampleForm
    package let rows: PredictionRows
    /// Samples that are computed at once, at most.
    package let capacity: Int
    /// Whether the samples of several requests may be computed together: each then has the same bits as
    /// alone.
    package let samplesAreIndependent: Bool
    private let source: Source

    /// - Parameter lanes: the model's own compute threads; they sleep while another one computes.
    package init(_ models: [TrainedModel], named name: String, lanes: Int) throws {
        let lanes = LanePool(lanes: lanes)
        self.name = name
        checkpoints = models.map(\.path)
        step = models.map(\.step).max() ?? 0
        let state = models[0].state
        let plan = try models[0].plan()
        if models[0].job.job.task != .training {
            guard models.count == 1, let model = try models[0].measured(plan, lanes: lanes) else {
                throw CheckpointError("jobs that train no model answer alone: name one of them")
            }
            source = .measured(model)
            rows = PredictionRows(of: model)
            capacity = lanes.lanes * Evaluator.chunkSize
            samplesAreIndependent = false
        } else {
            let ensemble = try TrainedModel.ensemble(models, lanes: lanes)
            source = .networks(ensemble)
            rows = PredictionRows(of: plan, state, isEnsemble: !ensemble.isSingle)
            capacity = ensemble.capacity
            samplesAreIndependent = ensemble.samplesAreIndependent
        }
        form = SampleForm(
            shape: plan.facts.sampleShape, table: state.table, tokenizer: state.encoding.tokenizer,
            offsets: state.table == nil ? state.encoding.featureOffsets : [], outputs: rows.columns.count)
        // The first pass brings the weights into the form in which the kernels read them: no request waits
        // for it.
        var first = ServedSamples(features: [], count: 0)
        if form.tokenizer != nil {
            first.append([0])
        } else {
            first = ServedSamples(features: [Float](repeating: 0, count: form.size), count: 1)
        }
        _ = try answers(to: first)
    }

    /// Computes the rows of some samples, in their order.
    ///
    /// - Throws: `DatasetError`, and what the network's forward pass throws.
    package func answers(to samples: ServedSamples) throws -> [[PredictionRows.Cell]] {
        let dataset = try dataset(of: samples)
        var answers: [[PredictionRows.Cell]] = []
        for start in stride(from: 0, to: samples.count, by: capacity) {
            answers += try block(start..<min(samples.count, start + capacity), of: dataset)
        }
        return answers
    }

    private func dataset(of samples: ServedSamples) throws -> Dataset {
        if let tokenizer = form.tokenizer {
            precondition(samples.lengths.count == samples.count, "texts have tokens")
            var start = 0
            let places = samples.lengths.map { length in
                defer { start += length }
                return StreamSample(start: start, length: length)
            }
            return try .texts(samples.tokens, places, tokenizer, context: form.shape[0])
        }
        precondition(samples.features.count == samples.count * form.size, "samples have the model's shape")
        let form = DatasetForm(
            elementType: .float32, sampleShape: form.shape, count: samples.count, targets: .absent)
        return try Dataset.build(form) { features, _ in
            samples.features.withUnsafeBytes { features.copyMemory(from: $0) }
        }
    }

    private func block(_ samples: Range<Int>, of dataset: Dataset) throws -> [[PredictionRows.Cell]] {
        switch source {
        case .networks(let ensemble):
            let answer = try ensemble.answer(samples, of: dataset)
            return withExtendedLifetime(answer) {
                rows.rows(
                    values: Array(answer.readable.elements), scores: Array(answer.scores.elements),
                    count: samples.count)
            }
        case .measured(let model):
            let values = model.answer(samples, of: dataset)
            return withExtendedLifetime(values) {
                rows.rows(values: Array(values.elements), scores: [], count: samples.count)
            }
        }
    }
}
