import Kernels
import NeuralNetwork
import Testing

/// Losses against PyTorch, metrics against scikit-learn: outputs and targets are the fixtures'.
@Suite struct LossTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let loss: Loss
        var targets: TargetForm?

        init(_ name: String, _ loss: Loss, _ targets: TargetForm? = nil) {
            (testDescription, self.loss, self.targets) = (name, loss, targets)
        }
    }

    private static let weights = Loss.ClassWeights.values([1, 0.25, 3, 0.5])

    static let losses = [
        Case("cross_entropy", .crossEntropy),
        Case("cross_entropy_smooth", Loss(.crossEntropy, labelSmoothing: 0.1)),
        Case("cross_entropy_weights", Loss(.crossEntropy, classWeights: weights)),
        Case("cross_entropy_both", Loss(.crossEntropy, labelSmoothing: 0.3, classWeights: weights)),
        Case("binary", .binaryCrossEntropy, .classes(2)), Case("binary", .binaryCrossEntropy, .values(1)),
        Case("binary_many", .binaryCrossEntropy, .values(3)),
        Case("binary_soft", .binaryCrossEntropy, .values(3)),
        Case("binary_positive", Loss(.binaryCrossEntropy, positiveWeights: [2, 0.5, 4]), .values(3)),
        Case("binary_weights", Loss(.binaryCrossEntropy, classWeights: .values([0.5, 3])), .classes(2)),
        Case("mse", .meanSquaredError, .values(3)), Case("mae", .meanAbsoluteError, .values(3)),
        Case("rmse", .rootMeanSquaredError, .values(3)),
    ]

    /// A bench whose output is `x`: the weights of a dense layer whose inputs pick one row each.
    private func bench(
        _ x: Fixture.Tensor, t: [Float], _ loss: Loss, _ metrics: [Metric], _ targets: TargetForm?,
        sizes: [Int]
    ) throws
        -> NetworkBench
    {
        let (samples, outputs) = (x.shape[0], x.shape[1])
        let bench = try NetworkBench(
            [NamedLayer("rows", .dense(units: outputs, bias: false, initializer: .zeros))],
            input: TensorShape([samples]), loss: loss,
            metrics: metrics, targets: targets, sizes: sizes, lanes: 2)
        let range = bench.plan.layout.tensors[0].range
        for (i, value) in x.values.enumerated() { bench.parameters.pointer[range.lowerBound + i] = value }
        let oneHot = (0..<(samples * samples)).map { Float($0 % (samples + 1) == 0 ? 1 : 0) }
        if case .values = targets {
            bench.load(oneHot, labels: [], values: t)
        } else {
            bench.load(oneHot, labels: t.map { Int($0) })
        }
        return bench
    }

    /// Losses of order 1 and gradients below 1, from a dozen float operations each.
    @Test(arguments: losses, [[17], [5, 1, 11], [4, 4, 4, 4, 1]])
    func agreesWithPyTorch(_ example: Case, sizes: [Int]) throws {
        let (fixture, name) = (try Fixture("losses.txt", in: "losses"), example.testDescription)
        let bench = try bench(
            fixture.tensor("\(name)/x"), t: fixture["\(name)/t"], example.loss, [], example.targets,
            sizes: sizes)
        let loss = try bench.step()
        expectClose([Float(loss)], try fixture["\(name)/loss"], tolerance: 1e-6, "\(name): loss")
        let range = bench.plan.layout.tensors[0].range
        let gradient = range.map { bench.gradient[$0] / 17 }
        expectClose(gradient, try fixture["\(name)/gradient"], tolerance: 2e-7, "\(name): gradient")
    }

    @Test func fusedLayersAreNotComputedTwice() throws {
        let dense = NamedLayer("a", .dense(units: 3, bias: true, initializer: .zeros))
        func count(_ last: LayerSpec, _ loss: Loss) throws -> Int {
            try NetworkPlan(layers: [dense, NamedLayer("b", last)], input: TensorShape([4]), loss: loss)
                .layers.count
        }
        #expect(try count(.softmax, .crossEntropy) == 1)
        #expect(try count(.softmax, Loss(.crossEntropy, labelSmoothing: 0.1)) == 1)
        #expect(try count(.activation(.sigmoid), .binaryCrossEntropy) == 1)
        #expect(try count(.softmax, .meanSquaredError) == 2)
        #expect(try count(.activation(.sigmoid), .meanSquaredError) == 2)
        #expect(try count(.activation(.sigmoid), .crossEntropy) == 2)
    }

    /// Nothing to learn from: no gradient, rather than one that is no number.
    @Test(arguments: [Loss.rootMeanSquaredError, Loss(.crossEntropy, classWeights: .values([0, 1]))])
    func aBatchWithoutLoss(loss: Loss) throws {
        let x = Fixture.Tensor(shape: [4, 2], values: [1, 0, 1, 0, 1, 0, 1, 0])
        let bench = try bench(x, t: [0, 0, 0, 0], loss, [], .classes(2), sizes: [3, 1])
        try bench.step()
        #expect(bench.plan.layout.tensors[0].range.allSatisfy { bench.gradient[$0] == 0 })
    }

    // MARK: Metrics

    static let classCases = [
        Case("classes", .crossEntropy, .classes(5)), Case("classes", .meanSquaredError, .classes(5)),
        Case("absent", Loss(.crossEntropy, labelSmoothing: 0.1), .classes(5)),
        Case("two", .crossEntropy, .classes(2)),
        Case("one_output", .binaryCrossEntropy, .classes(2)), Case("many", .binaryCrossEntropy, .values(3)),
    ]
    static let valueCases = [
        Case("values", .meanSquaredError, .values(3)), Case("values", .meanAbsoluteError, .values(3)),
        Case("column", .rootMeanSquaredError, .values(1)),
    ]

    @Test(arguments: classCases) func classMetricsAgreeWithScikitLearn(_ example: Case) throws {
        var metrics: [Metric] = [.f1, .accuracy, .recall, .precision]
        if case .classes(let count) = example.targets {
            metrics += [.confusionMatrix] + (2..<count).map { .top($0) }
        }
        let sums = try check(example, metrics, tolerance: 1e-7)
        guard case .classes(let count) = example.targets else { return }
        let expected = try Fixture("metrics.txt", in: "losses")["\(example.testDescription)/confusion_matrix"]
            .map { Int($0) }
        let layout = ReportLayout(
            loss: example.loss, metrics: metrics, targets: .classes(count), outputs: count, isEvaluation: true
        )
        #expect(layout.confusionMatrix(sums)?.flatMap { $0 } == expected)
    }

    /// Squared errors are summed in float over a row's outputs.
    @Test(arguments: valueCases) func valueMetricsAgreeWithScikitLearn(_ example: Case) throws {
        _ = try check(example, [.mae, .r2, .mse, .rmse], tolerance: 1e-6)
    }

    private func check(_ example: Case, _ metrics: [Metric], tolerance: Double) throws -> [Double] {
        let (fixture, name) = (try Fixture("metrics.txt", in: "losses"), example.testDescription)
        let t = try fixture["\(name)/t"]
        let bench = try bench(
            fixture.tensor("\(name)/x"), t: t, example.loss, metrics, example.targets, sizes: [20, 3, 38])
        if metrics.contains(.r2) { bench.center = Array(t[..<bench.plan.outputShape.count]) }
        try bench.forward(training: false)
        for metric in metrics where metric != .confusionMatrix {
            let value = try #require(
                bench.report.value(of: metric, in: bench.sums), "\(name): \(metric.name)")
            let expected = Double(try fixture["\(name)/\(metric.name)"][0])
            #expect(
                abs(value - expected) <= tolerance * max(1, abs(expected)),
                "\(name): \(metric.name) \(value), expected \(expected)")
        }
        return bench.sums
    }

    @Test func namesOfMetrics() {
        #expect(Metric.names.compactMap { Metric(name: $0)?.name } == Metric.names)
        #expect(Metric(name: "top_12") == .top(12))
        for bad in ["top_0", "top_", "top_05", "top_-1", "top_5.0", "Accuracy", "", "loss"] {
            #expect(Metric(name: bad) == nil, "\(bad)")
        }
    }

    // MARK: What is not finite

    @Test func theFirstLayerThatIsNotFiniteIsFound() throws {
        let layers = [
            NamedLayer("a", .dense(units: 3, bias: false, initializer: .zeros)),
            NamedLayer("b", .activation(.relu)),
            NamedLayer("c", .dense(units: 2, bias: false, initializer: .zeros)),
        ]
        func found(_ x: [Float], a: Float, c: Float) throws -> NonFinite? {
            let bench = try NetworkBench(layers, input: TensorShape([2]), loss: .crossEntropy, sizes: [3, 2])
            for i in bench.plan.layout.tensors[0].range { bench.parameters.pointer[i] = a }
            for (n, i) in bench.plan.layout.tensors[1].range.enumerated() {
                bench.parameters.pointer[i] = n % 2 == 0 ? c : -c
            }
            bench.load(x, labels: [1, 1, 1, 1, 1])
            let loss = try bench.forward()
            #expect(!loss.isFinite)
            return try bench.firstNonFinite
        }
        let x: [Float] = [1, 1, 1, 1, 1, 1, 1, 1, 2e3, 2e3]
        #expect(
            try found(x, a: 1e38, c: 1) == .layer(name: "a", localMicrobatch: 1, row: 1, value: .infinity))
        #expect(
            try found(x, a: 1, c: 1e35) == .layer(name: "c", localMicrobatch: 1, row: 1, value: .infinity))
        #expect(try found(x, a: 1, c: 2e34) == .loss(localMicrobatch: 1, row: 1))
        var bad = x
        bad[5] = .infinity
        #expect(try found(bad, a: 1, c: 1) == .input(localMicrobatch: 0, row: 2, column: 1, value: .infinity))
    }
}
