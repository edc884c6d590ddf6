import NeuralNetwork
import Testing

/// Values behind a flatten have PyTorch's order, whatever layer follows, against PyTorch itself.
@Suite struct PyTorchFlattenTests {
    private static func dense(_ units: Int) -> LayerSpec {
        .dense(units: units, bias: true, initializer: .zeros)
    }
    private static let norm = LayerSpec.batchNorm(momentum: 0.1, epsilon: 1e-5)

    private static func behind(_ name: String, _ layers: (String, LayerSpec)...) -> PyTorchLayerTests.Case {
        PyTorchLayerTests.Case(
            name, [2, 4, 3], .crossEntropy, [[13], [5, 1, 7]],
            [("flatten", .flatten)] + layers + [("head", dense(4))])
    }

    private static func network(_ name: String, _ layers: [NamedLayer]) -> PyTorchLayerTests.Case {
        PyTorchLayerTests.Case(
            name, [2, 4, 3], .crossEntropy, [[13], [6, 7]],
            [("net", .block([NamedLayer("flatten", .flatten)] + layers + [NamedLayer("head", dense(4))]))])
    }

    static let cases = [
        behind("dense"), behind("batch_norm", ("bn1", norm)),
        behind("layer_norm", ("bn1", .layerNorm(epsilon: 1e-5, hasScale: true, hasShift: true))),
        behind("softmax", ("act", .softmax)), behind("relu", ("act", .activation(.relu))),
        behind("gelu", ("act", .gelu(.exact))),
        behind("activation_and_batch_norm", ("act", .activation(.tanh)), ("bn1", norm)),
        behind("maxout", ("act", .maxout(pieces: 2))),
        network(
            "concat",
            [
                NamedLayer("side", dense(5)), NamedLayer("both", .concatenate, from: ["flatten", "side"]),
                NamedLayer("bn", norm),
            ]),
        network(
            "add",
            [
                NamedLayer("side", dense(24)), NamedLayer("sum", .add, from: ["flatten", "side"]),
                NamedLayer("tanh", .activation(.tanh)),
            ]),
        network(
            "residual",
            [
                NamedLayer("tanh", .activation(.tanh)),
                NamedLayer(
                    "block", .residual(body: [NamedLayer("dense1", dense(24))], shortcut: .identity)),
            ]),
        network(
            "branches",
            [
                NamedLayer(
                    "y",
                    .branches([[NamedLayer("act", .activation(.sigmoid))], [NamedLayer("a", dense(3))]]),
                    isScope: false)
            ]),
        PyTorchLayerTests.Case(
            "output", [2, 4, 3], .meanSquaredError, [[13], [6, 7]],
            [("bn1", norm), ("flatten", .flatten)]),
    ]

    @Test(arguments: cases, [1, 2])
    func agrees(_ example: PyTorchLayerTests.Case, lanes: Int) throws {
        let fixture = try Fixture("flatten.txt")
        for sizes in example.sizes {
            let bench = try NetworkBench(
                example.layers, input: TensorShape(example.input), loss: example.loss, sizes: sizes,
                lanes: lanes)
            try PyTorchLayerTests().check(bench, fixture, example.testDescription)
        }
    }

    /// Values are moved only where the order of PyTorch is needed.
    @Test func denseLayersTranslateInstead() throws {
        func moves(_ name: String) throws -> Bool {
            let example = try #require(Self.cases.first { $0.testDescription == name })
            return try NetworkPlan(
                layers: example.layers, input: TensorShape(example.input), loss: example.loss
            ).movesFlattenedValues
        }
        for name in ["dense", "softmax", "relu", "gelu"] { #expect(try !moves(name), "\(name)") }
        for name in ["batch_norm", "layer_norm", "maxout", "concat", "add", "residual", "branches", "output"]
        {
            #expect(try moves(name), "\(name)")
        }
    }

    /// The values of a sequence have one order, in memory and in PyTorch.
    @Test func sequencesAreNotTranslated() throws {
        let plan = try NetworkPlan(
            layers: [NamedLayer("flatten", .flatten), NamedLayer("head", Self.dense(2))],
            input: TensorShape([3, 4]), loss: .crossEntropy)
        #expect(plan.layout.tensors[0].storage == .dense(inputs: 12, outputs: 2, flattened: nil))
        #expect(plan.image(at: 1) == nil)
    }
}
