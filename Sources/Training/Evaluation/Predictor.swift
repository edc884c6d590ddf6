import Datasets
import Kernels
import NeuralNetwork

/// Computes a trained network on samples, with the bits of an evaluation. The result for a sample does not
/// depend on the number of samples that are computed with it, and if `samplesAreIndependent` not on its place
/// among them either. Then only the samples that there are are computed; otherwise OpenBLAS computes tiles of
/// an evaluation's chunk, up to the last sample's, so that a sample has the bits of its place in a chunk.
package final class Predictor {
    package let plan: TrainingPlan
    private let normalization: Normalization
    package let parameters: FloatBuffer
    package let statistics: FloatBuffer
    private let network: Network
    private let lanes: LanePool
    /// The last pass.
    private var pass: ForwardPass?

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
        self.parameters = FloatBuffer(copying: parameters)
        self.statistics = FloatBuffer(copying: statistics)
        network = Network(
            plan: plan.network, localMicrobatches: lanes.lanes, rows: plan.chunkSize, lanes: lanes,
            purpose: .inference,
            .init(keeping: kept))
    }

    /// True if samples of several requests may be computed together in any order: each has the same bits
    /// wherever it stands. False if OpenBLAS multiplies several samples at a time: a request's samples must
    /// then be computed from the first on, and without others.
    package var samplesAreIndependent: Bool { plan.network.samplesAreIndependent }

    /// The largest number of samples that `compute` takes at once.
    package var capacity: Int { lanes.lanes * plan.chunkSize }

    /// Computes samples of a data set whose samples have the shape of the network's input, at most `capacity`
    /// of them.
    /// - Throws: what `Network.forward` throws.
    package func compute(_ samples: Range<Int>, of dataset: Dataset) throws {
        precondition(samples.count <= capacity, "a predictor computes what its local microbatches hold")
        precondition(
            TensorShape(dataset.sampleShape).rowWidth == network.input.width,
            "the samples have the shape of the network's input")
        let size = plan.chunkSize
        let chunks = stride(from: samples.lowerBound, to: samples.upperBound, by: size).map {
            $0..<min(samples.upperBound, $0 + size)
        }
        for (localMicrobatch, chunk) in chunks.enumerated() {
            dataset.gather(
                Array(chunk)[...], normalization: normalization, into: network.input.row(localMicrobatch))
        }
        let sequences =
            dataset.isRagged
            ? SequenceRows(lengths: chunks.map { $0.map { dataset.length(ofSample: $0) } }) : nil
        let pass = network.makePass(
            rows: MicrobatchRows(chunks.map(\.count)), sequences: sequences, parameters: parameters.pointer,
            statistics: statistics.pointer, training: nil)
        self.pass = pass
        try network.forward(pass)
    }

    /// The values of the last computed samples at a kept boundary (see `NetworkPlan`), `[samples, width]`;
    /// those of sequences, one sample behind the other, `[positions, channels]`.
    package func values(at boundary: Int) -> FloatBuffer {
        let values = network.values(at: boundary)
        guard let pass else { return FloatBuffer(count: 0) }
        let rows = (plan.network.shape(at: boundary).isSequence ? pass.ofPositions : pass).rows.rows
        let copy = FloatBuffer(count: rows.reduce(0, +) * values.width)
        var first = copy.pointer
        for (localMicrobatch, count) in rows.enumerated() {
            first.update(from: values.row(localMicrobatch), count: count * values.width)
            first += count * values.width
        }
        return copy
    }

    /// The outputs of the network, `[samples, outputs]`: logits where its loss takes logits.
    package func outputs() -> FloatBuffer { values(at: plan.network.layers.count) }

    /// The predictions as probabilities or values, `[samples, outputs]`.
    package func readable() -> FloatBuffer {
        let outputs = outputs()
        let width = plan.network.outputShape.rowWidth
        plan.outputForm.makeReadable(outputs, rows: outputs.count / width, width: width)
        return outputs
    }
}

extension FloatBuffer {
    convenience init(copying values: [Float]) {
        self.init(count: values.count)
        _ = elements.update(from: values)
    }
}
