import Kernels
import NeuralNetwork
import Testing

/// Twenty updates of recurrent networks on sequences of unequal lengths, from PyTorch's weights and on its
/// batches.
@Suite struct PyTorchRecurrentTrainingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let layers: [NamedLayer]
        /// Numbers at a position.
        let channels: Int
        let classes: Int
    }

    static let cases = [
        Case(
            testDescription: "lstm",
            layers: [
                NamedLayer("embedding", .embedding(entries: 11, width: 6, initializer: .zeros)),
                NamedLayer("lstm", recurrent(.lstm, units: 7, isBidirectional: true)),
                NamedLayer("head", .dense(units: 4, bias: true, initializer: .zeros)),
            ],
            channels: 1, classes: 4),
        Case(
            testDescription: "gru",
            layers: [
                NamedLayer("gru", recurrent(.gru, units: 9)),
                NamedLayer("head", .dense(units: 3, bias: true, initializer: .zeros)),
            ],
            channels: 5, classes: 3),
    ]

    private static func recurrent(
        _ cell: RecurrentOptions.Cell, units: Int, isBidirectional: Bool = false
    ) -> LayerSpec {
        var options = RecurrentOptions(cell, units: units)
        (options.layers, options.isBidirectional, options.hasAllOutputs) = (2, isBidirectional, false)
        return .recurrent(options)
    }

    private static let optimizers: [String: Optimizer] = [
        "sgd": .gradientDescent(learningRate: 0.1),
        "adam": .adam(learningRate: 0.002, beta1: 0.9, beta2: 0.999, epsilon: 1e-8),
    ]

    /// Ways to cut a batch of 6 samples into microbatches.
    private static let sizes = [[6], [1, 3, 2]]

    /// Each tensor is compared with PyTorch's in float64: after SGD it is within 2e-6; after Adam, which
    /// divides gradients by their sizes, within ten times the distance of PyTorch's own float32.
    @Test(arguments: cases, ["sgd", "adam"])
    func twentySteps(_ example: Case, rule: String) throws {
        let fixture = try Fixture("\(example.testDescription).txt", in: "sequences")
        let optimizer = try #require(Self.optimizers[rule])
        let lengths = try fixture["lengths"].map { Int($0) }
        for sizes in Self.sizes {
            let bench = try SequenceBench(
                example.layers, channels: example.channels, longest: lengths.max() ?? 0,
                classes: example.classes, sizes: sizes, lanes: 2)
            let tensors = bench.plan.layout.tensors
            for tensor in tensors {
                let stored = try fixture.tensor(tensor.name)
                #expect(stored.shape == tensor.storage.fileShape)
                bench.set(tensor, stored.values)
            }
            let losses = try Self.train(bench, optimizer, fixture, lengths)
            expectClose(losses, try fixture["\(rule)/losses"], tolerance: 2e-6, "losses")
            for tensor in tensors {
                let bound = rule == "sgd" ? 2e-6 : 10 * Double(try fixture["adam/distance/\(tensor.name)"][0])
                expectClose(
                    bench.tensor(tensor, of: bench.parameters.pointer),
                    try fixture["\(rule)/trained/\(tensor.name)"], tolerance: bound, tensor.name)
            }
        }
    }

    /// Returns the mean loss of each step before its update.
    private static func train(
        _ bench: SequenceBench, _ optimizer: Optimizer, _ fixture: Fixture, _ lengths: [Int]
    ) throws -> [Float] {
        let (x, labels) = (try fixture["x"], try fixture["labels"].map { Int($0) })
        let (channels, count) = (bench.plan.inputShape.channels, bench.plan.layout.flatCount)
        let moments = optimizer.momentNames.map { _ in FloatBuffer(count: count) }
        var first = 0
        return try (1...20).map { step in
            let samples = ((step - 1) * bench.samples)..<(step * bench.samples)
            let end = first + lengths[samples].reduce(0, +)
            bench.load(
                Array(x[(first * channels)..<(end * channels)]), lengths: Array(lengths[samples]),
                labels: Array(labels[samples]))
            first = end
            let loss = Float(try bench.step())
            optimizer.update(
                bench.parameters.pointer, gradient: bench.gradient, moments: { moments[$0].pointer },
                count: count, optimizer.scalars(step: step, scale: 1 / Float(bench.samples)))
            return loss
        }
    }
}
