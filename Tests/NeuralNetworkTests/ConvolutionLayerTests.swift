import Kernels
import NeuralNetwork
import Testing

/// Convolutions that take several tiles, blocks and groups, against the definition in double precision.
@Suite struct ConvolutionLayerTests {
    private static let input = (height: 12, width: 11, channels: 3)
    private static let (hidden, outputs, side) = (20, 5, 5)
    private static let sizes = [21, 0, 2]

    private static func bench(lanes: Int) throws -> NetworkBench {
        let window = Window(side, stride: 1, padding: .same)
        let bench = try NetworkBench(
            [
                NamedLayer(
                    "conv1",
                    .convolution(channels: hidden, window: Window(1), bias: false, initializer: .heNormal)),
                NamedLayer(
                    "conv2",
                    .convolution(channels: outputs, window: window, bias: true, initializer: .heNormal)),
                NamedLayer("flatten", .flatten),
            ], input: TensorShape([input.height, input.width, input.channels]), loss: .meanSquaredError,
            sizes: sizes, lanes: lanes)
        bench.plan.layout.initialize(bench.parameters.pointer, seed: 2)
        var random = RandomStream(seed: 3, purpose: .test)
        bench.load(
            (0..<(bench.batchSize * bench.plan.inputShape.count)).map { _ in Float(random.normal()) },
            labels: (0..<bench.batchSize).map { _ in random.below(input.height * input.width * outputs) })
        return bench
    }

    /// Two passes: what a step leaves behind must not show in the next.
    @Test func lanesChangeNoBit() throws {
        var bits: [[UInt32]] = []
        for lanes in 1...3 {
            let bench = try Self.bench(lanes: lanes)
            for _ in 0..<2 {
                try bench.step()
                bits.append(
                    (bench.output + (0..<bench.plan.layout.usedCount).map { bench.gradient[$0] }).map(
                        \.bitPattern))
            }
        }
        #expect(bits.allSatisfy { $0 == bits[0] })
    }

    @Test func agreesWithTheDefinition() throws {
        let (h, w, c) = Self.input
        let (hidden, outputs, side) = (Self.hidden, Self.outputs, Self.side)
        let bench = try Self.bench(lanes: 2)
        try bench.step()
        let x = bench.input.map(Double.init)
        func parameter(_ name: String) -> [Double] {
            bench.tensor(name, of: bench.parameters.pointer).map(Double.init)
        }
        let (w1, w2, bias) = (parameter("conv1.weight"), parameter("conv2.weight"), parameter("conv2.bias"))
        var y1 = [Double](repeating: 0, count: bench.batchSize * h * w * hidden)
        for p in 0..<(bench.batchSize * h * w) {
            for o in 0..<hidden {
                y1[p * hidden + o] = (0..<c).reduce(0) { $0 + x[p * c + $1] * w1[o * c + $1] }
            }
        }
        var dw2 = [Double](repeating: 0, count: w2.count)
        var (db, dy1) = ([Double](repeating: 0, count: outputs), [Double](repeating: 0, count: y1.count))
        let found = bench.output.map(Double.init)
        var worst = 0.0
        for n in 0..<bench.batchSize {
            for (y, x) in (0..<h).flatMap({ y in (0..<w).map { (y, $0) } }) {
                for o in 0..<outputs {
                    let place = ((n * outputs + o) * h + y) * w + x
                    let target = bench.label(n) == place - n * h * w * outputs ? 1.0 : 0
                    let dy = 2 * (found[place] - target) / Double(h * w * outputs)
                    db[o] += dy
                    var sum = bias[o]
                    for (p, q) in (0..<side).flatMap({ p in (0..<side).map { (p, $0) } }) {
                        let (row, column) = (y + p - side / 2, x + q - side / 2)
                        guard 0..<h ~= row, 0..<w ~= column else { continue }
                        for i in 0..<hidden {
                            let (from, weight) = (
                                ((n * h + row) * w + column) * hidden + i,
                                ((o * hidden + i) * side + p) * side + q
                            )
                            sum += y1[from] * w2[weight]
                            dw2[weight] += y1[from] * dy
                            dy1[from] += w2[weight] * dy
                        }
                    }
                    worst = max(worst, abs(sum - found[place]))
                }
            }
        }
        // Sums of 500 products of order 0.1.
        #expect(worst < 1e-5)
        var dw1 = [Double](repeating: 0, count: w1.count)
        for p in 0..<(bench.batchSize * h * w) {
            for o in 0..<hidden {
                for i in 0..<c { dw1[o * c + i] += x[p * c + i] * dy1[p * hidden + o] }
            }
        }
        for (name, expected) in [("conv1.weight", dw1), ("conv2.weight", dw2), ("conv2.bias", db)] {
            let scale = expected.map(abs).max() ?? 1
            #expect(scale > 0.01)
            let gradient = bench.tensor(name, of: bench.gradient)
            expectClose(gradient, expected.map { Float($0) }, tolerance: 1e-5 * scale, name)
        }
    }

    /// The matrix products of a small case, written out: images of 8×8, microbatches of 5 and 12, patches of
    /// 27 values.
    @Test func products() throws {
        let plan = try NetworkPlan(
            layers: [
                NamedLayer(
                    "conv1",
                    .convolution(
                        channels: 6, window: Window(3, stride: 1, padding: .same), bias: true,
                        initializer: .zeros))
            ], input: TensorShape([8, 8, 3]), loss: .meanSquaredError)
        let found = plan.products(microbatchSizes: [5, 12], chunkSize: 128).map {
            [$0.transposeA ? 1 : 0, $0.transposeB ? 1 : 0, $0.m, $0.n, $0.k, $0.accumulates ? 1 : 0]
        }
        // Tiles of 4 images and the one that is left of 5; a group for each 512 windows: 12 images are one.
        let expected = [
            [0, 0, 64, 6, 27, 0], [0, 0, 256, 6, 27, 0],
            [0, 1, 64, 27, 6, 0], [0, 1, 256, 27, 6, 0],
            [1, 0, 27, 6, 320, 0], [1, 0, 27, 6, 768, 0],
        ]
        #expect(found == expected)
    }
}
