import NeuralNetwork

/// A layer of a model in config/bench, with the samples of one of its two microbatches.
struct BenchLayer {
    let model: String
    let name: String
    let spec: LayerSpec
    let input: [Int]
    /// Samples.
    let rows: Int

    static let all: [BenchLayer] =
        mlp + cnn + resnet("resnet20", rows: 64, widths: [16, 32, 64])
        + resnet("resnet18", rows: 32, widths: [64, 128, 256, 512])

    private static let mlp = [
        dense(of: "mlp", 784, 1024, rows: 128), dense(of: "mlp", 1024, 1024, rows: 128),
        dense(of: "mlp", 1024, 10, rows: 128),
    ]
    private static let cnn = [
        convolution(of: "cnn", 1, 32, size: 28, rows: 128),
        convolution(of: "cnn", 32, 64, size: 14, rows: 128),
        dense(of: "cnn", 3136, 128, rows: 128), dense(of: "cnn", 128, 10, rows: 128),
    ]

    /// The different layers of a network of residual blocks: each group of blocks but the first halves the
    /// images, in the blocks' first convolution and in their shortcut.
    private static func resnet(_ model: String, rows: Int, widths: [Int]) -> [BenchLayer] {
        var size = 32
        var layers = [convolution(of: model, 3, widths[0], size: size, rows: rows)]
        for (index, width) in widths.enumerated() {
            if index > 0 {
                let before = widths[index - 1]
                layers += [3, 1].map {
                    convolution(of: model, before, width, size: size, kernel: $0, stride: 2, rows: rows)
                }
                size /= 2
            }
            layers.append(convolution(of: model, width, width, size: size, rows: rows))
        }
        return layers + [dense(of: model, widths[widths.count - 1], 10, rows: rows)]
    }

    private static func dense(of model: String, _ inputs: Int, _ outputs: Int, rows: Int) -> BenchLayer {
        BenchLayer(
            model: model, name: "dense \(inputs) → \(outputs)",
            spec: .dense(units: outputs, bias: true, initializer: .zeros), input: [inputs], rows: rows)
    }

    /// - Parameter size: height and width of the images.
    private static func convolution(
        of model: String, _ inputs: Int, _ outputs: Int, size: Int, kernel: Int = 3, stride: Int = 1,
        rows: Int
    ) -> BenchLayer {
        let padding = kernel / 2
        let window = Window(
            (kernel, kernel), stride: (stride, stride),
            padding: .explicit(top: padding, bottom: padding, left: padding, right: padding))
        let strided = stride == 1 ? "" : " / \(stride)"
        return BenchLayer(
            model: model,
            name: "conv \(kernel)×\(kernel)\(strided) \(size)×\(size), \(inputs) → \(outputs)",
            spec: .convolution(channels: outputs, window: window, bias: false, initializer: .zeros),
            input: [size, size, inputs], rows: rows)
    }
}
