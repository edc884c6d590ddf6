import NeuralNetwork
import Testing

/// Convolutions and pools against PyTorch's, computed in double precision; parameters lie in files as PyTorch
/// has them.
@Suite struct PyTorchConvolutionTests {
    typealias Case = PyTorchLayerTests.Case

    private static func conv(
        _ channels: Int, _ window: Window, bias: Bool = true
    ) -> LayerSpec { .convolution(channels: channels, window: window, bias: bias, initializer: .zeros) }

    private static func explicit(_ top: Int, _ bottom: Int, _ left: Int, _ right: Int) -> Window.Padding {
        .explicit(top: top, bottom: bottom, left: left, right: right)
    }

    private static func dense(_ units: Int) -> LayerSpec {
        .dense(units: units, bias: true, initializer: .zeros)
    }
    private static let same3 = Window(3, stride: 1, padding: .same)
    private static let pointwise = Window(1)
    private static let head = [("flatten", LayerSpec.flatten), ("head", dense(3))]
    private static let globalHead = [("global", LayerSpec.globalPool(.average)), ("head", dense(3))]
    private static let tanh = ("act", LayerSpec.activation(.tanh))
    private static let norm = LayerSpec.batchNorm(momentum: 0.1, epsilon: 1e-5)

    static let cases = [
        Case(
            "same_3x3", [6, 5, 3], .crossEntropy, [[7], [3, 1, 3]],
            [("conv1", conv(4, same3)), tanh, ("conv2", conv(5, same3, bias: false))] + head),
        Case(
            "one_by_one", [4, 5, 3], .meanSquaredError, [[9], [2, 6, 1]],
            [
                ("conv1", conv(6, pointwise)), tanh, ("conv2", conv(4, pointwise, bias: false)),
                ("conv3", conv(3, Window(1, stride: 2))),
            ] + head),
        Case(
            "long_kernels", [5, 7, 2], .crossEntropy, [[6], [5, 1]],
            [
                ("conv1", conv(4, Window((1, 3), stride: (1, 1), padding: .same))),
                ("act", .activation(.sigmoid)),
                ("conv2", conv(3, Window((5, 1), stride: (1, 1), padding: .same))),
            ] + head),
        Case(
            "even_same", [5, 6, 2], .crossEntropy, [[6], [3, 3]],
            [
                ("conv1", conv(4, Window(2, stride: 1, padding: .same))), tanh,
                ("conv2", conv(3, Window(4, stride: 2, padding: .same))),
            ] + head),
        Case(
            "strides", [9, 8, 3], .meanSquaredError, [[5], [2, 3]],
            [
                ("conv1", conv(4, Window((3, 3), stride: (2, 1)))), tanh,
                ("conv2", conv(4, Window((2, 3), stride: (1, 2), padding: explicit(1, 1, 2, 2)))),
            ] + head),
        Case(
            "sides", [6, 5, 2], .crossEntropy, [[5], [4, 1]],
            [
                ("conv1", conv(3, Window(3, stride: 1, padding: explicit(1, 3, 0, 2)))), tanh,
                ("conv2", conv(2, Window(3, stride: 3, padding: explicit(4, 4, 4, 4)))),
            ] + head),
        Case(
            "alexnet_stem", [23, 19, 3], .crossEntropy, [[3], [1, 2]],
            [
                ("conv1", conv(4, Window(11, stride: 4, padding: explicit(2, 2, 2, 2)))), tanh,
                ("pool", .pool(.maximum, window: Window(3, stride: 2))),
            ] + head),
        Case(
            "wide", [5, 4, 20], .crossEntropy, [[5], [2, 2, 1]],
            [("conv1", conv(6, Window(5, stride: 1, padding: .same))), tanh, ("conv2", conv(17, same3))]
                + globalHead),
        Case(
            "max_pools", [9, 8, 3], .crossEntropy, [[6], [1, 5]],
            [
                ("conv1", conv(4, pointwise)),
                ("pool1", .pool(.maximum, window: Window(3, stride: 1, padding: .same))),
                ("conv2", conv(4, pointwise)),
                (
                    "pool2",
                    .pool(
                        .maximum,
                        window: Window((2, 3), stride: (2, 2), padding: explicit(0, 0, 1, 1), roundsUp: true))
                ),
                ("conv3", conv(3, pointwise)), ("pool3", .pool(.maximum, window: Window(2))),
            ] + head),
        Case(
            "average_pools", [9, 8, 3], .meanSquaredError, [[6], [2, 4]],
            [
                ("conv1", conv(4, pointwise)),
                ("pool1", .pool(.average, window: Window(3, stride: 2, padding: explicit(1, 1, 1, 1)))),
                tanh,
                (
                    "pool2",
                    .pool(
                        .average,
                        window: Window((2, 3), stride: (1, 2), padding: explicit(1, 1, 0, 0), roundsUp: true))
                ),
                ("conv2", conv(3, pointwise)), ("pool3", .pool(.average, window: Window(2))),
            ] + head),
        Case(
            "network", [8, 8, 3], .crossEntropy, [[12], [5, 1, 6]],
            [
                ("conv1", conv(6, same3, bias: false)), ("bn1", norm), ("relu1", .activation(.relu)),
                ("pool", .pool(.maximum, window: Window(2))), ("conv2", conv(8, same3, bias: false)),
                ("bn2", norm),
                ("relu2", .activation(.relu)),
            ] + globalHead),
    ]

    @Test(arguments: cases, [1, 3])
    func agrees(_ example: Case, lanes: Int) throws {
        let fixture = try Fixture("convolutions.txt")
        for sizes in example.sizes {
            let bench = try NetworkBench(
                example.layers, input: TensorShape(example.input), loss: example.loss, sizes: sizes,
                lanes: lanes)
            try PyTorchLayerTests().check(bench, fixture, example.testDescription)
        }
    }
}
