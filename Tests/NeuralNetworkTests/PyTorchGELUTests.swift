import NeuralNetwork
import Testing

/// GELU and layer normalisation against PyTorch's, computed in double precision.
@Suite struct PyTorchGELUTests {
    private static func dense(_ units: Int) -> LayerSpec {
        .dense(units: units, bias: true, initializer: .zeros)
    }

    private static func norm(_ epsilon: Double = 1e-5, scale: Bool = true, shift: Bool = true) -> LayerSpec {
        .layerNorm(epsilon: epsilon, hasScale: scale, hasShift: shift)
    }

    static let cases = [
        PyTorchLayerTests.Case(
            "gelu", [6], .crossEntropy, [[13], [3, 3, 3, 4]],
            [("dense1", dense(9)), ("act", .gelu(.exact)), ("dense2", dense(4))]),
        PyTorchLayerTests.Case(
            "gelu_tanh", [6], .meanSquaredError, [[13], [1, 12]],
            [("dense1", dense(9)), ("act", .gelu(.tanh)), ("dense2", dense(4))]),
        PyTorchLayerTests.Case(
            "layer_norm", [6], .crossEntropy, [[13], [6, 2, 5]],
            [("dense1", dense(21)), ("bn", norm()), ("act", .gelu(.exact)), ("dense2", dense(4))]),
        PyTorchLayerTests.Case(
            "layer_norm_plain", [6], .crossEntropy, [[13], [7, 6]],
            [("dense1", dense(16)), ("bn", norm(1e-2, scale: false, shift: false)), ("dense2", dense(4))]),
        PyTorchLayerTests.Case(
            "layer_norm_scale", [6], .crossEntropy, [[13], [7, 6]],
            [
                ("dense1", dense(5)), ("bn", norm(1e-3, shift: false)), ("act", .activation(.tanh)),
                ("dense2", dense(4)),
            ]),
        PyTorchLayerTests.Case(
            "layer_norm_images", [5, 4, 3], .crossEntropy, [[9], [2, 3, 4]],
            [
                (
                    "conv1",
                    .convolution(
                        channels: 10, window: Window(3, stride: 1, padding: .same), bias: true,
                        initializer: .zeros)
                ),
                ("bn1", norm()), ("act", .gelu(.exact)), ("bn2", norm(1e-3)), ("flatten", .flatten),
                ("dense1", dense(4)),
            ]),
    ]

    @Test(arguments: cases, [1, 2])
    func agrees(_ example: PyTorchLayerTests.Case, lanes: Int) throws {
        let fixture = try Fixture("gelu_layer_norm.txt")
        for sizes in example.sizes {
            let bench = try NetworkBench(
                example.layers, input: TensorShape(example.input), loss: example.loss, sizes: sizes,
                lanes: lanes)
            try PyTorchLayerTests().check(bench, fixture, example.testDescription)
        }
    }
}
