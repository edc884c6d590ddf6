import NeuralNetwork
import System

// Settings that are allowed and hardly ever meant.

extension TrainingPlan {
    /// Sentences about the job, each with its cure.
    package var doubts: [String] {
        let rows = geometry.microbatchSizes(batchSize: geometry.batchSize).filter { $0 > 0 }.min() ?? 0
        return network.layers.compactMap { layer in
            guard case .batchNorm(_, _, let isSynchronized) = layer.spec, !layer.isFrozen,
                layer.input.positions == 1
            else { return nil }
            let values = isSynchronized ? geometry.batchSize : rows
            guard values == 1 else { return nil }
            let place = isSynchronized ? "a batch" : "a microbatch"
            return
                "`\(layer.name)` is a batch norm of \(place) with one value for each channel: its output is"
                + " the same for every sample, and nothing before it learns. "
                + (isSynchronized
                    ? "Raise `batch.size`, or leave it out"
                    : "Lower `batch.microbatches`, raise `batch.size`, or leave out `sync: false`")
        }
    }
}
