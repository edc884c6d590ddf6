import Kernels
import NeuralNetwork
import Platform

/// A network with everything around it that a training step needs, in one process: parameters, statistics,
/// gradients, targets.
final class NetworkBench {
    let plan: NetworkPlan
    let parameters: FloatBuffer
    let statistics: FloatBuffer
    private let network: Network
    private let rows: MicrobatchRows
    private let targets: BatchTargets
    private let gradients: GradientVectors
    private let fold: FoldProgram
    private let synchronizer: TreeSynchronizer
    private let reports: DoubleBuffer
    let report: ReportLayout
    private let lanes: LanePool

    /// - Parameters:
    ///   - sizes: samples in each microbatch.
    ///   - targets: as many classes as outputs unless others are given.
    init(
        _ layers: [NamedLayer], input: TensorShape, loss: Loss, metrics: [Metric] = [.accuracy],
        targets form: TargetForm? = nil,
        sizes: [Int], lanes: Int = 1, freeze: [String] = [],
        adapters: LowRankAdapters? = nil, training: Bool = true,
        _ options: Network.Options = Network.Options()
    ) throws {
        plan = try NetworkPlan(
            layers: layers, input: input, loss: loss, freeze: freeze, adapters: adapters)
        let outputs = plan.outputShape.count
        let form = form ?? .classes(outputs)
        report = ReportLayout(
            loss: loss, metrics: metrics, targets: form, outputs: outputs, isEvaluation: true)
        rows = MicrobatchRows(sizes)
        self.lanes = LanePool(lanes: lanes)
        let most = sizes.max() ?? 0
        network = Network(
            plan: plan, report: report, localMicrobatches: sizes.count, rows: most, lanes: self.lanes,
            purpose: training ? .training : .evaluation,
            options)
        let areClasses = if case .classes = form { true } else { false }
        targets = BatchTargets(
            localMicrobatches: sizes.count, rows: most, width: outputs, areClasses: areClasses)
        parameters = FloatBuffer(count: plan.layout.parameterSpace)
        statistics = FloatBuffer(count: plan.layout.statisticsCount)
        plan.layout.initializeStatistics(statistics.pointer)
        fold = FoldProgram(ReductionTree(leaves: sizes.count), 0..<sizes.count)
        gradients = GradientVectors(
            count: plan.layout.flatCount, sparse: plan.layout.sparse, programs: [fold])
        synchronizer = TreeSynchronizer(operations: plan.exchanges, localMicrobatches: sizes.count)
        reports = DoubleBuffer(count: report.width * sizes.count)
    }

    deinit {
        lanes.close()
        restoreFloatingPointMode()
    }

    var batchSize: Int { rows.rows.reduce(0, +) }

    /// Spreads a batch over the microbatches; targets are labels or else values.
    func load(_ x: [Float], labels: [Int], values: [Float] = []) {
        let (width, outputs) = (plan.inputShape.count, plan.outputShape.count)
        var sample = 0
        for (localMicrobatch, count) in rows.rows.enumerated() {
            for row in 0..<count {
                for i in 0..<width { network.input.row(localMicrobatch, row)[i] = x[sample * width + i] }
                if labels.isEmpty {
                    for i in 0..<outputs {
                        targets.values(localMicrobatch)[row * outputs + i] = values[sample * outputs + i]
                    }
                } else {
                    targets.labels(localMicrobatch)[row] = Int32(labels[sample])
                }
                sample += 1
            }
            if !labels.isEmpty { targets.expandLabels(localMicrobatch, count: count) }
        }
    }

    /// Forward: the mean loss, from sums in double.
    @discardableResult
    func forward(training: Bool = true) throws -> Double {
        let pass = makePass(training: training)
        try network.forward(pass)
        output = currentOutput
        try network.evaluateLoss(targets, pass) { reports.pointer + report.width * $0 }
        return report.loss(sums)
    }

    /// The values from which r2 measures targets.
    var center: [Float] {
        get { network.criterion.center }
        set { network.criterion.center = newValue }
    }

    /// The sums of the last forward pass.
    var sums: [Double] {
        (0..<report.width).map { i in
            (0..<rows.localMicrobatches).reduce(0) { $0 + reports.pointer[report.width * $1 + i] }
        }
    }

    /// The first thing that the last forward pass has made not finite.
    var firstNonFinite: NonFinite? {
        get throws { try network.firstNonFinite(makePass(training: true), targets) }
    }

