import NeuralNetwork
import Testing

/// Networks with joins, and single activations, against PyTorch.
@Suite struct PyTorchGraphTests {
    private static func dense(_ units: Int, _ bias: Bool = true) -> LayerSpec {
        .dense(units: units, bias: bias, initializer: .zeros)
    }
    private static let tanh = LayerSpec.activation(.tanh)

    private static func single(_ name: String, _ units: Int, _ activation: LayerSpec)
        -> PyTorchLayerTests.Case
    {
        PyTorchLayerTests.Case(
            name, [6], .crossEntropy, [[17], [5, 1, 11]],
            [("dense1", dense(units)), ("act", activation), ("dense2", dense(4))])
    }

    private static let residual = LayerSpec.block([
        NamedLayer("dense1", dense(7)), NamedLayer("tanh1", tanh),
        NamedLayer(
            "inner",
            .residual(
                body: [
                    NamedLayer("dense1", dense(7)), NamedLayer("tanh1", tanh), NamedLayer("dense2", dense(7)),
                ], shortcut: .identity)),
        NamedLayer("tanh2", tanh),
        NamedLayer(
            "down",
            .residual(
                body: [
                    NamedLayer("dense1", dense(5, false)),
                    NamedLayer("bn1", .batchNorm(momentum: 0.1, epsilon: 1e-5)),
                    NamedLayer("tanh1", tanh),
                ], shortcut: .automatic)),
        NamedLayer("relu", .activation(.relu)), NamedLayer("head", dense(3)),
    ])

    private static let branches = LayerSpec.block([
        NamedLayer("stem", dense(5)),
        NamedLayer(
            "y",
            .branches([
                [NamedLayer("a", dense(4))],
                [
                    NamedLayer("b1", dense(6)), NamedLayer("act", .activation(.sigmoid)),
                    NamedLayer("b2", dense(2)),
                ],
                [NamedLayer("tanh", tanh)],
            ]), isScope: false),
        NamedLayer("merge", dense(5)), NamedLayer("side", dense(5), from: ["stem"]),
        NamedLayer("total", .add, from: ["merge", "side", "stem"]),
        NamedLayer("tanh2", tanh, from: ["merge"]),
        NamedLayer("both", .concatenate, from: ["total", "tanh2"]), NamedLayer("head", dense(4)),
    ])

    static let cases = [
        single("leaky_relu", 9, .activation(.leakyReLU(slope: 0.2))),
        single("elu", 9, .activation(.elu(alpha: 0.7))),
        single("maxout", 12, .maxout(pieces: 3)),
        PyTorchLayerTests.Case("residual", [6], .crossEntropy, [[17], [4, 6, 7]], [("net", residual)]),
        PyTorchLayerTests.Case("branches", [6], .crossEntropy, [[17], [8, 9]], [("net", branches)]),
    ]

    @Test(arguments: cases, [1, 2])
    func agrees(_ example: PyTorchLayerTests.Case, lanes: Int) throws {
        let fixture = try Fixture("graph.txt")
        for sizes in example.sizes {
            let bench = try NetworkBench(
                example.layers, input: TensorShape(example.input), loss: example.loss, sizes: sizes,
                lanes: lanes)
            try PyTorchLayerTests().check(bench, fixture, example.testDescription)
        }
    }
}
