import Kernels
import NeuralNetwork
import Platform
import Testing

/// Passes of inference against the padded pass of an evaluation, layer by layer in memory of its own: the
/// bits of each sample, whatever the number of samples, their company and the lanes.
@Suite struct InferenceTests {
    private static let chunk = 128

    /// A network with parameters and statistics of its own, made for two chunks.
    private final class Bench {
        let plan: NetworkPlan
        private let network: Network
        private let lanes: LanePool
        private let parameters: FloatBuffer
        private let statistics: FloatBuffer

        init(_ plan: NetworkPlan, lanes: Int, purpose: Network.Purpose, _ options: Network.Options) {
            self.plan = plan
            self.lanes = LanePool(lanes: lanes)
            network = Network(
                plan: plan, localMicrobatches: 2, rows: chunk, lanes: self.lanes, purpose: purpose, options)
            parameters = FloatBuffer(count: plan.layout.parameterSpace)
            statistics = FloatBuffer(count: plan.layout.statisticsCount)
            plan.layout.initializeStatistics(statistics.pointer)
            var random = RandomStream(seed: 7, purpose: .test)
            for tensor in plan.layout.allTensors {
                let center = tensor.role == .gain ? 1.0 : 0
                for i in tensor.range { parameters.pointer[i] = Float(center + 0.2 * random.normal()) }
            }
            for i in 0..<statistics.count { statistics.pointer[i] += Float(random.uniform()) }
        }

        deinit { lanes.close() }

        func clearInput() {
            network.input.row(0).update(repeating: 0, count: chunk * network.input.width)
        }

        /// Rows of the first chunk whose outputs are numbers.
        var computedRows: Int { (0..<chunk).count { !network.output.row(0, $0)[0].isNaN } }

        /// The outputs of some samples.
        ///
        /// - Parameter pads: true to compute whole chunks, with zeros for missing samples.
        func outputs(_ samples: [[Float]], pads: Bool = false) throws -> [[UInt32]] {
            let chunks = stride(from: 0, to: samples.count, by: chunk).map {
                Array(samples[$0..<min(samples.count, $0 + chunk)])
            }
            let missing = [Float](repeating: 0, count: plan.inputShape.count)
            for (index, chunk) in chunks.enumerated() {
                let padding = pads ? InferenceTests.chunk - chunk.count : 0
                for (row, sample) in (chunk + Array(repeating: missing, count: padding)).enumerated() {
                    network.input.row(index, row).update(from: sample, count: sample.count)
                }
            }
            let rows = MicrobatchRows(chunks.map { pads ? chunk : $0.count })
            try network.forward(
                network.makePass(
                    rows: rows, parameters: parameters.pointer, statistics: statistics.pointer, training: nil)
            )
            return samples.indices.map { sample in
                let row = network.output.row(sample / chunk, sample % chunk)
                return (0..<plan.outputShape.count).map { row[$0].bitPattern }
            }
        }
    }

    private static func samples(_ count: Int, of plan: NetworkPlan, seed: UInt64) -> [[Float]] {
        var random = RandomStream(seed: seed, purpose: .test)
        return (0..<count).map { _ in
            (0..<plan.inputShape.count).map { _ in Float(random.uniform() * 2 - 1) }
        }
    }

    /// The thread keeps its floating-point mode, which a pool of lanes changes.
    private static func keepingMode(_ body: () throws -> Void) rethrows {
        var mode = fenv_t()
        fegetenv(&mode)
        defer { fesetenv(&mode) }
        try body()
    }

    /// Checks passes of these sizes with one to three lanes.
    private static func check(_ plan: NetworkPlan, sizes: some Sequence<Int>, _ comment: Comment) throws {
        try keepingMode { try checkPasses(of: plan, sizes: sizes, comment) }
    }