    /// Forward and backward; the gradient of the *summed* loss lies in `gradient` afterwards. Returns the
    /// mean loss.
    @discardableResult
    func step() throws -> Double {
        let loss = try forward()
        gradients.begin(fold, firstLocalMicrobatch: 0)
        var offsets: [Int] = []
        try network.backward(
            BackwardPass(
                makePass(training: true), synchronizer: synchronizer, gradients: gradients,
                batchSize: batchSize)
        ) { offsets.append($0) }
        completedOffsets = offsets
        return loss
    }

    /// From where on the gradients were complete, as the last backward pass said it.
    private(set) var completedOffsets: [Int] = []

    var gradient: UnsafeMutablePointer<Float> { gradients.result(0) }

    /// The batch that was loaded.
    var input: [Float] {
        rows.rows.enumerated().flatMap { localMicrobatch, count in
            (0..<(count * plan.inputShape.count)).map { network.input.row(localMicrobatch)[$0] }
        }
    }

    func label(_ sample: Int) -> Int {
        rows.rows.enumerated().flatMap { localMicrobatch, count in
            (0..<count).map { Int(targets.labels(localMicrobatch)[$0]) }
        }[
            sample]
    }

    /// The output of the last forward pass: the loss may write its gradient over it.
    private(set) var output: [Float] = []

    private var currentOutput: [Float] {
        rows.rows.enumerated().flatMap { localMicrobatch, count in
            (0..<(count * plan.outputShape.count)).map { network.output.row(localMicrobatch)[$0] }
        }
    }

    /// The values of the last forward pass at a boundary that is kept.
    func values(at boundary: Int) -> [Float] {
        rows.rows.enumerated().flatMap { localMicrobatch, count in
            (0..<(count * plan.shape(at: boundary).count)).map {
                network.values(at: boundary).row(localMicrobatch)[$0]
            }
        }
    }

    /// A tensor of a flat vector, in the layout of files.
    func tensor(_ name: String, of vector: UnsafePointer<Float>) -> [Float] {
        guard let tensor = plan.layout.tensors.first(where: { $0.name == name }) else { return [] }
        var file = [Float](repeating: .nan, count: tensor.range.count)
        tensor.storage.toFile(vector + tensor.range.lowerBound, &file)
        return file
    }

    func setParameter(_ name: String, _ file: [Float]) {
        guard let tensor = plan.layout.tensors.first(where: { $0.name == name }),
            file.count == tensor.range.count
        else { return }
        tensor.storage.fromFile(file, parameters.pointer + tensor.range.lowerBound)
    }

    func statistic(_ name: String) -> [Float] {
        guard let tensor = plan.layout.statistics.first(where: { $0.name == name }) else { return [] }
        return tensor.range.map { statistics.pointer[$0] }
    }

    private func makePass(training: Bool) -> ForwardPass {
        network.makePass(
            rows: rows, parameters: parameters.pointer, statistics: statistics.pointer,
            training: training
                ? TrainingMode(
                    synchronizer: synchronizer, seed: 1, step: 0,
                    firstSamples: rows.rows.indices.map { rows.rows[..<$0].reduce(0, +) })
                : nil)
    }
}

/// Combines the statistics of the local microbatches alone, by the tree's definition.
private final class TreeSynchronizer: StatisticsSynchronizer {
    private let operations: [StatisticsOperation]
    private let localMicrobatches: Int
    private let leaves: [DoubleBuffer]
    private let results: [DoubleBuffer]

    init(operations: [StatisticsOperation], localMicrobatches: Int) {
        (self.operations, self.localMicrobatches) = (operations, localMicrobatches)
        leaves = operations.map { DoubleBuffer(count: localMicrobatches * $0.width) }
        results = operations.map { DoubleBuffer(count: $0.width) }
    }

    func leaf(_ exchange: Int, localMicrobatch: Int) -> UnsafeMutablePointer<Double> {
        leaves[exchange].pointer + localMicrobatch * operations[exchange].width
    }

    func combine(_ exchange: Int) throws -> UnsafePointer<Double> {
        let operation = operations[exchange]
        let root = ReductionTree(leaves: localMicrobatches).combine(
            leaf: { localMicrobatch in
                (0..<operation.width).map { self.leaf(exchange, localMicrobatch: localMicrobatch)[$0] }
            },
            merge: { (left: [Double], right: [Double]) in
                var sum = left
                operation.combine(&sum, right)
                return sum
            })
        for (i, value) in root.enumerated() { results[exchange].pointer[i] = value }
        return UnsafePointer(results[exchange].pointer)
    }
}
