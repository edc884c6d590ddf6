import Datasets
import NeuralNetwork
import System

// Settings that are allowed and hardly ever meant.

extension TrainingPlan {
    /// Sentences about the job, each with its cure.
    package var doubts: [String] {
        network.layers.compactMap { layer in
            guard case .batchNorm(_, _, let isSynchronized) = layer.spec, !layer.isFrozen,
                layer.input.positions == 1
            else { return nil }
            let last = geometry.distinctBatchSizes.last ?? geometry.batchSize
            if normalizedTogether(geometry.batchSize, isSynchronized) == 1 {
                return singleValue(layer.name, isSynchronized)
            }
            return normalizedTogether(last, isSynchronized) == 1
                ? singleValueAtEnd(layer.name, last, isSynchronized) : nil
        }
    }

    /// The fewest samples that a batch norm normalises together in a batch of so many samples.
    private func normalizedTogether(_ batchSize: Int, _ isSynchronized: Bool) -> Int {
        isSynchronized
            ? batchSize : geometry.microbatchSizes(batchSize: batchSize).filter { $0 > 0 }.min() ?? 0
    }

    private func singleValue(_ layer: String, _ isSynchronized: Bool) -> String {
        let place = isSynchronized ? "a batch" : "a microbatch"
        return
            "`\(layer)` is a batch norm of \(place) with one value for each channel: its output is"
            + " the same for every sample, and nothing before it learns. "
            + (isSynchronized
                ? "Raise `batch.size`, or leave it out"
                : "Lower `batch.microbatches`, raise `batch.size`, or leave out `sync: false`")
    }

    private func singleValueAtEnd(_ layer: String, _ size: Int, _ isSynchronized: Bool) -> String {
        let parts = isSynchronized ? "" : " in \(geometry.microbatches) microbatches"
        return
            "`\(layer)` is a batch norm, and the last batch of each epoch has"
            + " \(TextFormat.count(size, "sample"))\(parts) (\(geometry.sampleCount) samples in batches of"
            + " \(geometry.batchSize)): with one value for each channel its output is the same for every"
            + " sample, and nothing before it learns from them. Choose a `batch.size` that leaves more"
            + " samples, or none, for the last batch"
    }
}
