import NeuralNetwork
import Testing

/// Recurrent layers, convolutions along positions and pools on sequences of unequal lengths against PyTorch.
@Suite struct PyTorchSequenceLayerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let layers: [NamedLayer]

        init(_ name: String, _ layer: LayerSpec, _ pool: [NamedLayer] = []) {
            testDescription = name
            layers =
                [NamedLayer("dense1", dense(6)), NamedLayer("layer", layer)]
                + (name.hasPrefix("conv1d") ? [NamedLayer("layer.relu", .activation(.relu))] : [])
                + pool + [NamedLayer("head", dense(3))]
        }
    }

    private static func recurrent(
        _ cell: RecurrentOptions.Cell, _ units: Int, layers: Int = 1, both: Bool = false, last: Bool = false
    ) -> LayerSpec {
        var options = RecurrentOptions(cell, units: units)
        (options.layers, options.isBidirectional, options.hasAllOutputs) = (layers, both, !last)
        return .recurrent(options)
    }

    private static func convolution(_ kernel: Int, isCausal: Bool = false, bias: Bool = true) -> LayerSpec {
        .sequenceConvolution(
            channels: 8, kernel: kernel, isCausal: isCausal, bias: bias, initializer: .zeros)
    }

    private static func pool(_ function: GlobalPoolFunction) -> [NamedLayer] {
        [NamedLayer("pool", .globalPool(function))]
    }

    static let cases = [
        Case("rnn_tanh", recurrent(.tanh, 7), pool(.average)),
        Case("rnn_relu", recurrent(.relu, 7, both: true, last: true)),
        Case("lstm", recurrent(.lstm, 17), pool(.maximum)),
        Case("lstm_last", recurrent(.lstm, 7, layers: 2, last: true)),
        Case("gru", recurrent(.gru, 7, layers: 2, both: true), pool(.lastPosition)),
        Case("gru_last", recurrent(.gru, 20, both: true, last: true)),
        Case("conv1d", convolution(3), pool(.maximum)),
        Case("conv1d_even", convolution(4, bias: false), pool(.average)),
        Case(
            "conv1d_causal", convolution(3, isCausal: true),
            [
                NamedLayer("first", .globalPool(.firstPosition), from: ["layer"]),
                NamedLayer("last", .globalPool(.lastPosition), from: ["layer"]),
                NamedLayer("sum", .add, from: ["first", "last"]),
            ]),
    ]

    private static let sizes = [[7], [2, 5], [1, 2, 1, 3]]

    /// Values and sums are as those of `PyTorchLayerTests`.
    private static let tolerance = 1e-5

    @Test(arguments: cases, [1, 2])
    func agrees(_ example: Case, lanes: Int) throws {
        let (fixture, name) = (try Fixture("sequence_layers.txt"), example.testDescription)
        let lengths = try fixture["lengths"].map { Int($0) }
        for sizes in Self.sizes {
            // Values that one layer leaves in memory that it does not own must not reach another.
            let bench = try SequenceBench(
                example.layers, channels: 5, longest: 9, classes: 3, sizes: sizes, lanes: lanes,
                Network.Options(poison: .nan))
            for tensor in bench.plan.layout.tensors {
                let stored = try fixture.tensor("\(name)/\(tensor.name)")
                #expect(stored.shape == tensor.storage.fileShape)
                bench.set(tensor, stored.values)
            }
            bench.load(
                try fixture["\(name)/x"], lengths: lengths,
                labels: try fixture["\(name)/labels"].map { Int($0) })
            let loss = try bench.step()
            expectClose(
                bench.output, try fixture["\(name)/output"], tolerance: Self.tolerance, "\(name): output")
            expectClose(
                [Float(loss)], try fixture["\(name)/loss"], tolerance: Self.tolerance, "\(name): loss")
            for tensor in bench.plan.layout.tensors {
                expectClose(
                    bench.tensor(tensor, of: bench.gradient).map { $0 / Float(bench.samples) },
                    try fixture["\(name)/gradient/\(tensor.name)"], tolerance: Self.tolerance,
                    "\(name): gradient of \(tensor.name)")
            }
        }
    }

    /// The gradient's bits do not depend on the lanes.
    @Test(arguments: cases)
    func lanesChangeNoBit(_ example: Case) throws {
        let (fixture, name) = (try Fixture("sequence_layers.txt"), example.testDescription)
        let gradients = try [1, 2, 3].map { lanes in
            let bench = try SequenceBench(
                example.layers, channels: 5, longest: 9, classes: 3, sizes: [2, 5], lanes: lanes)
            bench.plan.layout.initialize(bench.parameters.pointer, seed: 5)
            bench.load(
                try fixture["\(name)/x"], lengths: try fixture["lengths"].map { Int($0) },
                labels: try fixture["\(name)/labels"].map { Int($0) })
            _ = try bench.step()
            return bench.plan.layout.tensors.flatMap {
                bench.tensor($0, of: bench.gradient).map(\.bitPattern)
            }
        }
        #expect(gradients[0].contains { $0 != 0 })
        #expect(gradients[0] == gradients[1])
        #expect(gradients[0] == gradients[2])
    }
}

private func dense(_ units: Int) -> LayerSpec { .dense(units: units, bias: true, initializer: .zeros) }
