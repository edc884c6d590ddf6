import Kernels
import NeuralNetwork
import Testing

/// Every gradient against the slope of the loss.
///
/// The stencil (8(f₊₁ − f₋₁) − (f₊₂ − f₋₂)) / 12h errs by h⁴/30 · f⁽⁵⁾, 2e-9 f⁽⁵⁾ at h = 2⁻⁶, and by 1.5 δ/h
/// where δ is the rounding error of f. f is a mean of losses near 1 from float arithmetic, summed in double:
/// δ ≈ 2e-7 and 1.5 δ/h ≈ 2e-5. With 5e-4 there is room for both (the fifth derivatives of one batch norm
/// behind another reach 3e4), and gradients, of order 0.1, that lack a term are off by far more.
@Suite struct FiniteDifferenceTests {
    private static let h: Float = 0x1p-6
    private static let tolerance = 5e-4

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let input: [Int]
        let layers: [NamedLayer]

        init(_ name: String, _ input: [Int], _ specs: [LayerSpec]) {
            (testDescription, self.input) = (name, input)
            layers = specs.enumerated().map { NamedLayer("layer\($0.offset)", $0.element) }
        }
    }

    private static func dense(_ units: Int, _ bias: Bool = true) -> LayerSpec {
        .dense(units: units, bias: bias, initializer: .xavierNormal)
    }
    private static func conv(_ channels: Int, _ window: Window, bias: Bool = true) -> LayerSpec {
        .convolution(channels: channels, window: window, bias: bias, initializer: .xavierNormal)
    }
    private static let norm = LayerSpec.batchNorm(momentum: 0.1, epsilon: 1e-2)

    static let cases = [
        Case("dense", [5], [dense(6), dense(3)]),
        Case("dense without bias", [5], [dense(6, false), dense(3, false)]),
        Case("sigmoid", [5], [dense(4), .activation(.sigmoid), dense(3)]),
        Case("tanh", [5], [dense(4), .activation(.tanh), dense(3)]),
        Case("gelu", [5], [dense(4), .gelu(.exact), dense(3)]),
        Case("gelu tanh", [5], [dense(4), .gelu(.tanh), dense(3)]),
        Case(
            "layer norm", [5],
            [dense(4), .layerNorm(epsilon: 0.1, hasScale: true, hasShift: true), .gelu(.exact), dense(3)]),
        Case(
            "layer norm without parameters", [5],
            [dense(6, false), .layerNorm(epsilon: 0.1, hasScale: false, hasShift: false), dense(3)]),
        Case(
            "layer norm, images", [2, 3, 3],
            [
                conv(4, Window(2, stride: 1, padding: .same)),
                .layerNorm(epsilon: 0.1, hasScale: true, hasShift: false), .gelu(.tanh), .flatten, dense(3),
            ]),
        Case("softmax", [5], [dense(4), .softmax, dense(3)]),
        Case("softmax last", [5], [dense(3), .softmax]),
        Case("batch norm", [5], [dense(4, false), norm, .activation(.tanh), dense(3)]),
        Case(
            "batch norm first, images", [2, 3, 3], [norm, .activation(.sigmoid), norm, .flatten, dense(3)]),
        Case("batch norm last", [4], [dense(3, false), norm]),
        Case(
            "convolutions", [4, 3, 2],
            [
                conv(3, Window(3, stride: 1, padding: .same)), .activation(.tanh),
                conv(2, Window((2, 1), stride: (2, 1)), bias: false),
                norm, conv(3, Window(1)), .globalPool(.average),
            ]),
        Case(
            "average pool", [4, 5, 1],
            [
                conv(3, Window(2, stride: 1)), .activation(.sigmoid),
                .pool(.average, window: Window(2, stride: 1, padding: .same)),
                .flatten, dense(3),
            ]),
        Case(
            "deep", [6],
            [
                dense(5, false), norm, .activation(.sigmoid), dense(4), .activation(.tanh), dense(4, false),
                norm, dense(3),
            ]),
    ]

    static let joins: [Case] = {
        let residual = LayerSpec.residual(
            body: [NamedLayer("a", dense(4)), NamedLayer("b", .activation(.tanh))], shortcut: .automatic)
        let branches = LayerSpec.branches([
            [NamedLayer("a", dense(2))], [NamedLayer("b", .activation(.tanh))],
            [
                NamedLayer("c", dense(3, false)), NamedLayer("d", norm),
                NamedLayer("e", .activation(.sigmoid)),
            ],
        ])
        return [
            Case("dropout", [5], [dense(6), .dropout(rate: 0.4), .activation(.tanh), dense(3)]),
            Case(
                "batch norm per microbatch", [5],
                [dense(4), .batchNorm(momentum: 0.1, epsilon: 1e-2, synchronized: false), dense(3)]),
            Case("residual", [5], [dense(3), residual, dense(3)]),
            Case("branches behind a flatten", [2, 2, 2], [norm, .flatten, branches, residual, dense(3)]),
        ]
    }()

    /// Without the absolute error, which has kinks: the PyTorch fixtures check it.
    static let losses = [
        Loss.crossEntropy, Loss(.crossEntropy, labelSmoothing: 0.2, classWeights: .values([1, 0.25, 3])),
        .binaryCrossEntropy,
        Loss(.binaryCrossEntropy, classWeights: .values([2, 1, 0.5]), positiveWeights: [3]),
        .meanSquaredError, .rootMeanSquaredError,
    ]

    static let microbatches = [[13], [5, 4, 1, 3], [1, 6, 6]]

    @Test(arguments: cases + joins, losses)
    func gradients(_ example: Case, loss: Loss) throws {
        for sizes in Self.microbatches {
            var bits: [[UInt32]] = []
            for lanes in 1...2 {
                let bench = try NetworkBench(
                    example.layers, input: TensorShape(example.input), loss: loss, sizes: sizes, lanes: lanes)
                var random = RandomStream(seed: 5, purpose: .test, major: example.layers.count)
                Self.randomize(bench, &random)
                bits.append(try check(bench, "\(loss) \(sizes) lanes \(lanes)"))
            }
            #expect(bits[0] == bits[1], "lanes change no bit")
        }
    }

    /// A ReLU has no slope at 0. With one-hot samples and no bias its inputs are the weights themselves,
    /// which stay at least 2h away from 0.
    @Test(arguments: losses) func relu(loss: Loss) throws {
        for sizes in [[7], [3, 1, 3]] {
            let bench = try NetworkBench(
                [
                    NamedLayer("dense1", Self.dense(6, false)), NamedLayer("relu", .activation(.relu)),
                    NamedLayer("dense2", Self.dense(3)),
                ], input: TensorShape([7]), loss: loss, sizes: sizes, lanes: 2)
            var random = RandomStream(seed: 6, purpose: .test)
            Self.randomize(bench, &random)
            let weight = bench.plan.layout.tensors[0].range
            for i in weight {
                bench.parameters.pointer[i] = Float(
                    (0.2 + random.uniform()) * (random.below(2) == 0 ? 1 : -1))
            }
            let oneHot = (0..<49).map { Float($0 % 8 == 0 ? 1 : 0) }
            bench.load(oneHot, labels: (0..<7).map { $0 % 3 })
            _ = try check(bench, "\(loss) \(sizes)")
        }
    }

    /// Which pixel is the largest of `y = wx` depends on the signs of w and x alone; w stays at least 2h away
    /// from 0, and no two x are equal.
    @Test(arguments: losses) func maxPool(loss: Loss) throws {
        for sizes in [[7], [3, 1, 3]] {
            let bench = try NetworkBench(
                [
                    NamedLayer("conv1", Self.conv(4, Window(1), bias: false)),
                    NamedLayer(
                        "pool", .pool(.maximum, window: Window((3, 2), stride: (2, 1), padding: .same))),
                    NamedLayer("flatten", .flatten), NamedLayer("dense1", Self.dense(3)),
                ], input: TensorShape([4, 3, 1]), loss: loss, sizes: sizes, lanes: 2)
            var random = RandomStream(seed: 7, purpose: .test)
            Self.randomize(bench, &random)
            for i in bench.plan.layout.tensors[0].range {
                bench.parameters.pointer[i] = Float((0.2 + random.uniform()) * (i % 2 == 0 ? 1 : -1))
            }
            _ = try check(bench, "\(loss) \(sizes)")
        }
    }

    private static func randomize(_ bench: NetworkBench, _ random: inout RandomStream) {
        for tensor in bench.plan.layout.tensors {
            let center = tensor.role == .gain ? 1.0 : 0
            for i in tensor.range { bench.parameters.pointer[i] = Float(center + 0.5 * random.normal()) }
        }
        let values = bench.batchSize * bench.plan.inputShape.count
        let x = (0..<values).map { _ in Float(random.normal()) }
        bench.load(x, labels: (0..<bench.batchSize).map { _ in random.below(3) })
    }

    /// Compares all gradients; returns their bits.
    private func check(_ bench: NetworkBench, _ what: String) throws -> [UInt32] {
        try bench.step()
        let layout = bench.plan.layout
        let gradient = (0..<layout.usedCount).map { bench.gradient[$0] }
        var largest = 0.0
        for tensor in layout.tensors {
            for i in tensor.range {
                let slope = try Self.slope(bench, i)
                let own = Double(gradient[i]) / Double(bench.batchSize)
                largest = max(largest, abs(own))
                #expect(
                    abs(own - slope) <= Self.tolerance,
                    "\(what): \(tensor.name)[\(i - tensor.range.lowerBound)]")
            }
        }
        #expect(largest > 20 * Self.tolerance, "\(what): the gradients are large enough to be wrong")
        // The padding between tensors stays zero: it is summed, sent and updated like the rest.
        let used = layout.tensors.reduce(into: Set<Int>()) { $0.formUnion($1.range) }
        #expect(gradient.indices.allSatisfy { used.contains($0) || gradient[$0] == 0 })
        let firsts = bench.plan.layers.filter { $0.parameters > 0 }.map(\.firstParameter)
        #expect(bench.completedOffsets == Array(firsts.reversed()))
        #expect(bench.completedOffsets.last == 0)
        return gradient.map(\.bitPattern)
    }

    private static func slope(_ bench: NetworkBench, _ i: Int) throws -> Double {
        let place = bench.parameters.pointer + i
        let value = place.pointee
        defer { place.pointee = value }
        func loss(_ offset: Float) throws -> (x: Double, f: Double) {
            place.pointee = value + offset
            return (Double(place.pointee), try bench.forward())
        }
        let (a, b, c, d) = (try loss(-2 * h), try loss(-h), try loss(h), try loss(2 * h))
        // The steps as they are after rounding.
        let (inner, outer) = ((c.f - b.f) / (c.x - b.x), (d.f - a.f) / (d.x - a.x))
        return (4 * inner - outer) / 3
    }
}
