import Kernels
import NeuralNetwork
import Testing

/// Networks whose layers share passes and memory, against the same layers one by one, each in memory of its
/// own: bit by bit.
@Suite struct NetworkGraphTests {
    private static let sizes = [5, 3, 1]

    private struct Bits: Equatable {
        var loss: [UInt64] = []
        var values: [UInt32] = []
    }

    /// Two steps and an evaluation.
    private static func bits(
        _ graph: RandomGraph, lanes: Int, freeze: [String] = [], _ options: Network.Options
    ) throws -> Bits {
        let bench = try NetworkBench(
            graph.layers, input: RandomGraph.input, loss: .crossEntropy, sizes: sizes, lanes: lanes,
            freeze: freeze, options)
        fill(bench)
        var bits = Bits()
        for _ in 0..<2 {
            bits.loss.append(try bench.step().bitPattern)
            bits.values += bench.output.map(\.bitPattern)
            bits.values += (0..<bench.plan.layout.usedCount).map { bench.gradient[$0].bitPattern }
            bits.values += bench.statistics.elements.map(\.bitPattern)
        }
        bits.loss.append(try bench.forward(training: false).bitPattern)
        bits.values += bench.output.map(\.bitPattern)
        return bits
    }

    private static func fill(_ bench: NetworkBench) {
        var random = RandomStream(seed: 9, purpose: .test)
        for tensor in bench.plan.layout.allTensors {
            let center = tensor.role == .gain ? 1.0 : 0
            for i in tensor.range { bench.parameters.pointer[i] = Float(center + 0.3 * random.normal()) }
        }
        bench.load(
            (0..<(bench.batchSize * bench.plan.inputShape.count)).map { _ in Float(random.normal()) },
            labels: (0..<bench.batchSize).map { _ in random.below(4) })
    }

