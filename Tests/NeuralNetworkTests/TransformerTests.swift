import Kernels
import NeuralNetwork
import Testing

/// Transformers against PyTorch's, and the bits of their results under cuts.
@Suite struct TransformerTests {
    private static let vocabulary = 11
    private static let context = 9
    /// Samples of a batch, and two ways to cut it into microbatches.
    private static let cuts = [[[5, 1, 9, 7, 3]], [[5, 1], [9], [7, 3]]]

    private static func dense(_ units: Int, _ bias: Bool = true) -> LayerSpec {
        .dense(units: units, bias: bias, initializer: .xavierNormal)
    }

    private static func block(_ body: [(String, LayerSpec)], _ feed: [(String, LayerSpec)]) -> LayerSpec {
        .block(
            [body, feed].enumerated().map { index, layers in
                NamedLayer(
                    "sum\(index)",
                    .residual(body: layers.map { NamedLayer($0.0, $0.1) }, shortcut: .identity),
                    isScope: false)
            })
    }

    /// nanoGPT's network; its head has the table of the embedding.
    static func gpt(
        layers: Int = 2, width: Int = 12, heads: Int = 3, vocabulary: Int = vocabulary, bias: Bool = true,
        probabilityDropout: Double = 0
    ) -> [NamedLayer] {
        let norm = LayerSpec.layerNorm(epsilon: 1e-5, hasScale: true, hasShift: bias)
        var options = AttentionOptions(heads: heads)
        options.hasBias = bias
        options.probabilityDropout = probabilityDropout
        let one = block(
            [("ln_1", norm), ("attn", .attention(options))],
            [
                ("ln_2", norm), ("mlp.c_fc", dense(4 * width, bias)), ("mlp.gelu", .gelu(.exact)),
                ("mlp.c_proj", dense(width, bias)),
            ])
        let start = Initializer.normal(deviation: 1)
        return [
            NamedLayer("wte", .embedding(entries: vocabulary, width: width, initializer: start)),
            NamedLayer("wpe", .positions(initializer: start)),
            NamedLayer("h", .block((0..<layers).map { NamedLayer("\($0)", one) })), NamedLayer("ln_f", norm),
            NamedLayer("lm_head", .tiedHead(embedding: "wte")),
        ]
    }

    static func llama(isCausal: Bool = false) -> [NamedLayer] {
        let norm = LayerSpec.rmsNorm(epsilon: 1e-5, hasScale: true)
        var options = AttentionOptions(heads: 4, kvHeads: 2)
        options.isCausal = isCausal
        options.hasBias = false
        options.rotary = RotaryOptions(width: 4)
        let one = block(
            [("ln_1", norm), ("attn", .attention(options))],
            [
                ("ln_2", norm), ("gate_up", dense(20, false)), ("gate", .gated(.silu)),
                ("down", dense(24, false)),
            ])
        return [
            NamedLayer("wte", .embedding(entries: vocabulary, width: 24, initializer: .normal(deviation: 1))),
            NamedLayer("h", .block([NamedLayer("0", one)])), NamedLayer("ln_f", norm),
            NamedLayer("lm_head", dense(vocabulary, false)),
        ]
    }

    /// Convolutions that look back, along positions.
    private static func convolutions() -> [NamedLayer] {
        func convolution(_ channels: Int, kernel: Int) -> LayerSpec {
            .sequenceConvolution(
                channels: channels, kernel: kernel, isCausal: true, bias: true, initializer: .heNormal)
        }
        return [
            NamedLayer("wte", .embedding(entries: vocabulary, width: 5, initializer: .normal(deviation: 1))),
            NamedLayer("one", convolution(7, kernel: 4)), NamedLayer("gelu", .gelu(.exact)),
            NamedLayer("two", convolution(6, kernel: 2)), NamedLayer("three", convolution(8, kernel: 1)),
            NamedLayer("lm_head", dense(vocabulary)),
        ]
    }

    private static func bench(_ layers: [NamedLayer], _ lengths: [[Int]], lanes: Int = 1) throws
        -> LanguageModelBench
    {
        try LanguageModelBench(
            layers, context: context, vocabulary: vocabulary, lengths: lengths, lanes: lanes)
    }

