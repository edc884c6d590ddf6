import Checkpoints
import Jobs
import Kernels
import NeuralNetwork
import System
import TestSupport
import Testing
import Training

/// Files of language models as Hugging Face's transformers writes them.
@Suite struct HuggingFaceTests {
    private static let models = ["gpt2", "gpt2-hub", "llama", "llama-tied", "qwen2"]

    private static func path(_ name: String) -> String {
        ProjectFiles.path("Tests/Fixtures/sequences/models/\(name)")
    }

    static func model(_ name: String) throws -> LanguageModel {
        let path = Path.join(path(name), "config.json")
        return try #require(try LanguageModel(huggingFace: File.read(path, limit: 1 << 20), path: path))
    }

    /// A plan for texts of `context` tokens.
    private static func plan(_ model: String, tokens: Int = 61, context: Int = 48) throws -> TrainingPlan {
        let fields = config([:]).replacing("  model: [\"flatten\", {dense: 10}],\n", with: "\(model),\n")
        return try TrainingPlan(
            load(fields).job,
            DataFacts(
                sampleShape: [context, 1], classCount: nil, trainCount: 500, validationCount: 0, testCount: 0,
                sequences: SequenceFacts(vocabulary: tokens, isRagged: false, predictsNextToken: true)))
    }

    private static func weights(_ path: String, _ plan: TrainingPlan) throws -> Snapshot {
        var snapshot = Snapshot(initial: plan.network.layout, moments: 0, seed: 1)
        try Weights(path: path).load(into: &snapshot, plan, skip: [])
        return snapshot
    }

    /// A line of transformers.txt: the fixture `gpt2-hub` has the tensors of `gpt2`.
    private static func values(_ model: String, _ what: String) throws -> [Float] {
        let name = model == "gpt2-hub" ? "gpt2" : model
        let line = try ProjectFiles.text("Tests/Fixtures/sequences/transformers.txt").split(separator: "\n")
            .first { $0.hasPrefix("\(name)/\(what) ") }
        return try #require(line).split(separator: " ").dropFirst(2).map {
            Float(bitPattern: try #require(UInt32($0, radix: 16)))
        }
    }

    private static func logits(_ plan: TrainingPlan, _ snapshot: Snapshot, _ ids: [Float]) throws -> [Float] {
        let lanes = LanePool(lanes: 1)
        defer { lanes.close() }
        let network = Network(
            plan: plan.network, localMicrobatches: 1, rows: 2, lanes: lanes, purpose: .inference)
        for (row, id) in ids.enumerated() { network.input.row(0, row).pointee = id }
        let (parameters, statistics) = (
            FloatBuffer(count: snapshot.parameters.count), FloatBuffer(count: snapshot.statistics.count)
        )
        _ = parameters.elements.update(from: snapshot.parameters)
        try network.forward(
            network.makePass(
                rows: MicrobatchRows([2]),
                sequences: SequenceRows(lengths: [[ids.count / 2, ids.count / 2]]),
                parameters: parameters.pointer, statistics: statistics.pointer, training: nil))
        let width = network.output.width
        return ids.indices.flatMap { row in (0..<width).map { network.output.row(0, row)[$0] } }
    }