    @Test(arguments: 0..<24) func noBitChanges(seed: UInt64) throws {
        let graph = RandomGraph(seed: seed)
        let expected = try Self.bits(graph, lanes: 1, .init(isOptimized: false, poison: .nan))
        #expect(expected.loss.allSatisfy { Double(bitPattern: $0).isFinite })
        for lanes in [1, 3] {
            #expect(
                try Self.bits(graph, lanes: lanes, .init(poison: .nan)) == expected,
                "\(lanes) lanes: \(graph.layers)")
        }
    }

    /// With the first layers frozen, their batch norms in evaluation mode; and with a batch norm alone.
    @Test(arguments: 0..<8) func noBitChangesBehindFrozenLayers(seed: UInt64) throws {
        let graph = RandomGraph(seed: seed)
        let plan = try NetworkPlan(layers: graph.layers, input: RandomGraph.input, loss: .crossEntropy)
        let norms = plan.layers.filter { if case .batchNorm = $0.spec { true } else { false } }.map(\.name)
        for freeze in [[graph.layers[0].name, graph.layers[1].name], norms.suffix(2)] {
            let expected = try Self.bits(
                graph, lanes: 1, freeze: Array(freeze), .init(isOptimized: false, poison: .nan))
            #expect(
                try Self.bits(graph, lanes: 2, freeze: Array(freeze), .init(poison: .nan)) == expected,
                "\(freeze): \(graph.layers)")
        }
    }

    /// A network that only evaluates needs far less memory; a boundary that is kept has the same values.
    @Test(arguments: 0..<8) func evaluation(seed: UInt64) throws {
        let graph = RandomGraph(seed: seed)
        let plan = try NetworkPlan(layers: graph.layers, input: RandomGraph.input, loss: .crossEntropy)
        for boundary in 1...plan.layers.count {
            var found: [[UInt32]] = []
            for isOptimized in [true, false] {
                let bench = try NetworkBench(
                    graph.layers, input: RandomGraph.input, loss: .crossEntropy, sizes: Self.sizes,
                    training: false,
                    .init(keeping: [boundary], isOptimized: isOptimized, poison: .nan))
                Self.fill(bench)
                try bench.forward(training: false)
                found.append((bench.output + bench.values(at: boundary)).map(\.bitPattern))
            }
            #expect(found[0] == found[1], "boundary \(boundary): \(graph.layers)")
        }
    }

    private static func plan(_ layers: [NamedLayer], _ input: [Int] = [8, 8, 4]) throws -> NetworkPlan {
        try NetworkPlan(layers: layers, input: TensorShape(input), loss: .meanSquaredError)
    }

    private static let norm = LayerSpec.batchNorm(momentum: 0.1, epsilon: 1e-5)
    private static let conv = LayerSpec.convolution(
        channels: 4, window: Window(3, stride: 1, padding: .same), bias: false, initializer: .heNormal)

    private static func nodes(_ layers: [NamedLayer], keeping kept: Set<Int> = []) throws -> [[Int]] {
        NetworkGraph(try plan(layers), keeping: kept).nodes.map(\.layers)
    }

    @Test func whatIsFused() throws {
        let block = [NamedLayer("a", Self.conv), NamedLayer("b", Self.norm)]
        let relu = NamedLayer("c", .activation(.relu))
        #expect(try Self.nodes(block + [relu]) == [[0], [1, 2]])
        #expect(try Self.nodes(block + [relu], keeping: [2]) == [[0], [1], [2]])
        #expect(try Self.nodes(block + [NamedLayer("c", .activation(.tanh))]) == [[0], [1], [2]])
        // 0 conv, 1 norm, 2 add, 3 relu
        let residual = NamedLayer("r", .residual(body: block, shortcut: .identity))
        #expect(try Self.nodes([residual, relu]) == [[0], [1, 2, 3]])
        #expect(try Self.nodes([residual, relu], keeping: [3]) == [[0], [1, 2], [3]])
        #expect(try Self.nodes([residual, NamedLayer("d", Self.conv)]) == [[0], [1, 2], [3]])
        // A rectifier that others read too, and a batch norm whose output is read twice.
        #expect(
            try Self.nodes(block + [relu, NamedLayer("d", .add, from: ["b", "c"])]) == [[0], [1], [2], [3]])
        // The gradients of the batch norm's input would be added in another order: it stays by itself.
        #expect(
            try Self.nodes([
                NamedLayer("r", .residual(body: [NamedLayer("b", Self.norm)], shortcut: .identity)), relu,
            ]) == [[0], [1], [2]])
    }

    /// Both branches end in a batch norm: the body's takes the sum, and says so to nobody before the
    /// shortcut's parameters are done.
    @Test func completion() throws {
        let body = [NamedLayer("a", Self.conv), NamedLayer("b", Self.norm)]
        let side = [NamedLayer("s", Self.conv), NamedLayer("t", Self.norm)]
        let plan = try Self.plan([
            NamedLayer("r", .residual(body: body, shortcut: .layers(side))),
            NamedLayer("c", .activation(.relu)),
        ])
        let graph = NetworkGraph(plan)
        #expect(graph.nodes.map(\.layers) == [[0], [2], [3], [1, 4, 5]])
        let firsts = plan.layers.map(\.firstParameter)
        #expect(BackwardPlan(plan, graph).steps.map(\.node) == [3, 2, 1, 0])
        #expect(BackwardPlan(plan, graph).steps.map(\.completes) == [nil, firsts[3], firsts[1], 0])
    }

    // MARK: Memory

    @Test(arguments: 0..<24) func memory(seed: UInt64) throws {
        let plan = try NetworkPlan(
            layers: RandomGraph(seed: seed).layers, input: RandomGraph.input, loss: .crossEntropy)
        let graph = NetworkGraph(plan)
        let backward = BackwardPlan(plan, graph)
        let trains = MemoryPlan(plan, graph, backward, localMicrobatches: 3, rows: 7)
        let evaluates = MemoryPlan(plan, graph, nil, localMicrobatches: 3, rows: 7)
        for memory in [trains, evaluates] {
            for (index, tensor) in memory.tensors.enumerated() {
                #expect(tensor.first <= tensor.last && tensor.offset % 16 == 0)
                #expect(tensor.offset + memory.size(tensor) <= memory.count)
                for other in memory.tensors[(index + 1)...]
                where other.first <= tensor.last && tensor.first <= other.last {
                    #expect(
                        other.offset >= tensor.offset + memory.size(tensor)
                            || tensor.offset >= other.offset + memory.size(other),
                        "\(tensor) \(other)")
                }
            }
        }
        let apart = MemoryPlan(plan, graph, backward, localMicrobatches: 3, rows: 7, shares: false)
        #expect(evaluates.count < trains.count && trains.count < apart.count)
    }

    /// Sixteen equal layers: an evaluation needs two matrices besides the input's and output's, or one where
    /// layers work in place.
    @Test func memoryOfAChain() throws {
        func count(_ spec: LayerSpec) throws -> Int {
            let plan = try Self.plan((0..<16).map { NamedLayer("l\($0)", spec) })
            return MemoryPlan(plan, NetworkGraph(plan), nil, localMicrobatches: 1, rows: 1).count / 256
        }
        #expect(try count(Self.conv) == 3)
        #expect(try count(.activation(.tanh)) == 2)
        #expect(try count(.dropout(rate: 0.5)) == 2)
    }
}