    /// Values are of order 1, and a wrong formula errs by 1e-2 or more.
    @Test(arguments: ["gpt", "llama", "dropped"], [1, 2])
    func agreesWithPyTorch(name: String, lanes: Int) throws {
        let fixture = try Fixture(name == "dropped" ? "attention_dropout.txt" : "transformers.txt")
        let layers =
            switch name {
            case "gpt": Self.gpt()
            case "llama": Self.llama()
            default: Self.gpt(probabilityDropout: 0.3)
            }
        for lengths in Self.cuts {
            let bench = try Self.bench(layers, lengths, lanes: lanes)
            let tensors = bench.plan.layout.tensors
            for tensor in tensors {
                let stored = try fixture.tensor("\(name)/\(tensor.name)")
                #expect(stored.shape == tensor.storage.fileShape)
                bench.setParameter(tensor, stored.values)
            }
            let labels = try fixture["\(name)/labels"]
            bench.load(tokens: try fixture["\(name)/tokens"], labels: labels)
            let loss = try bench.step()
            #expect(abs(loss - Double(try fixture["\(name)/loss"][0])) < 1e-5)
            expectClose(bench.logits, try fixture["\(name)/logits"], tolerance: 1e-5, "logits")
            let counted = Float(labels.count { $0 >= 0 })
            for tensor in tensors {
                let found = bench.tensor(tensor, of: bench.gradient).map { $0 / counted }
                expectClose(
                    found, try fixture["\(name)/gradient/\(tensor.name)"], tolerance: 2e-6, tensor.name)
            }
        }
    }

    /// Twenty updates. After those of SGD each tensor is within 2e-6 of PyTorch's in double precision; Adam,
    /// which divides gradients by their sizes, stays within ten times the distance of PyTorch's own float32.
    /// The true gradient of a key's bias is 0, so that Adam moves it by rounding errors alone: it is checked
    /// by the losses only.
    @Test(arguments: ["sgd", "adam"]) func twentySteps(name: String) throws {
        let fixture = try Fixture("transformers.txt")
        let optimizer: Optimizer =
            name == "sgd"
            ? .gradientDescent(learningRate: 0.1)
            : .adam(learningRate: 0.002, beta1: 0.9, beta2: 0.99, epsilon: 1e-8)
        for lengths in Self.cuts {
            let bench = try Self.bench(Self.gpt(layers: 1), lengths)
            let (tensors, count) = (bench.plan.layout.tensors, bench.plan.layout.flatCount)
            for tensor in tensors { bench.setParameter(tensor, try fixture["\(name)/\(tensor.name)"]) }
            let moments = optimizer.momentNames.map { _ in FloatBuffer(count: count) }
            let (tokens, labels) = (try fixture["\(name)/tokens"], try fixture["\(name)/labels"])
            let size = lengths.joined().reduce(0, +)
            var losses: [Float] = []
            for step in 1...20 {
                let batch = ((step - 1) * size)..<(step * size)
                bench.load(tokens: Array(tokens[batch]), labels: Array(labels[batch]))
                losses.append(Float(try bench.step()))
                optimizer.update(
                    bench.parameters.pointer, gradient: bench.gradient, moments: { moments[$0].pointer },
                    count: count,
                    optimizer.scalars(step: step, scale: 1 / Float(labels[batch].count { $0 >= 0 })))
            }
            expectClose(losses, try fixture["\(name)/losses"], tolerance: 1e-5, "losses")
            for tensor in tensors {
                var found = bench.tensor(tensor, of: bench.parameters.pointer)
                var expected = try fixture["\(name)/trained/\(tensor.name)"]
                var bound = 2e-6
                if name == "adam" {
                    bound = 10 * Double(try fixture["adam/bound/\(tensor.name)"][0])
                    (found, expected) = (Self.withoutKeys(tensor, found), Self.withoutKeys(tensor, expected))
                }
                expectClose(found, expected, tolerance: bound, tensor.name)
            }
        }
    }

    /// The biases of queries and values of a `c_attn.bias`; other tensors as they are.
    private static func withoutKeys(_ tensor: ParameterTensor, _ values: [Float]) -> [Float] {
        guard tensor.name.hasSuffix("c_attn.bias") else { return values }
        return Array(values.prefix(values.count / 3) + values.suffix(values.count / 3))
    }

    private static func random(_ lengths: [[Int]]) -> (tokens: [Float], labels: [Float]) {
        var stream = RandomStream(seed: 5, purpose: .test)
        let count = lengths.joined().reduce(0, +)
        return (
            (0..<count).map { _ in Float(stream.below(vocabulary)) },
            (0..<count).map { _ in Float(stream.below(vocabulary)) }
        )
    }

