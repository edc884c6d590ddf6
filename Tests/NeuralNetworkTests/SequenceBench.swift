import Kernels
import NeuralNetwork
import Platform

/// A classifier of sequences of unequal lengths with all that a training step needs, in one process. It has
/// no exchanges with others.
final class SequenceBench {
    let plan: NetworkPlan
    let parameters: FloatBuffer
    private let network: Network
    private let rows: MicrobatchRows
    private let targets: BatchTargets
    private let gradients: GradientVectors
    private let fold: FoldProgram
    private let reports: DoubleBuffer
    private let report: ReportLayout
    private let lanes: LanePool
    private let statistics: FloatBuffer
    private var sequences: SequenceRows?

    /// - Parameters:
    ///   - longest: the most positions of a sample.
    ///   - sizes: samples in each microbatch.
    init(
        _ layers: [NamedLayer], channels: Int, longest: Int, classes: Int, sizes: [Int], lanes: Int = 1,
        _ options: Network.Options = Network.Options()
    ) throws {
        plan = try NetworkPlan(layers: layers, input: TensorShape([longest, channels]), loss: .crossEntropy)
        report = ReportLayout(
            loss: .crossEntropy, metrics: [.accuracy], targets: .classes(classes), outputs: classes,
            isEvaluation: true)
        rows = MicrobatchRows(sizes)
        self.lanes = LanePool(lanes: lanes)
        let most = sizes.max() ?? 0
        network = Network(
            plan: plan, report: report, localMicrobatches: sizes.count, rows: most, lanes: self.lanes,
            purpose: .training, options)
        targets = BatchTargets(localMicrobatches: sizes.count, rows: most, width: classes, areClasses: true)
        parameters = FloatBuffer(count: plan.layout.parameterSpace)
        statistics = FloatBuffer(count: plan.layout.statisticsCount)
        fold = FoldProgram(ReductionTree(leaves: sizes.count), 0..<sizes.count)
        gradients = GradientVectors(
            count: plan.layout.flatCount, sparse: plan.layout.sparse, programs: [fold])
        reports = DoubleBuffer(count: report.width * sizes.count)
    }

    deinit {
        lanes.close()
        restoreFloatingPointMode()
    }

    var samples: Int { rows.rows.reduce(0, +) }
    var gradient: UnsafeMutablePointer<Float> { gradients.result(0) }
    var occupancy: Occupancy? { gradients.occupancy(ofResult: 0) }

    /// Spreads packed sequences over the microbatches.
    func load(_ x: [Float], lengths: [Int], labels: [Int]) {
        let width = plan.inputShape.channels
        var (sample, position, parts) = (0, 0, [[Int]]())
        for (localMicrobatch, count) in rows.rows.enumerated() {
            parts.append(Array(lengths[sample..<(sample + count)]))
            let positions = parts[parts.count - 1].reduce(0, +)
            for i in 0..<(positions * width) {
                network.input.row(localMicrobatch)[i] = x[position * width + i]
            }
            for row in 0..<count { targets.labels(localMicrobatch)[row] = Int32(labels[sample + row]) }
            targets.expandLabels(localMicrobatch, count: count)
            (sample, position) = (sample + count, position + positions)
        }
        sequences = SequenceRows(lengths: parts)
    }

    /// Forward and backward; the gradient of the summed loss lies in `gradient` afterwards. Returns the mean
    /// loss.
    func step() throws -> Double {
        let synchronizer = NothingToExchange()
        let firsts = rows.rows.indices.map { rows.rows[..<$0].reduce(0, +) }
        let pass = network.makePass(
            rows: rows, sequences: sequences, parameters: parameters.pointer, statistics: statistics.pointer,
            training: TrainingMode(
                synchronizer: synchronizer, seed: 1, step: 0, firstSamples: firsts, firstPositions: firsts))
        try network.forward(pass)
        output = currentOutput
        try network.evaluateLoss(targets, pass) { reports.pointer + report.width * $0 }
        gradients.begin(fold, firstLocalMicrobatch: 0)
        try network.backward(
            BackwardPass(
                pass, synchronizer: synchronizer, gradients: gradients, batchSize: samples, batchPositions: 1)
        ) { _ in }
        return report.loss(
            (0..<report.width).map { i in
                rows.rows.indices.reduce(0) { $0 + reports.pointer[report.width * $1 + i] }
            })
    }

    /// The output of the last forward pass: the loss may write its gradient over it.
    private(set) var output: [Float] = []

    private var currentOutput: [Float] {
        rows.rows.enumerated().flatMap { localMicrobatch, count in
            (0..<(count * plan.outputShape.count)).map { network.output.row(localMicrobatch)[$0] }
        }
    }

    /// A tensor of a flat vector, in the layout of files.
    func tensor(_ tensor: ParameterTensor, of vector: UnsafePointer<Float>) -> [Float] {
        var file = [Float](repeating: .nan, count: tensor.range.count)
        tensor.storage.toFile(vector + tensor.range.lowerBound, &file)
        return file
    }

    func set(_ tensor: ParameterTensor, _ file: [Float]) {
        tensor.storage.fromFile(file, parameters.pointer + tensor.range.lowerBound)
    }
}

/// For networks that exchange no statistics.
final class NothingToExchange: StatisticsSynchronizer {
    private let nothing = DoubleBuffer(count: 1)
    func leaf(_ exchange: Int, localMicrobatch: Int) -> UnsafeMutablePointer<Double> { nothing.pointer }
    func combine(_ exchange: Int) throws -> UnsafePointer<Double> { UnsafePointer(nothing.pointer) }
}
