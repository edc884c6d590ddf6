import Datasets
import Kernels
import NeuralNetwork

/// The data sets that are evaluated.
package enum EvaluationSet: UInt8, CaseIterable, Sendable {
    case validation = 1
    case test = 2
}

/// Evaluates a model on fixed chunks of a data set. Each member of a generation evaluates some of them.
///
/// A chunk is `TrainingPlan.chunkSize` samples, the last one padded with zeros, so that every matrix product
/// has the same shape whoever computes it. Sums over chunks go over the fixed tree on the chunk indices
/// (`total`).
package final class Evaluator {
    /// Samples in a chunk of a job without a model; for other jobs the largest number.
    package static let chunkSize = Tile.rows
    /// Activations of a chunk, in floats (128 MiB). A chunk with more of them gets fewer samples.
    static let mostActivations = 1 << 25

    private let plan: TrainingPlan
    private let data: DecodedData
    private let lanes: LanePool
    private var network: Network?
    private var targets: BatchTargets?

    package init(plan: TrainingPlan, data: DecodedData, lanes: LanePool) {
        self.plan = plan
        self.data = data
        self.lanes = lanes
    }

    private func dataset(_ set: EvaluationSet) -> Dataset? {
        set == .validation ? data.validation : data.test
    }

    /// Whether the job has this data set.
    package func has(_ set: EvaluationSet) -> Bool { dataset(set) != nil }

    /// The number of chunks in a job without a model.
    package static func chunkCount(samples: Int) -> Int { (samples + chunkSize - 1) / chunkSize }

    /// The chunks that the member `rank` evaluates.
    package func chunks(_ set: EvaluationSet, rank: Int, members: Int) -> Range<Int> {
        let count = plan.chunkCount(samples: dataset(set)?.count ?? 0)
        return (rank * count / members)..<((rank + 1) * count / members)
    }

    /// Evaluates chunks. The result has one report for each of them, laid out like
    /// `TrainingPlan.evaluationReport`.
    /// - Throws: what `Network.forward` throws.
    package func evaluate(
        _ set: EvaluationSet, chunks: Range<Int>, parameters: FloatBuffer, statistics: FloatBuffer
    ) throws -> [Double] {
        try evaluate(set, chunks: chunks) { network, group, samples in
            // Sequences of unequal lengths are computed by kernels of our own alone, without padding.
            let rows = samples.sequences == nil ? group.map { _ in plan.chunkSize } : samples.sizes
            try network.forward(
                network.makePass(
                    rows: MicrobatchRows(rows), sequences: samples.sequences, parameters: parameters.pointer,
                    statistics: statistics.pointer, training: nil))
        }
    }

    /// Evaluates outputs that do not come from the network itself.
    ///
    /// - Parameter outputs: returns the outputs of some samples, `[samples, outputs]`.
    /// - Throws: what `outputs` throws.
    package func evaluate(
        _ set: EvaluationSet, chunks: Range<Int>,
        outputs: (_ samples: Range<Int>, _ dataset: Dataset) throws -> FloatBuffer
    ) throws -> [Double] {
        guard let dataset = dataset(set) else { return [] }
        return try evaluate(set, chunks: chunks) { network, group, samples in
            let start = group.lowerBound * plan.chunkSize
            let values = try outputs(start..<(start + samples.sizes.reduce(0, +)), dataset)
            var first = values.pointer
            for (localMicrobatch, size) in samples.sizes.enumerated() {
                let output = plan.network.outputShape
                let positions = samples.sequences?.positions.rows[localMicrobatch]
                let rows = output.isSequence ? positions ?? size * output.positions : size
                network.output.row(localMicrobatch).update(from: first, count: rows * output.rowWidth)
                first += rows * output.rowWidth
            }
        }
    }

    /// The samples of a group of chunks.
    private struct Samples {
        /// Samples of each chunk.
        let sizes: [Int]
        /// Nil if all have the same number of positions, or there are no sequences.
        let sequences: SequenceRows?
    }

    /// - Parameter compute: writes the outputs of a group of chunks into the network.
    private func evaluate(
        _ set: EvaluationSet, chunks: Range<Int>,
        compute: (_ network: Network, _ group: Range<Int>, _ samples: Samples) throws -> Void
    ) throws -> [Double] {
        guard let dataset = dataset(set), !chunks.isEmpty else { return [] }
        let network =
            network
            ?? Network(
                plan: plan.network, report: plan.evaluationReport, localMicrobatches: lanes.lanes,
                rows: plan.chunkSize,
                lanes: lanes, purpose: .evaluation)
        let targets = targets ?? BatchTargets(plan, localMicrobatches: lanes.lanes, rows: plan.chunkSize)
        self.network = network
        self.targets = targets
        center(network, targets, dataset)
        let width = plan.evaluationReport.width
        let reports = DoubleBuffer(count: chunks.count * width)
        let none = FloatBuffer(count: 0)  // the loss has no parameters
        for first in stride(from: chunks.lowerBound, to: chunks.upperBound, by: lanes.lanes) {
            let group = first..<min(chunks.upperBound, first + lanes.lanes)
            let samples = load(group, of: dataset, into: network.input, targets)
            try compute(network, group, samples)
            let pass = network.makePass(
                rows: MicrobatchRows(samples.sizes), sequences: samples.sequences, parameters: none.pointer,
                statistics: none.pointer, training: nil)
            try network.evaluateLoss(targets, pass) {
                reports.pointer + (first - chunks.lowerBound + $0) * width
            }
        }
        return Array(reports.elements)
    }

    /// Gives r2 a value near the targets, that of the set's first sample, so that its sums lose no precision.
    private func center(_ network: Network, _ targets: BatchTargets, _ dataset: Dataset) {
        guard plan.evaluationReport.metrics.contains(.r2) else { return }
        _ = load(0..<1, of: dataset, into: network.input, targets)
        network.criterion.center = (0..<plan.network.outputShape.count).map { targets.values(0)[$0] }
    }

    /// Loads chunks into the local microbatches and fills up a short one with zeros.
    private func load(
        _ chunks: Range<Int>, of dataset: Dataset, into input: MicrobatchMatrix, _ targets: BatchTargets
    ) -> Samples {
        var lengths: [[Int]] = []
        let rowsPerSample = plan.network.inputShape.rowsPerSample
        let sizes = chunks.enumerated().map { localMicrobatch, chunk in
            let start = chunk * plan.chunkSize
            let samples = Array(start..<min(dataset.count, start + plan.chunkSize))
            dataset.gather(samples[...], normalization: data.normalization, into: input.row(localMicrobatch))
            targets.load(samples[...], of: dataset, localMicrobatch: localMicrobatch, input: input)
            if dataset.isRagged {
                lengths.append(samples.map { dataset.length(ofSample: $0) })
            } else {
                let padding = input.row(localMicrobatch, samples.count * rowsPerSample)
                let missing = (plan.chunkSize - samples.count) * rowsPerSample
                padding.update(repeating: 0, count: missing * input.width)
            }
            return samples.count
        }
        return Samples(sizes: sizes, sequences: dataset.isRagged ? SequenceRows(lengths: lengths) : nil)
    }

    /// Adds up the reports of all chunks over the fixed tree on the chunk indices.
    package static func total(_ reports: [Double], _ layout: ReportLayout) -> Totals {
        let width = layout.width
        guard reports.count >= width else { return Totals(layout) }
        let sums = ReductionTree(leaves: reports.count / width).combine(
            leaf: { Array(reports[($0 * width)..<(($0 + 1) * width)]) },
            merge: { left, right in zip(left, right).map(+) })
        return Totals(layout, sums: sums)
    }
}

extension TrainingPlan {
    /// Samples in a chunk of an evaluation or prediction: 128, or fewer (a power of two that follows from the
    /// network's shapes alone), so that large images do not fill the memory and a few of them are not padded
    /// to a hundred.
    package var chunkSize: Int {
        let activations = network.layers.reduce(network.inputShape.count) { $0 + $1.output.count }
        var size = Evaluator.chunkSize
        while size > 1, size * activations > Evaluator.mostActivations { size /= 2 }
        return size
    }

    /// The number of chunks of a data set with so many samples.
    package func chunkCount(samples: Int) -> Int { (samples + chunkSize - 1) / chunkSize }
}