    /// The sum over the microbatches' tree of what each of them gives alone, as on workers of their own.
    @Test(arguments: ["gpt", "llama"], [1, 2, 3])
    func eachMicrobatchHasItsBits(name: String, lanes: Int) throws {
        let lengths = [[5, 1], [9], [], [7, 3], [2, 2, 2]]
        let (tokens, labels) = Self.random(lengths)
        let layers = name == "gpt" ? Self.gpt() : Self.llama()
        let whole = try Self.bench(layers, lengths, lanes: lanes)
        whole.plan.layout.initialize(whole.parameters.pointer, seed: 3)
        whole.load(tokens: tokens, labels: labels)
        _ = try whole.step()
        let count = whole.plan.layout.usedCount
        var (gradients, logits, first) = ([[Float]](), [Float](), 0)
        for samples in lengths {
            let alone = try Self.bench(layers, [samples])
            alone.plan.layout.initialize(alone.parameters.pointer, seed: 3)
            let end = first + samples.reduce(0, +)
            alone.load(tokens: Array(tokens[first..<end]), labels: Array(labels[first..<end]))
            _ = try alone.step()
            gradients.append(Array(UnsafeBufferPointer(start: alone.gradient, count: count)))
            logits += alone.logits
            first = end
        }
        let sum = ReductionTree(leaves: lengths.count).combine(
            leaf: { gradients[$0] },
            merge: { (a: [Float], b: [Float]) in zip(a, b).map { $0 + $1 } })
        #expect(logits.map(\.bitPattern) == whole.logits.map(\.bitPattern))
        #expect((0..<count).allSatisfy { sum[$0] == whole.gradient[$0] })
    }

    /// Sequences that are continued, piece by piece, have the bits of the whole.
    @Test(arguments: ["gpt", "llama", "convolutions"], [[1], [3, 1, 2]])
    func continuedSequences(name: String, pieces: [Int]) throws {
        let layers =
            switch name {
            case "gpt": Self.gpt()
            case "llama": Self.llama(isCausal: true)
            default: Self.convolutions()
            }
        let plan = try NetworkPlan(
            layers: layers, input: TensorShape([150, 1]), loss: .crossEntropy)
        #expect(plan.continuesSequences)
        let (parameters, statistics) = (FloatBuffer(count: plan.layout.parameterSpace), FloatBuffer(count: 0))
        plan.layout.initialize(parameters.pointer, seed: 4)
        let lengths = [150, 70]
        let tokens = Self.random([lengths]).tokens
        defer { restoreFloatingPointMode() }
        let lanes = LanePool(lanes: 2)
        defer { lanes.close() }
        func pass(_ network: Network, _ sequences: SequenceRows) throws {
            try network.forward(
                network.makePass(
                    rows: MicrobatchRows([2]), sequences: sequences, parameters: parameters.pointer,
                    statistics: statistics.pointer, training: nil))
        }
        let whole = Network(plan: plan, localMicrobatches: 1, rows: 2, lanes: lanes, purpose: .inference)
        for (row, token) in tokens.enumerated() { whole.input.row(0, row)[0] = token }
        try pass(whole, SequenceRows(lengths: [lengths]))
        let network = Network(
            plan: plan, localMicrobatches: 1, rows: 2, lanes: lanes, purpose: .inference,
            Network.Options(continuesSequences: true))
        var (past, turn, misses) = ([0, 0], 0, 0)
        while past[0] < lengths[0] {
            let piece = pieces[turn % pieces.count]
            let next = zip(lengths, past).map { min(piece, $0 - $1) }
            var row = 0
            for sample in 0..<2 {
                for position in past[sample]..<(past[sample] + next[sample]) {
                    network.input.row(0, row)[0] = tokens[sample * lengths[0] + position]
                    row += 1
                }
            }
            try pass(network, SequenceRows(lengths: [next], past: [past]))
            row = 0
            for sample in 0..<2 {
                for position in past[sample]..<(past[sample] + next[sample]) {
                    let expected = whole.output.row(0, sample * lengths[0] + position)
                    for c in 0..<Self.vocabulary where network.output.row(0, row)[c] != expected[c] {
                        misses += 1
                    }
                    row += 1
                }
            }
            past = zip(past, next).map { $0 + $1 }
            turn += 1
        }
        #expect(misses == 0)
    }
}
