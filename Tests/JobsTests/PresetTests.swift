import Jobs
import Kernels
import NeuralNetwork
import System
import TestSupport
import Testing
import Training

/// The presets against what is published about the networks.
@Suite struct PresetTests {
    private static func plan(_ name: String, classes: Int? = nil, input: [Int]) throws -> NetworkPlan {
        let layers = try load(
            config(["model": "[{preset: \"\(name)\"\(classes.map { ", classes: \($0)" } ?? "")}]"])
        ).job.layers
        return try NetworkPlan(layers: layers, input: TensorShape(input), loss: .crossEntropy)
    }

    /// Parameters: torchvision's documentation; for the original AlexNet without groups, LeNet-5 and the
    /// CIFAR networks the papers' tables; nanoGPT's and Hugging Face's counts of the language models.
    @Test(arguments: [
        ("lenet5", [28, 28, 1], 61_706), ("alexnet", [224, 224, 3], 61_100_840),
        ("alexnet_original", [227, 227, 3], 62_378_344),
        ("vgg11", [224, 224, 3], 132_863_336), ("vgg16", [224, 224, 3], 138_357_544),
        ("googlenet", [224, 224, 3], 6_624_904),
        ("resnet18", [224, 224, 3], 11_689_512), ("resnet50", [224, 224, 3], 25_557_032),
        ("gpt_nano", [64, 1], 804_096), ("gpt2", [1024, 1], 124_439_808), ("llama", [256, 1], 134_515_008),
    ])
    func parameters(name: String, input: [Int], expected: Int) throws {
        #expect(try Self.plan(name, input: input).layout.parameterCount == expected)
    }

    /// Sizes between the layers of the 2012 network: 55, 27, 13 and 6 pixels with 96, 256, 384 and 256
    /// channels.
    @Test func shapesOfAlexNet() throws {
        let plan = try Self.plan("alexnet_original", input: [227, 227, 3])
        let shapes = Dictionary(uniqueKeysWithValues: plan.layers.map { ($0.name, $0.output.dimensions) })
        #expect(
            shapes["conv1"] == [55, 55, 96] && shapes["conv2"] == [27, 27, 256]
                && shapes["conv4"] == [13, 13, 384])
        #expect(shapes["max_pool3"] == [6, 6, 256] && shapes["fc6"] == [4096])
    }

    /// Multiplications count 1 with their addition in the tables: 15.47 · 10⁹ for VGG-16, 4.09 · 10⁹ for
    /// ResNet-50, 1.81 · 10⁹ for ResNet-18 (torchvision).
    @Test(arguments: [("vgg16", 15.47), ("resnet50", 4.09), ("resnet18", 1.81)])
    func operations(name: String, expected: Double) throws {
        let plan = try Self.plan(name, input: [224, 224, 3])
        let multiplications = plan.layers.reduce(0.0) { sum, layer in
            switch layer.spec {
            case .convolution, .dense: sum + Double(layer.operations) / 2
            default: sum
            }
        }
        #expect(abs(multiplications / 1e9 - expected) < 0.015, "\(multiplications)")
    }

    /// Araujo et al., https://distill.pub/2019/computing-receptive-fields: 212 for VGG-16's last pool, 195
    /// for AlexNet's. ResNet-18: 435; ResNet-50, whose published 483 is for strides in the first 1×1
    /// convolution of a block: 427 with torchvision's, in the 3×3 one.
    @Test(arguments: [
        ("vgg16", "max_pool5", 212), ("resnet18", "layer4.1.conv2", 435), ("resnet50", "layer4.2.conv3", 427),
        ("alexnet", "max_pool3", 195),
    ])
    func receptiveFields(name: String, layer: String, expected: Int) throws {
        let plan = try Self.plan(name, input: [224, 224, 3])
        #expect(plan.layers.first { $0.name == layer }?.field.height == expected)
    }

    /// Names and shapes are torchvision's, and weights from a formula give PyTorch's logits.
    @Test func resNet18IsPyTorchs() async throws {
        try await onThread {
            let plan = try Self.plan("resnet18", input: [64, 64, 3])
            var shapes: [String: [Int]] = [:]
            for tensor in plan.layout.tensors { shapes[tensor.name] = tensor.storage.fileShape }
            for statistic in plan.layout.statistics { shapes[statistic.name] = [statistic.range.count] }
            let (parameters, statistics) = (
                FloatBuffer(count: plan.layout.flatCount), FloatBuffer(count: plan.layout.statisticsCount)
            )
            let lines = try ProjectFiles.text("Tests/Fixtures/resnet/tensors.txt").split(separator: "\n")
            for (seed, line) in lines.enumerated() {
                let words = line.split(separator: " ").map(String.init)
                if words[0].hasSuffix("num_batches_tracked") { continue }
                let shape = words[1].split(separator: "x").compactMap { Int($0) }
                #expect(shapes.removeValue(forKey: words[0]) == shape, "\(words[0])")
                let values = Self.values(words[0], shape, seed)
                if let tensor = plan.layout.tensors.first(where: { $0.name == words[0] }) {
                    tensor.storage.fromFile(values, parameters.pointer + tensor.range.lowerBound)
                } else if let statistic = plan.layout.statistics.first(where: { $0.name == words[0] }) {
                    for (i, value) in values.enumerated() {
                        statistics.pointer[statistic.range.lowerBound + i] = value
                    }
                }
            }
            #expect(shapes.isEmpty, "torchvision has no \(shapes.keys.sorted())")
            let logits = try Self.forward(plan, parameters, statistics)
            let expected = try ProjectFiles.text("Tests/Fixtures/resnet/resnet18.txt").split(separator: " ")
                .dropFirst(2).compactMap {
                    UInt32($0.filter { $0 != "\n" }, radix: 16).map(Float.init(bitPattern:))
                }
            #expect(expected.count == 2000)
            let worst = zip(logits, expected).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst < 1e-4, "the largest difference of logits between -16 and 17")
        }
    }

    /// The formula of make_resnet18.py.
    private static func madeUp(_ seed: Int, _ count: Int) -> [Double] {
        (0..<count).map { index in
            let mixed =
                ((UInt64(index) &+ UInt64(seed) &* 1_000_003) &* 6_364_136_223_846_793_005
                    &+ 1_442_695_040_888_963_407) >> 33
            return Double((mixed &* 2_654_435_761) & 0xFFFF_FFFF) / 0x1p31 - 1
        }
    }

    private static func values(_ name: String, _ shape: [Int], _ seed: Int) -> [Float] {
        let values = madeUp(seed, shape.reduce(1, *))
        if shape.count > 1 {
            let scale = (6 / Double(values.count / shape[0])).squareRoot()
            return values.map { Float($0 * scale) }
        }
        return name.hasSuffix("running_var") || name.hasSuffix("weight")
            ? values.map { Float(1 + $0 / 2) } : values.map { Float($0 * 0.25) }
    }

    private static func forward(_ plan: NetworkPlan, _ parameters: FloatBuffer, _ statistics: FloatBuffer)
        throws -> [Float]
    {
        let pool = LanePool(lanes: 2)
        defer { pool.close() }
        let network = Network(plan: plan, localMicrobatches: 1, rows: 2, lanes: pool, purpose: .evaluation)
        for (i, value) in madeUp(999, 2 * plan.inputShape.count).enumerated() {
            network.input.row(0)[i] = Float(value)
        }
        try network.forward(
            network.makePass(
                rows: MicrobatchRows([2]), parameters: parameters.pointer, statistics: statistics.pointer,
                training: nil))
        return (0..<2000).map { network.output.row(0)[$0] }
    }
}
