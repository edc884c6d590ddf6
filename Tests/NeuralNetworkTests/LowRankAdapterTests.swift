import Kernels
import NeuralNetwork
import Testing

/// Low-rank adapters of dense layers, as peft computes them.
@Suite struct LowRankAdapterTests {
    private static let layers = [
        NamedLayer("first", .dense(units: 33, bias: true, initializer: .zeros)),
        NamedLayer("tanh", .activation(.tanh)),
        NamedLayer("second", .dense(units: 9, bias: true, initializer: .zeros)),
        NamedLayer("relu", .activation(.relu)),
        NamedLayer("head", .dense(units: 4, bias: true, initializer: .zeros)),
        NamedLayer("softmax", .softmax),
    ]
    private static let adapters = LowRankAdapters(
        rank: 3, alpha: 6, layers: ["first", "second"], trained: ["head"])

    private func set(_ name: String, _ bench: NetworkBench, _ values: [Float]) throws {
        let tensor = try #require(bench.plan.layout.allTensors.first { $0.name == name })
        tensor.storage.fromFile(values, bench.parameters.pointer + tensor.range.lowerBound)
    }

    /// 20 steps of SGD with momentum: the losses and tensors of PyTorch, in float64. Afterwards the network
    /// with merged weights gives the same outputs.
    @Test(arguments: [[11], [4, 0, 3, 4]]) func twentySteps(sizes: [Int]) throws {
        let fixture = try Fixture("adapters.txt")
        let bench = try NetworkBench(
            Self.layers, input: TensorShape([7]), loss: .crossEntropy, sizes: sizes, lanes: 2,
            adapters: Self.adapters)
        let layout = bench.plan.layout
        #expect(
            layout.tensors.map(\.name) == [
                "first.lora_A.weight", "first.lora_B.weight", "second.lora_A.weight", "second.lora_B.weight",
                "head.weight", "head.bias",
            ])
        #expect(
            layout.frozen.map(\.name) == ["first.weight", "first.bias", "second.weight", "second.bias"])
        for tensor in layout.allTensors { try set(tensor.name, bench, fixture[tensor.name]) }
        bench.load(try fixture["x"], labels: try fixture["labels"].map { Int($0) })
        let optimizer = Optimizer.gradientDescent(learningRate: 0.1, momentum: 0.9)
        let moment = FloatBuffer(count: layout.flatCount)
        var losses: [Float] = []
        for step in 1...20 {
            losses.append(Float(try bench.step()))
            optimizer.update(
                bench.parameters.pointer, gradient: bench.gradient, moments: { _ in moment.pointer },
                count: layout.flatCount, optimizer.scalars(step: step, scale: 1 / Float(bench.batchSize)))
        }
        expectClose(losses, try fixture["losses"], tolerance: 1e-5, "losses")
        for tensor in layout.allTensors {
            var values = [Float](repeating: 0, count: tensor.range.count)
            tensor.storage.toFile(bench.parameters.pointer + tensor.range.lowerBound, &values)
            expectClose(values, try fixture["trained/\(tensor.name)"], tolerance: 2e-5, tensor.name)
        }
        try bench.forward(training: false)
        expectClose(bench.output, try fixture["logits"], tolerance: 5e-5, "logits")

        let whole = try NetworkBench(
            Self.layers, input: TensorShape([7]), loss: .crossEntropy, sizes: sizes)
        let merged = Self.adapters.merge(
            Array(bench.parameters.elements), layout, into: whole.plan.layout)
        _ = whole.parameters.elements.update(from: merged)
        whole.load(try fixture["x"], labels: try fixture["labels"].map { Int($0) })
        try whole.forward(training: false)
        expectClose(whole.output, bench.output, tolerance: 2e-6, "merged")
    }

    /// At the beginning adapters change no bit, and only what is adapted has them; in blocks too.
    @Test func beginsAsTheNetworkItself() throws {
        let layers = [
            NamedLayer("flatten", .flatten),
            NamedLayer(
                "block",
                .block([
                    NamedLayer("a", .dense(units: 12, bias: false, initializer: .heNormal)),
                    NamedLayer("relu", .activation(.relu)),
                    NamedLayer("b", .dense(units: 6, bias: true, initializer: .heNormal)),
                ])), NamedLayer("head", .dense(units: 3, bias: true, initializer: .heNormal)),
        ]
        let bench = try NetworkBench(
            layers, input: TensorShape([2, 3, 5]), loss: .crossEntropy, sizes: [3, 2],
            adapters: LowRankAdapters(rank: 2, layers: ["block"]))
        let whole = try NetworkBench(
            layers, input: TensorShape([2, 3, 5]), loss: .crossEntropy, sizes: [3, 2])
        #expect(
            bench.plan.layout.tensors.map(\.name) == [
                "block.a.lora_A.weight", "block.a.lora_B.weight", "block.b.lora_A.weight",
                "block.b.lora_B.weight",
            ])
        bench.plan.layout.initialize(bench.parameters.pointer, seed: 3)
        let a = try #require(bench.plan.layout.tensors.first)
        let drawn = a.range.map { abs(bench.parameters.pointer[$0]) * Float(30).squareRoot() }
        #expect(drawn.allSatisfy { $0 <= 1 } && (drawn.max() ?? 0) > 0.8)
        for tensor in whole.plan.layout.tensors {
            let base = try #require(bench.plan.layout.allTensors.first { $0.name == tensor.name })
            (whole.parameters.pointer + tensor.range.lowerBound).update(
                from: bench.parameters.pointer + base.range.lowerBound, count: base.range.count)
        }
        let x = (0..<150).map { Float($0 % 17) / 8 - 1 }
        for network in [bench, whole] {
            network.load(x, labels: [0, 1, 2, 0, 1])
            try network.forward(training: false)
        }
        #expect(bench.output == whole.output)
    }

    /// `attention` adapts the dense layers of every attention and no others. Merged weights give the logits
    /// of the adapted network.
    @Test(arguments: [TransformerTests.gpt(), TransformerTests.llama()])
    func ofAttention(layers: [NamedLayer]) throws {
        let adapters = LowRankAdapters(rank: 3, alpha: 6, layers: ["attention"])
        let lengths = [[5, 1], [9], [7, 3]]
        func bench(_ adapters: LowRankAdapters?) throws -> LanguageModelBench {
            try LanguageModelBench(layers, context: 9, vocabulary: 11, lengths: lengths, adapters: adapters)
        }
        let (adapted, whole) = (try bench(adapters), try bench(nil))
        let layout = adapted.plan.layout
        let attentions = adapted.plan.layers.filter {
            if case .attentionCore = $0.spec { true } else { false }
        }.map { $0.name.dropLast(".core".count) }
        let expected = attentions.flatMap { name in
            ["c_attn", "c_proj"].flatMap { layer in
                ["A", "B"].map { "\(name).\(layer).lora_\($0).weight" }
            }
        }
        #expect(!expected.isEmpty && layout.tensors.map(\.name) == expected)
        layout.initialize(adapted.parameters.pointer, seed: 3)
        for tensor in layout.tensors where tensor.name.hasSuffix("B.weight") {
            for i in tensor.range { adapted.parameters.pointer[i] = Float(i * 37 % 41) / 80 - 0.25 }
        }
        let merged = adapters.merge(Array(adapted.parameters.elements), layout, into: whole.plan.layout)
        _ = whole.parameters.elements.update(from: merged)
        let tokens = (0..<25).map { Float($0 * $0 % 11) }
        for network in [adapted, whole] {
            network.load(tokens: tokens, labels: tokens)
            _ = try network.step()
        }
        let most = adapted.logits.map(abs).max() ?? 0
        expectClose(whole.logits, adapted.logits, tolerance: 3e-6 * Double(most), "merged")
        let scale = layout.tensors.map { tensor in
            tensor.range.map { abs(adapted.gradient[$0]) }.max() ?? 0
        }
        #expect(scale.allSatisfy { $0 > 0 }, "each adapter has a gradient")
    }

    @Test(arguments: [
        (LowRankAdapters(layers: ["third"]), "`lora.on` has `third`, which is no dense layer"),
        (LowRankAdapters(layers: ["tanh"]), "`lora.on` has `tanh`, which is no dense layer"),
        (LowRankAdapters(layers: ["attention"]), "`lora.on` has `attention`, which is no dense layer"),
        (
            LowRankAdapters(layers: ["first"], trained: ["relu"]),
            "`lora.train` has `relu`, which is no layer with weights"
        ),
    ])
    func mistakes(adapters: LowRankAdapters, message: String) {
        let error = #expect(throws: ShapeMismatch.self) {
            try NetworkPlan(
                layers: Self.layers, input: TensorShape([7]), loss: .crossEntropy, adapters: adapters)
        }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
}
