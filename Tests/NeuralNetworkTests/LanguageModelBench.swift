import Kernels
import NeuralNetwork
import Platform

/// A language model with everything around it that a training step needs, in one process.
final class LanguageModelBench {
    let plan: NetworkPlan
    let parameters: FloatBuffer
    let lanes: LanePool
    private let statistics: FloatBuffer
    private let network: Network
    private let samples: MicrobatchRows
    private let sequences: SequenceRows
    private let targets: BatchTargets
    private let gradients: GradientVectors
    private let fold: FoldProgram
    private let reports: DoubleBuffer
    private let report: ReportLayout

    /// - Parameters:
    ///   - context: the most positions of a sample.
    ///   - lengths: of the samples of each microbatch.
    init(
        _ layers: [NamedLayer], context: Int, vocabulary: Int, lengths: [[Int]], lanes: Int = 1,
        poison: Float = .nan, adapters: LowRankAdapters? = nil
    ) throws {
        plan = try NetworkPlan(
            layers: layers, input: TensorShape([context, 1]), loss: .crossEntropy, adapters: adapters)
        report = ReportLayout(
            loss: .crossEntropy, metrics: [.accuracy], targets: .tokens(vocabulary), outputs: vocabulary,
            isEvaluation: false)
        self.lanes = LanePool(lanes: lanes)
        samples = MicrobatchRows(lengths.map(\.count))
        sequences = SequenceRows(lengths: lengths)
        let most = lengths.map(\.count).max() ?? 0
        network = Network(
            plan: plan, report: report, localMicrobatches: lengths.count, rows: most, lanes: self.lanes,
            purpose: .training, Network.Options(poison: poison))
        targets = BatchTargets(
            localMicrobatches: lengths.count, rows: most * context, width: nil, areClasses: true)
        parameters = FloatBuffer(count: plan.layout.parameterSpace)
        statistics = FloatBuffer(count: plan.layout.statisticsCount)
        fold = FoldProgram(ReductionTree(leaves: lengths.count), 0..<lengths.count)
        gradients = GradientVectors(
            count: plan.layout.flatCount, sparse: plan.layout.sparse, programs: [fold])
        reports = DoubleBuffer(count: report.width * lengths.count)
    }

    deinit {
        lanes.close()
        restoreFloatingPointMode()
    }

    /// Spreads the positions of a batch over the microbatches.
    func load(tokens: [Float], labels: [Float]) {
        var position = 0
        for (localMicrobatch, count) in sequences.positions.rows.enumerated() {
            for row in 0..<count {
                network.input.row(localMicrobatch, row)[0] = tokens[position]
                targets.labels(localMicrobatch)[row] = Int32(labels[position])
                position += 1
            }
        }
    }

    /// Forward and backward; the gradient of the summed loss lies in `gradient` afterwards. Returns the mean
    /// loss over the positions that count.
    func step() throws -> Double {
        let positions = sequences.positions.rows
        let mode = TrainingMode(
            synchronizer: NothingToExchange(), seed: 1, step: 0,
            firstSamples: samples.rows.indices.map { samples.rows[..<$0].reduce(0, +) },
            firstPositions: positions.indices.map { positions[..<$0].reduce(0, +) })
        let pass = network.makePass(
            rows: samples, sequences: sequences, parameters: parameters.pointer,
            statistics: statistics.pointer, training: mode)
        try network.forward(pass)
        logits = currentLogits
        try network.evaluateLoss(targets, pass) { reports.pointer + report.width * $0 }
        gradients.begin(fold, firstLocalMicrobatch: 0)
        try network.backward(
            BackwardPass(
                pass, synchronizer: mode.synchronizer, gradients: gradients,
                batchSize: samples.rows.reduce(0, +), batchPositions: positions.reduce(0, +))
        ) { _ in }
        let sums = (0..<report.width).map { i in
            (0..<positions.count).reduce(0) { $0 + reports.pointer[report.width * $1 + i] }
        }
        return report.loss(sums)
    }

    var gradient: UnsafeMutablePointer<Float> { gradients.result(0) }

    /// The logits of all positions in the last forward pass: the loss writes its gradient over them.
    private(set) var logits: [Float] = []

    private var currentLogits: [Float] {
        sequences.positions.rows.enumerated().flatMap { localMicrobatch, count in
            (0..<(count * network.output.width)).map { network.output.row(localMicrobatch)[$0] }
        }
    }

    /// A tensor of a flat vector, in the layout of files.
    func tensor(_ tensor: ParameterTensor, of vector: UnsafePointer<Float>) -> [Float] {
        var file = [Float](repeating: .nan, count: tensor.range.count)
        tensor.storage.toFile(vector + tensor.range.lowerBound, &file)
        return file
    }

    func setParameter(_ tensor: ParameterTensor, _ file: [Float]) {
        tensor.storage.fromFile(file, parameters.pointer + tensor.range.lowerBound)
    }
}