    private static func checkPasses(
        of plan: NetworkPlan, sizes: some Sequence<Int>, _ comment: Comment
    ) throws {
        let sizes = Array(sizes)
        let most = sizes.max() ?? 0
        let (mine, others) = (samples(most, of: plan, seed: 1), samples(most, of: plan, seed: 2))
        let oracle = Bench(
            plan, lanes: 1, purpose: .evaluation, .init(isOptimized: false, poison: .nan))
        let expected = try oracle.outputs(mine, pads: true)
        #expect(Set(expected).count > 1 && !expected[0].contains { Float(bitPattern: $0).isNaN })
        let benches = (1...3).map {
            Bench(plan, lanes: $0, purpose: .inference, .init(poison: .nan, operationsOfOneLane: 0))
        }
        for (index, size) in sizes.enumerated() {
            let bench = benches[index % 3]
            #expect(
                try bench.outputs(Array(mine[..<size])) == Array(expected[..<size]),
                "\(size) rows, \(comment)")
            // One of them, beside others.
            let one = size * 5 / 7
            var company = Array(others[..<size])
            company[one] = mine[one]
            #expect(try bench.outputs(company)[one] == expected[one], "\(one) of \(size), \(comment)")
            guard plan.samplesAreIndependent else { continue }
            // In another place, and alone.
            company[one] = others[0]
            company[0] = mine[one]
            #expect(try bench.outputs(company)[0] == expected[one], "\(one) as 0 of \(size), \(comment)")
            #expect(try bench.outputs([mine[one]])[0] == expected[one], "\(one) alone, \(comment)")
        }
    }

    private static func plan(_ graph: RandomGraph) throws -> NetworkPlan {
        try NetworkPlan(layers: graph.layers, input: graph.input, loss: .crossEntropy)
    }

    @Test(arguments: 0..<8) func anyLayers(seed: UInt64) throws {
        let graph = RandomGraph(seed: seed)
        let sizes = seed == 0 ? Array(1...130) : [1, 2, 3, 5, 127, 128, 129, 130, 1, 4, 6, 7]
        try Self.check(Self.plan(graph), sizes: sizes, "\(graph.layers)")
    }

    @Test(arguments: 0..<8) func layersOfOurKernels(seed: UInt64) throws {
        let graph = RandomGraph(seed: seed, isOurs: true)
        let plan = try Self.plan(graph)
        #expect(plan.samplesAreIndependent)
        let sizes = seed == 0 ? Array(1...130) : [1, 2, 3, 5, 127, 128, 129, 130, 1, 4, 6, 7]
        try Self.check(plan, sizes: sizes, "\(graph.layers)")
    }

    /// Images so large that lanes share them.
    @Test(arguments: 0..<12) func largeImages(seed: UInt64) throws {
        let graph = RandomGraph(seed: seed, side: 40, isOurs: seed % 2 == 0)
        try Self.check(Self.plan(graph), sizes: [1, 2, 1, 1, 2, 3, 3, 1, 2], "\(graph.layers)")
    }

    /// Channels so many that Winograd's weights are transformed as they are needed.
    @Test func manyChannels() throws {
        func conv(_ channels: Int, _ stride: Int) -> LayerSpec {
            .convolution(
                channels: channels, window: Window(3, stride: stride, padding: .same), bias: true,
                initializer: .heNormal)
        }
        let layers = [
            conv(256, 2), conv(256, 1), .activation(.relu), conv(512, 2), .globalPool(.average),
            .dense(units: 4, bias: true, initializer: .heNormal),
        ]
        let plan = try NetworkPlan(
            layers: layers.enumerated().map { NamedLayer("l\($0)", $1) }, input: TensorShape([16, 15, 3]),
            loss: .crossEntropy)
        try Self.check(plan, sizes: [1, 1, 1, 2, 2, 3, 17, 18, 19], "many channels")
    }

    /// Rows behind the last sample are computed where OpenBLAS multiplies several samples, up to a tile's end
    /// or the chunk's; all others keep their poison.
    @Test(
        arguments: [
            ("own kernels", conv(16, size: 5), [1: 1, 5: 5, 128: 128]),
            ("four images of 8×8", conv(20), [1: 4, 4: 4, 5: 8, 127: 128]),
            ("a chunk", .whitening(components: 3), [1: 128, 128: 128]),
        ]) func rowsThatAreComputed(name: String, spec: LayerSpec, expected: [Int: Int]) throws
    {
        let plan = try NetworkPlan(
            layers: [NamedLayer("l", spec)], input: TensorShape([8, 8, 3]), loss: .meanSquaredError)
        try Self.keepingMode {
            for (count, computed) in expected {
                let bench = Bench(plan, lanes: 2, purpose: .inference, .init(poison: .nan))
                bench.clearInput()
                _ = try bench.outputs(Self.samples(count, of: plan, seed: 3))
                #expect(bench.computedRows == computed, "\(name), \(count) samples")
            }
        }
    }

    private static func conv(_ channels: Int, size: Int = 3) -> LayerSpec {
        .convolution(
            channels: channels, window: Window(size, stride: 1, padding: .same), bias: false,
            initializer: .heNormal)
    }

    /// Layers without images, and a whitening, which OpenBLAS multiplies.
    @Test(arguments: [false, true]) func tables(isWhitened: Bool) throws {
        let layers: [LayerSpec] =
            (isWhitened ? [.whitening(components: 30)] : []) + [
                .dense(units: 300, bias: true, initializer: .heNormal),
                .layerNorm(epsilon: 1e-5, hasScale: true, hasShift: true),
                .activation(.relu), .dropout(rate: 0.5),
                .dense(units: 17, bias: false, initializer: .heNormal),
                .batchNorm(momentum: 0.1, epsilon: 1e-3, synchronized: false), .gelu(.tanh),
                .dense(units: 260, bias: true, initializer: .heNormal), .maxout(pieces: 4),
                .dense(units: 5, bias: true, initializer: .heNormal), .activation(.sigmoid),
            ]
        let plan = try NetworkPlan(
            layers: layers.enumerated().map { NamedLayer("l\($0)", $1) }, input: TensorShape([37]),
            loss: .meanSquaredError)
        #expect(plan.samplesAreIndependent == !isWhitened)
        try Self.check(plan, sizes: 1...130, "tables")
    }
}
