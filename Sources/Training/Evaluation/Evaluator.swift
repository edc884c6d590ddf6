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
        try evaluate(set, chunks: chunks) { network, group, _ in
            try network.forward(
                network.makePass(
                    rows: MicrobatchRows(group.map { _ in plan.chunkSize }), parameters: parameters.pointer,
                    statistics: statistics.pointer,
                    training: nil))
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
        return try evaluate(set, chunks: chunks) { network, group, sizes in
            let start = group.lowerBound * plan.chunkSize
            let values = try outputs(start..<(start + sizes.reduce(0, +)), dataset)
            let perChunk = plan.chunkSize * network.output.width
            for (localMicrobatch, size) in sizes.enumerated() {
                network.output.row(localMicrobatch).update(
                    from: values.pointer + localMicrobatch * perChunk, count: size * network.output.width)
            }
        }
    }

    /// - Parameter compute: writes the outputs of a group of chunks into the network; `sizes` are the samples
    ///   of each.
    private func evaluate(
        _ set: EvaluationSet, chunks: Range<Int>,
        compute: (_ network: Network, _ group: Range<Int>, _ sizes: [Int]) throws -> Void
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
            let sizes = load(group, of: dataset, into: network.input, targets)
            try compute(network, group, sizes)
            let pass = network.makePass(
                rows: MicrobatchRows(sizes), parameters: none.pointer, statistics: none.pointer, training: nil
            )
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

    /// Loads chunks into the local microbatches and fills up a short one with zeros. Returns the number of
    /// samples of each.
    private func load(
        _ chunks: Range<Int>, of dataset: Dataset, into input: MicrobatchMatrix, _ targets: BatchTargets
    ) -> [Int] {
        chunks.enumerated().map { localMicrobatch, chunk in
            let start = chunk * plan.chunkSize
            let samples = Array(start..<min(dataset.count, start + plan.chunkSize))
            dataset.gather(samples[...], normalization: data.normalization, into: input.row(localMicrobatch))
            let padding = input.row(localMicrobatch, samples.count)
            padding.update(repeating: 0, count: (plan.chunkSize - samples.count) * input.width)
            targets.load(samples[...], of: dataset, localMicrobatch: localMicrobatch, input: input)
            return samples.count
        }
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
