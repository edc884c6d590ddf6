import Datasets
import Kernels
import NeuralNetwork

/// Computes a trained network on samples, in the padded chunks of an evaluation. The result for a sample does
/// not depend on the number of samples that are computed with it.
package final class Predictor {
    package let plan: TrainingPlan
    private let normalization: Normalization
    package let parameters: FloatBuffer
    package let statistics: FloatBuffer
    private let network: Network
    private let lanes: LanePool
    private var count = 0

    /// - Parameters:
    ///   - normalization: the normalization of the checkpoint.
    ///   - parameters: the flat vector of a snapshot, like `statistics`.
    ///   - kept: boundaries whose values are asked for, besides the outputs (see `NetworkPlan`).
    package init(
        plan: TrainingPlan, normalization: Normalization, parameters: [Float], statistics: [Float],
        lanes: LanePool,
        keeping kept: Set<Int> = []
    ) {
        self.plan = plan
        self.normalization = normalization
        self.lanes = lanes
        self.parameters = FloatBuffer(parameters)
        self.statistics = FloatBuffer(statistics)
        network = Network(
            plan: plan.network, localMicrobatches: lanes.lanes, rows: plan.chunkSize, lanes: lanes,
            training: false,
            .init(keeping: kept))
    }

    /// The largest number of samples that `compute` takes at once.
    package var capacity: Int { lanes.lanes * plan.chunkSize }

    /// Computes samples of a data set whose samples have the shape of the network's input, at most `capacity`
    /// of them.
    /// - Throws: what `Network.forward` throws.
    package func compute(_ samples: Range<Int>, of dataset: Dataset) throws {
        precondition(samples.count <= capacity, "a predictor computes what its local microbatches hold")
        precondition(
            dataset.sampleSize == network.input.width, "the samples have the shape of the network's input")
        count = samples.count
        let size = plan.chunkSize
        let localMicrobatches = (count + size - 1) / size
        for localMicrobatch in 0..<localMicrobatches {
            let chunk = Array(
                (samples.lowerBound + localMicrobatch * size)..<min(
                    samples.upperBound, samples.lowerBound + (localMicrobatch + 1) * size))
            dataset.gather(chunk[...], normalization: normalization, into: network.input.row(localMicrobatch))
            network.input.row(localMicrobatch, chunk.count).update(
                repeating: 0, count: (size - chunk.count) * network.input.width)
        }
        let rows = MicrobatchRows(Array(repeating: size, count: localMicrobatches))
        try network.forward(
            network.makePass(
                rows: rows, parameters: parameters.pointer, statistics: statistics.pointer, training: nil))
    }

    /// The values of the last computed samples at a kept boundary (see `NetworkPlan`), `[samples, width]`.
    package func values(at boundary: Int) -> FloatBuffer {
        let values = network.values(at: boundary)
        let size = plan.chunkSize
        let copy = FloatBuffer(count: count * values.width)
        for first in stride(from: 0, to: count, by: size) {
            let rows = min(size, count - first)
            (copy.pointer + first * values.width).update(
                from: values.row(first / size), count: rows * values.width)
        }
        return copy
    }

    /// The outputs of the network, `[samples, outputs]`: logits where its loss takes logits.
    package func outputs() -> FloatBuffer { values(at: plan.network.layers.count) }

    /// The predictions as probabilities or values, `[samples, outputs]`.
    package func readable() -> FloatBuffer {
        let outputs = outputs()
        plan.outputForm.makeReadable(outputs, rows: count, width: plan.network.outputShape.count)
        return outputs
    }
}

extension FloatBuffer {
    fileprivate convenience init(_ values: [Float]) {
        self.init(count: values.count)
        _ = elements.update(from: values)
    }
}