    /// Logits are between -9 and 9, and the fixtures' were computed in double precision. A wrong order of
    /// heads, another angle or another activation errs by 0.1 or more; rounding in float32 by 1.5e-5.
    @Test(arguments: models, [48, 21]) func logitsAreTransformers(name: String, context: Int) async throws {
        try await onThread {
            let plan = try Self.plan(try Self.model(name).config, context: context)
            let snapshot = try Self.weights(Self.path(name), plan)
            let (found, expected) = (
                try Self.logits(plan, snapshot, try Self.values(name, "ids")),
                try Self.values(name, "logits")
            )
            #expect(found.count == expected.count && found.count == 2 * 21 * 61)
            let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst < 3e-5, "\(worst)")
        }
    }

    /// A written `config.json` is read back, and describes the network.
    @Test(arguments: models) func configsAreWritten(name: String) throws {
        let model = try Self.model(name)
        let text = Array(model.huggingFace.utf8)
        #expect(try LanguageModel(huggingFace: text, path: "c") == model)
        #expect(model.isModel(of: try Self.plan(model.config).network))
        var other = model
        other.heads *= 2
        other.kvHeads = other.heads
        #expect(!other.isModel(of: try Self.plan(model.config).network))
    }

    private func complaint(_ path: String, _ model: LanguageModel) throws -> String {
        let plan = try Self.plan(model.config)
        return #expect(throws: CheckpointError.self) { try Self.weights(path, plan) }?.description ?? ""
    }

    /// Weights that fit by their shapes, and are of a model that computes something else.
    @Test func anotherFunctionIsRefused() throws {
        let llama = try Self.model("llama-tied")
        for (change, words) in [
            ({ $0.rotaryBase = 10_000 }, "with base 100000.0, where this one has"),
            ({ $0.epsilon = 1e-5 }, "with epsilon 1e-06, where this one has"),
            ({ ($0.heads, $0.kvHeads) = (8, 4) }, "rotary (8 of 8)"),
        ] as [((inout LanguageModel) -> Void, String)] {
            var model = llama
            change(&model)
            let said = try complaint(Self.path("llama-tied"), model)
            #expect(said.contains(words) && said.contains("rotary: {base: 100000.0}"), "\(said)")
        }
        var model = try Self.model("gpt2")
        model.gelu = .exact
        let said = try complaint(Self.path("gpt2"), model)
        #expect(said.contains("gelu (tanh)") && said.contains("where this one has"), "\(said)")
    }

    /// Shapes of parts, of transposed matrices and of heads, with the model that would fit.
    @Test func misfitsShowTheModelThatFits() throws {
        var model = try Self.model("llama")
        model.isTied = true
        #expect(try complaint(Self.path("llama"), model).contains("1 unexpected: lm_head.weight. Give"))
        model = try Self.model("llama")
        (model.kvHeads, model.hidden) = (4, 40)
        let said = try complaint(Self.path("llama"), model)
        for words in [
            "layers.0.self_attn.c_attn.weight (model.layers.0.self_attn.q_proj.weight F32 [32, 32], "
                + "model.layers.0.self_attn.k_proj.weight F32 [16, 32], ",
            "the model has F32 [96, 32])", "{attention: 4, kv_heads: 2, rotary: true, bias: false,",
        ] { #expect(said.contains(words), "\(said)") }
        model = try Self.model("gpt2")
        (model.width, model.hidden) = (48, 192)
        #expect(
            try complaint(Self.path("gpt2"), model).contains(
                "h.0.attn.c_attn.weight (F32 [24, 72], the model has F32 [48, 144])"))
    }

    /// Single files, without a config beside them.
    private func loaded(_ tensors: [NamedTensor], _ model: LanguageModel, config: String? = nil) throws
        -> [String: [Float]]
    {
        let directory = try TemporaryDirectory()
        let writer = try FileWriter(directory.file("model.safetensors"))
        try SafeTensors.write(tensors, to: writer)
        _ = try writer.finish()
        if let config { try File.writeAtomically(config, to: directory.file("config.json")) }
        let plan = try Self.plan(model.config)
        let snapshot = try Self.weights(directory.file("model.safetensors"), plan)
        return Dictionary(
            uniqueKeysWithValues: snapshot.modelTensors(plan.network.layout).map {
                ($0.name, $0.floats() ?? [])
            })
    }

    private static func tensors(_ name: String) throws -> [NamedTensor] {
        try SafeTensors(path: Path.join(path(name), "model.safetensors")).tensors
    }

    private static func named(_ tensor: NamedTensor, _ name: String) -> NamedTensor {
        tensor.withUnsafeBytes { NamedTensor(name, tensor.type, shape: tensor.shape, copying: $0) }
    }

    /// nanoGPT's files have the same names and no matrix transposed; compiled modules add a prefix, and tied
    /// heads and buffers may be there.
    @Test func nanoGPTsFiles() throws {
        let gpt2 = try Self.model("gpt2")
        let expected = try loaded(try Self.tensors("gpt2"), gpt2)
        let shapes = Dictionary(
            uniqueKeysWithValues: try Self.plan(gpt2.config).network.layout.tensors.map {
                ($0.name, $0.storage.fileShape)
            })
        var tensors = try expected.map { name, floats in
            NamedTensor("_orig_mod.transformer.\(name)", shape: try #require(shapes[name]), floats: floats)
        }
        tensors += [
            NamedTensor("_orig_mod.lm_head.weight", shape: [61, 24], floats: expected["wte.weight"] ?? []),
            NamedTensor("_orig_mod.transformer.h.0.attn.bias", shape: [1, 1, 2, 2], floats: [1, 0, 1, 1]),
        ]
        #expect(try loaded(tensors, gpt2) == expected)
        tensors[tensors.count - 2] = NamedTensor(
            "lm_head.weight", shape: [61, 24], floats: [Float](repeating: 1, count: 61 * 24))
        let error = #expect(throws: CheckpointError.self) { try loaded(tensors, gpt2) }
        #expect(error?.description.contains("1 unexpected: lm_head.weight") == true)
    }

    /// With and without the prefix, with buffers and a head that is the embedding.
    @Test func otherNamesOfLlama() throws {
        let (llama, tensors) = (try Self.model("llama-tied"), try Self.tensors("llama-tied"))
        let expected = try loaded(tensors, llama)
        var bare = tensors.map { Self.named($0, String($0.name.dropFirst("model.".count))) }
        bare += ["layers.0.self_attn.rotary_emb.inv_freq", "rotary_emb.inv_freq"].map {
            NamedTensor($0, shape: [4], floats: [1, 2, 3, 4])
        }
        bare.append(Self.named(try #require(tensors.first { $0.name.contains("embed") }), "lm_head.weight"))
        #expect(try loaded(bare, llama) == expected)
        let incomplete = tensors.filter { $0.name != "model.layers.1.self_attn.k_proj.weight" }
        let error = #expect(throws: CheckpointError.self) { try loaded(incomplete, llama) }
        #expect(
            error?.description.contains(
                "layers.1.self_attn.c_attn.weight (2 of its 3 parts are in the file: ")
                == true, "\(error?.description ?? "")")
    }

    /// Configs of models that this program would compute otherwise.
    @Test(arguments: [
        (#"{"model_type": "gemma"}"#, "of the kind `gemma`, but this program knows gpt2, llama and qwen2"),
        (#"{"rope_scaling": {"rope_type": "llama3"}, "#, "`rope_type` is \"llama3\", but this program knows"),
        (#"{"head_dim": 16, "#, "`head_dim` is 16, but this program knows 8 alone"),
        (#"{"hidden_act": "gelu", "#, "`hidden_act` is \"gelu\""),
        (#"{"mlp_bias": true, "#, "`mlp_bias` is true"),
        (#"{"num_hidden_layers": -1, "#, "has no `num_hidden_layers` from 1 to 10000"),
        (#"{"rms_norm_eps": 0, "#, "has no positive number as `rms_norm_eps`"),
    ]) func otherModelsAreRefused(start: String, words: String) throws {
        let llama = try Self.model("llama-tied")
        let rest =
            #""model_type": "llama", "hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 56, "#
            + #""num_hidden_layers": 2, "vocab_size": 61}"#
        let text = start.hasSuffix("}") ? start : start + rest
        // The first of two members of a name counts, and a duplicate is a mistake in a config alone.
        let error = #expect(throws: CheckpointError.self) {
            try loaded(try Self.tensors("llama-tied"), llama, config: text)
        }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
}
