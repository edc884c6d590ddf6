import Datasets
import Kernels
import NeuralNetwork

package enum EvaluationSet: UInt8, CaseIterable, Sendable {
    case validation = 1
    case test = 2
}

/// Evaluates a model on fixed chunks of a data set, some of them here, some on other members.
///
/// A chunk is `TrainingPlan.chunkSize` samples, the last one padded with zeros, so that every matrix product has the same shape whoever computes it. What is added up
/// over chunks goes over the fixed tree on their indices, by `total`.
package final class Evaluator {
    /// Samples in a chunk of a job without a model; for others the most.
    package static let chunkSize = Tile.rows
    /// Activations of a chunk, in floats (128 MiB), beyond which it has fewer samples.
    static let mostActivations = 1 << 25

    private let plan: TrainingPlan
    private let data: DecodedData
    private let lanes: LanePool
    private var network: Network?
    private var targets: BatchTargets?

    package init(plan: TrainingPlan, data: DecodedData, lanes: LanePool) {
        (self.plan, self.data, self.lanes) = (plan, data, lanes)
    }

    private func dataset(_ set: EvaluationSet) -> Dataset? {
        set == .validation ? data.validation : data.test
    }

    package func has(_ set: EvaluationSet) -> Bool { dataset(set) != nil }

    /// Chunks of a job without a model.
    package static func chunkCount(samples: Int) -> Int { (samples + chunkSize - 1) / chunkSize }

    /// The chunks that a member computes.
    package func chunks(_ set: EvaluationSet, rank: Int, members: Int) -> Range<Int> {
        let count = plan.chunkCount(samples: dataset(set)?.count ?? 0)
        return (rank * count / members)..<((rank + 1) * count / members)
    }

    /// One report for every chunk, as `TrainingPlan.evaluationReport` lays it out.
    package func evaluate(
        _ set: EvaluationSet, chunks: Range<Int>, parameters: FloatBuffer, statistics: FloatBuffer
    ) throws -> [Double] {
        try evaluate(set, chunks: chunks) { network, group, _ in
            try network.forward(
                network.makePass(
                    rows: SlotRows(group.map { _ in plan.chunkSize }), parameters: parameters.pointer,
                    statistics: statistics.pointer,
                    training: nil))
        }
    }

    /// The same for outputs that are not the network's own.
    ///
    /// - Parameter outputs: gives those of some samples, `[samples, outputs]`.
    package func evaluate(
        _ set: EvaluationSet, chunks: Range<Int>,
        outputs: (_ samples: Range<Int>, _ dataset: Dataset) throws -> FloatBuffer
    ) throws -> [Double] {
        guard let dataset = dataset(set) else { return [] }
        return try evaluate(set, chunks: chunks) { network, group, sizes in
            let start = group.lowerBound * plan.chunkSize
            let values = try outputs(start..<(start + sizes.reduce(0, +)), dataset)
            let perChunk = plan.chunkSize * network.output.width
            for (slot, size) in sizes.enumerated() {
                network.output.row(slot).update(
                    from: values.pointer + slot * perChunk, count: size * network.output.width)
            }
        }
    }

    /// - Parameter compute: leaves the outputs of a group of chunks in the network; it is given their sizes.
    private func evaluate(
        _ set: EvaluationSet, chunks: Range<Int>,
        compute: (_ network: Network, _ group: Range<Int>, _ sizes: [Int]) throws -> Void
    ) throws -> [Double] {
        guard let dataset = dataset(set), !chunks.isEmpty else { return [] }
        let network =
            network
            ?? Network(
                plan: plan.network, report: plan.evaluationReport, slots: lanes.lanes, rows: plan.chunkSize,
                lanes: lanes, training: false)
        let targets = targets ?? BatchTargets(plan, slots: lanes.lanes, rows: plan.chunkSize)
        (self.network, self.targets) = (network, targets)
        center(network, targets, dataset)
        let width = plan.evaluationReport.width
        let reports = DoubleBuffer(count: chunks.count * width)
        let none = FloatBuffer(count: 0)  // a loss has no parameters
        for first in stride(from: chunks.lowerBound, to: chunks.upperBound, by: lanes.lanes) {
            let group = first..<min(chunks.upperBound, first + lanes.lanes)
            let sizes = load(group, of: dataset, into: network.input, targets)
            try compute(network, group, sizes)
            let pass = network.makePass(
                rows: SlotRows(sizes), parameters: none.pointer, statistics: none.pointer, training: nil)
            try network.evaluateLoss(targets, pass) {
                reports.pointer + (first - chunks.lowerBound + $0) * width
            }
        }
        return Array(reports.elements)
    }

    /// r2 wants a value near the targets: those of the set's first sample.
    private func center(_ network: Network, _ targets: BatchTargets, _ dataset: Dataset) {
        guard plan.evaluationReport.metrics.contains(.r2) else { return }
        _ = load(0..<1, of: dataset, into: network.input, targets)
        network.criterion.center = (0..<plan.network.outputShape.count).map { targets.values(0)[$0] }
    }

    /// Loads chunks into slots, the rest of a short one zero; gives the samples of each.
    private func load(
        _ chunks: Range<Int>, of dataset: Dataset, into input: SlotMatrix, _ targets: BatchTargets
    ) -> [Int] {
        chunks.enumerated().map { slot, chunk in
            let start = chunk * plan.chunkSize
            let samples = Array(start..<min(dataset.count, start + plan.chunkSize))
            dataset.gather(samples[...], normalization: data.normalization, into: input.row(slot))
            let padding = input.row(slot, samples.count)
            padding.update(repeating: 0, count: (plan.chunkSize - samples.count) * input.width)
            targets.load(samples[...], of: dataset, slot: slot, input: input)
            return samples.count
        }
    }

    /// The sum of all chunks' reports, over the fixed tree on chunk indices.
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
    /// Samples in a chunk of an evaluation or prediction: 128, or so many fewer (a power of two, by the network's shapes alone) that large images
    /// do not fill the memory, and a few of them are not padded to a hundred.
    package var chunkSize: Int {
        let activations = network.layers.reduce(network.inputShape.count) { $0 + $1.output.count }
        var size = Evaluator.chunkSize
        while size > 1, size * activations > Evaluator.mostActivations { size /= 2 }
        return size
    }

    package func chunkCount(samples: Int) -> Int { (samples + chunkSize - 1) / chunkSize }
}
