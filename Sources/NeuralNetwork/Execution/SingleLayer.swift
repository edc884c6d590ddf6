import Kernels

/// One layer by itself with all that its passes need and made-up values, for measurements: whatever kernels
/// stand behind the layer are measured.
package final class SingleLayer {
    /// Multiplications and additions of a forward pass; each half of a backward pass has as many.
    package let operations: Int
    private let layer: any Layer
    private let input: MicrobatchMatrix
    private let output: MicrobatchMatrix
    private let inputGradient: MicrobatchMatrix
    private let outputGradient: MicrobatchMatrix
    private let parameters: FloatBuffer
    private let statistics: FloatBuffer
    private let forwardPass: ForwardPass
    private let backwardPass: BackwardPass

    /// - Parameters:
    ///   - spec: a dense layer or a convolution.
    ///   - rows: samples in its microbatch.
    package init(_ spec: LayerSpec, input shape: TensorShape, rows: Int, lanes: LanePool) throws {
        let plan = try NetworkPlan(layers: [NamedLayer("layer", spec)], input: shape, loss: .meanSquaredError)
        let planned = plan.layers[0]
        guard case .layer(let make) = planned.plan.computation else {
            preconditionFailure("a layer that computes something is measured")
        }
        layer = make(NetworkCapacity(microbatches: 1, rows: rows, purpose: .training))
        operations = planned.operations * rows
        func values(_ width: Int) -> MicrobatchMatrix {
            MicrobatchMatrix(localMicrobatches: 1, rows: rows, width: width)
        }
        input = values(shape.count)
        inputGradient = values(shape.count)
        output = values(planned.output.count)
        outputGradient = values(planned.output.count)
        parameters = FloatBuffer(count: plan.layout.flatCount)
        statistics = FloatBuffer(count: plan.layout.statisticsCount)
        Self.fill(input.row(0), rows * shape.count, 0)
        Self.fill(outputGradient.row(0), rows * planned.output.count, 1)
        Self.fill(parameters.pointer, parameters.count, 2)
        let fold = FoldProgram(ReductionTree(leaves: 1), 0..<1)
        let synchronizer = NoExchange()
        forwardPass = ForwardPass(
            rows: MicrobatchRows([rows]), sequences: nil, parameters: parameters.pointer,
            statistics: statistics.pointer,
            lanes: lanes, scratch: (0..<lanes.lanes).map { _ in FloatBuffer(count: planned.scratchCount) },
            workspace: FloatBuffer(count: planned.workspaceCount),
            training: TrainingMode(synchronizer: synchronizer, seed: 0, step: 0, firstSamples: [0]))
        let gradients = GradientVectors(
            count: plan.layout.flatCount, sparse: plan.layout.sparse, programs: [fold])
        gradients.begin(fold, firstLocalMicrobatch: 0)
        backwardPass = BackwardPass(
            forwardPass, synchronizer: synchronizer, gradients: gradients, batchSize: rows)
    }

    private static func fill(_ values: UnsafeMutablePointer<Float>, _ count: Int, _ what: Int) {
        var random = RandomStream(seed: 1, purpose: .synthetic, major: what)
        for i in 0..<count { values[i] = Float(random.nextUInt32() >> 8) * 0x1p-24 - 0.5 }
    }

    package func forward() throws { try layer.forward(input, output, forwardPass) }

    /// The gradient of the input alone.
    package func backwardData() throws {
        var frozen = backwardPass
        frozen.isFrozen = true
        try layer.backward(
            input, output, outputGradient: outputGradient, inputGradient: inputGradient, frozen)
    }

    /// The gradient of the parameters alone.
    package func backwardWeights() throws {
        try layer.backward(input, output, outputGradient: outputGradient, inputGradient: nil, backwardPass)
    }
}

/// For layers that have nothing to exchange.
private final class NoExchange: StatisticsSynchronizer {
    private let nothing = DoubleBuffer(count: 1)
    func leaf(_ exchange: Int, localMicrobatch: Int) -> UnsafeMutablePointer<Double> { nothing.pointer }
    func combine(_ exchange: Int) throws -> UnsafePointer<Double> { UnsafePointer(nothing.pointer) }
}
