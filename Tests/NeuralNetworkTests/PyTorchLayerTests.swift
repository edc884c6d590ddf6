import NeuralNetwork
import Testing

/// Forward and backward passes against PyTorch's, computed in double precision.
@Suite struct PyTorchLayerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let input: [Int]
        let loss: Loss
        /// Two ways to cut the batch into microbatches, both ragged.
        let sizes: [[Int]]
        let layers: [NamedLayer]

        init(_ name: String, _ input: [Int], _ loss: Loss, _ sizes: [[Int]], _ layers: [(String, LayerSpec)])
        {
            (testDescription, self.input, self.loss, self.sizes) = (name, input, loss, sizes)
            self.layers = layers.map { NamedLayer($0.0, $0.1) }
        }
    }

    private static func dense(_ units: Int, _ bias: Bool = true) -> LayerSpec {
        .dense(units: units, bias: bias, initializer: .zeros)
    }
    private static let norm = LayerSpec.batchNorm(momentum: 0.1, epsilon: 1e-5)

    static let cases = [
        Case(
            "dense", [5], .meanSquaredError, [[11], [4, 6, 1]], [("dense1", dense(7)), ("dense2", dense(3))]),
        Case(
            "dense_without_bias", [5], .crossEntropy, [[11], [5, 5, 1]],
            [("dense1", dense(7, false)), ("dense2", dense(3, false))]),
        Case(
            "relu", [6], .crossEntropy, [[13], [3, 3, 3, 4]],
            [("dense1", dense(9)), ("act", .activation(.relu)), ("dense2", dense(4))]),
        Case(
            "sigmoid", [6], .meanSquaredError, [[13], [1, 12]],
            [("dense1", dense(9)), ("act", .activation(.sigmoid)), ("dense2", dense(4))]),
        Case(
            "tanh", [6], .crossEntropy, [[13], [6, 2, 5]],
            [("dense1", dense(9)), ("act", .activation(.tanh)), ("dense2", dense(4))]),
        Case(
            "softmax", [6], .meanSquaredError, [[13], [6, 7]],
            [("dense1", dense(5)), ("act", .softmax), ("dense2", dense(4))]),
        Case(
            "softmax_last", [6], .meanSquaredError, [[13], [7, 6]],
            [("dense1", dense(5)), ("act", .softmax)]),
        Case(
            "batch_norm", [6], .crossEntropy, [[24], [5, 1, 7, 4, 7]],
            [("dense1", dense(10, false)), ("bn", norm), ("act", .activation(.tanh)), ("dense2", dense(3))]),
        Case(
            "batch_norm_images", [4, 5, 3], .crossEntropy, [[9], [2, 3, 4]],
            [
                ("bn1", .batchNorm(momentum: 0.3, epsilon: 1e-3)), ("act", .activation(.sigmoid)),
                ("bn2", norm), ("flatten", .flatten),
                ("dense1", dense(4)),
            ]),
        Case(
            "mlp", [8], .crossEntropy, [[40], [9, 10, 10, 11]],
            [
                ("dense1", dense(20, false)), ("bn1", norm), ("relu1", .activation(.relu)),
                ("dense2", dense(12, false)), ("bn2", norm),
                ("relu2", .activation(.relu)), ("head", dense(5)),
            ]),
    ]

    /// Values here are of order 1 and sums have at most 180 terms. Float arithmetic errs by 2⁻²⁴ in each
    /// operation, which a chain of some dozens of them makes 2e-6 at worst; batch norm divides by deviations
    /// that may be small. A wrong formula errs by 1e-2 or more.
    private static let tolerance = 1e-5

    @Test(arguments: cases, [1, 2])
    func agrees(_ example: Case, lanes: Int) throws {
        let fixture = try Fixture("layers.txt")
        for sizes in example.sizes {
            let bench = try NetworkBench(
                example.layers, input: TensorShape(example.input), loss: example.loss, sizes: sizes,
                lanes: lanes)
            try check(bench, fixture, example.testDescription)
        }
    }

    func check(_ bench: NetworkBench, _ fixture: Fixture, _ name: String) throws {
        let tensors = bench.plan.layout.tensors
        for tensor in tensors {
            let stored = try fixture.tensor("\(name)/\(tensor.name)")
            #expect(stored.shape == tensor.storage.fileShape)
            bench.setParameter(tensor.name, stored.values)
        }
        let count = try fixture["\(name)/labels"].count / bench.batchSize
        let batches = try (0..<count).map { try Self.batch($0, fixture, name, bench) }
        var loss = 0.0
        for batch in batches {
            bench.load(batch.x, labels: batch.labels)
            loss = try bench.step()
        }
        expectClose(bench.output, try fixture["\(name)/output"], tolerance: Self.tolerance, "\(name): output")
        expectClose([Float(loss)], try fixture["\(name)/loss"], tolerance: Self.tolerance, "\(name): loss")
        for tensor in tensors {
            let gradient = bench.tensor(tensor.name, of: bench.gradient).map { $0 / Float(bench.batchSize) }
            let expected = try fixture["\(name)/gradient/\(tensor.name)"]
            expectClose(gradient, expected, tolerance: Self.tolerance, "\(name): gradient of \(tensor.name)")
        }
        for statistic in bench.plan.layout.statistics {
            let expected = try fixture["\(name)/\(statistic.name)"]
            expectClose(
                bench.statistic(statistic.name), expected, tolerance: Self.tolerance,
                "\(name): \(statistic.name)")
        }
        bench.load(batches[0].x, labels: batches[0].labels)
        try bench.forward(training: false)
        expectClose(
            bench.output, try fixture["\(name)/evaluation"], tolerance: Self.tolerance, "\(name): evaluation")
    }

    static func batch(
        _ index: Int, _ fixture: Fixture, _ name: String, _ bench: NetworkBench
    ) throws -> (x: [Float], labels: [Int]) {
        let (x, labels) = (try fixture["\(name)/x"], try fixture["\(name)/labels"])
        let values = bench.batchSize * bench.plan.inputShape.count
        return (
            Array(x[(index * values)..<((index + 1) * values)]),
            labels[(index * bench.batchSize)..<((index + 1) * bench.batchSize)].map { Int($0) }
        )
    }
}
