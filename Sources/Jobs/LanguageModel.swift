import Configuration
import NeuralNetwork

/// The sizes of a well-known kind of language model: the text of its layers in the language of configs.
package struct LanguageModel: Equatable, Sendable {
    package enum Family: String, Sendable {
        case gpt2, llama, qwen2
    }

    package var family: Family
    package var tokens: Int
    /// The most positions that the model was made for.
    package var context: Int
    package var width: Int
    package var heads: Int
    package var kvHeads: Int
    /// Width between the two matrices behind attention.
    package var hidden: Int
    package var layers: Int
    /// Added to the variances of normalisations.
    package var epsilon = 1e-5
    /// Whether layers have biases: all of GPT-2, and those of attention in Llama. Qwen2 has them for queries,
    /// keys and values.
    package var hasBias: Bool
    /// The function of GPT-2.
    package var gelu = GELUForm.tanh
    /// θ of the rotary angles of Llama and Qwen2.
    package var rotaryBase = 10_000.0
    /// True if the scores are those of the embedding's table.
    package var isTied = true

    /// nanoGPT's configuration for a CPU: 804,096 parameters with a context of 64.
    static let gptNano = LanguageModel(
        family: .gpt2, tokens: 65, context: 64, width: 128, heads: 4, kvHeads: 4, hidden: 512, layers: 4,
        hasBias: false, gelu: .exact)
    /// 124,439,808 parameters.
    static let gpt2 = LanguageModel(
        family: .gpt2, tokens: 50257, context: 1024, width: 768, heads: 12, kvHeads: 12, hidden: 3072,
        layers: 12, hasBias: true)
    /// SmolLM-135M: 134,515,008 parameters.
    static let smolLM = LanguageModel(
        family: .llama, tokens: 49152, context: 2048, width: 576, heads: 9, kvHeads: 3, hidden: 1536,
        layers: 30, hasBias: false)
}

// MARK: - In the language of configs

extension LanguageModel {
    /// The fields `define` and `model` of a job, on several lines.
    package var config: String {
        "define: {\(definition)},\nmodel: [\(layers(tokens: "\(tokens)"))]"
    }

    /// A preset whose parameter `classes` is the number of tokens.
    var preset: String {
        """
        {define: {\(definition)},
        parameters: {classes: \(tokens)}, layers: [\(layers(tokens: "\"$classes\""))]}
        """
    }

    private var definition: String { family == .gpt2 ? gptBlock : llamaBlock }

    /// The weights begin as nanoGPT's (https://github.com/karpathy/nanoGPT) and GPT-2's: with less deviation
    /// where they add to the residual stream, which has two summands a layer.
    private var start: String { "{normal: {deviation: 0.02}}" }
    private var residualStart: String {
        "{normal: {deviation: \(0.02 / Double(2 * layers).squareRoot())}}"
    }

    private var norm: String {
        let fields =
            (family == .gpt2 ? ["shift: \(hasBias)"] : []) + (epsilon == 1e-5 ? [] : ["epsilon: \(epsilon)"])
        let value = fields.isEmpty ? "true" : "{\(fields.joined(separator: ", "))}"
        return "\(family == .gpt2 ? "layer_norm" : "rms_norm"): \(value)"
    }

    /// The names of tensors are GPT-2's.
    private var gptBlock: String {
        """
        gpt_block: {layers: [
          {residual: [
            {\(norm), name: "ln_1"},
            {attention: \(heads), bias: \(hasBias), init: \(start), out_init: \(residualStart), name: "attn"},
          ]},
          {residual: [
            {\(norm), name: "ln_2"},
            {dense: \(hidden), bias: \(hasBias), init: \(start), activation: {gelu: "\(gelu.rawValue)"},
              name: "mlp.c_fc"},
            {dense: \(width), bias: \(hasBias), init: \(residualStart), name: "mlp.c_proj"},
          ]},
        ]}
        """
    }

    /// Llama's network (https://arxiv.org/abs/2307.09288), with the names of Hugging Face's layers where they
    /// are the same.
    private var llamaBlock: String {
        let rotary = rotaryBase == 10_000 ? "true" : "{base: \(rotaryBase)}"
        let bias = family == .qwen2 ? "bias: true, out_bias: false" : "bias: \(hasBias)"
        return """
            llama_block: {layers: [
              {residual: [
                {\(norm), name: "input_layernorm"},
                {attention: \(heads), kv_heads: \(kvHeads), rotary: \(rotary), \(bias), init: \(start),
                  out_init: \(residualStart), name: "self_attn"},
              ]},
              {residual: [
                {\(norm), name: "post_attention_layernorm"},
                {dense: \(2 * hidden), bias: false, init: \(start), name: "mlp.gate_up_proj"},
                {gated: "silu"},
                {dense: \(width), bias: false, init: \(residualStart), name: "mlp.down_proj"},
              ]},
            ]}
            """
    }

    private func layers(tokens: String) -> String {
        let isGPT = family == .gpt2
        let (table, block, name, last) =
            isGPT ? ("wte", "gpt_block", "h", "ln_f") : ("embed_tokens", "llama_block", "layers", "norm")
        let positions = "{positions: {init: \(start)}, name: \"wpe\"},"
        let tied = "{head: {tied: \"\(table)\"}, name: \"lm_head\"},"
        let head = "{dense: \(tokens), bias: false, init: \(start), name: \"lm_head\"},"
        let lines =
            ["{embedding: \(tokens), width: \(width), init: \(start), name: \"\(table)\"},"]
            + (isGPT ? [positions] : [])
            + [
                "{use: \"\(block)\", repeat: \(layers), name: \"\(name)\"},",
                "{\(norm), name: \"\(last)\"},", isTied ? tied : head,
            ]
        return "\n" + lines.map { "  \($0)\n" }.joined()
    }

    // MARK: Comparing

    /// The model that a network is; nil if it is none.
    package init?(_ network: NetworkPlan) {
        guard let made = Self.sizes(of: network), made.isModel(of: network) else { return nil }
        self = made
    }

    /// The sizes that a network has if it is such a model.
    private static func sizes(of network: NetworkPlan) -> LanguageModel? {
        func units(_ name: String) -> Int {
            guard case .dense(let units, _, _, _)? = network.layers.first(where: { $0.name == name })?.spec
            else { return 0 }
            return units
        }
        func hasBias(_ name: String) -> Bool {
            if case .dense(_, true, _, _)? = network.layers.first(where: { $0.name == name })?.spec {
                true
            } else {
                false
            }
        }
        guard let first = network.layers.first, case .embedding(let tokens, let width, _) = first.spec else {
            return nil
        }
        let isGPT = first.name == "wte"
        var model = LanguageModel(
            family: isGPT ? .gpt2 : .llama, tokens: tokens, context: network.inputShape.positions,
            width: width, heads: 0, kvHeads: 0,
            hidden: isGPT ? units("h.0.mlp.c_fc") : units("layers.0.mlp.gate_up_proj") / 2, layers: 0,
            hasBias: hasBias(isGPT ? "h.0.attn.c_attn" : "layers.0.self_attn.c_attn"), isTied: false)
        if !isGPT, model.hasBias, !hasBias("layers.0.self_attn.c_proj") { model.family = .qwen2 }
        for layer in network.layers { model.note(layer.spec) }
        return model.layers > 0 && model.width >= model.heads ? model : nil
    }

    private mutating func note(_ spec: LayerSpec) {
        switch spec {
        case .attentionCore(let core, _): (heads, kvHeads, layers) = (core.heads, core.kvHeads, layers + 1)
        case .rmsNorm(let epsilon, _), .layerNorm(let epsilon, _, _): self.epsilon = epsilon
        case .gelu(let form): gelu = form
        case .rotary(_, let base, _): rotaryBase = base
        case .tiedHead: isTied = true
        default: break
        }
    }

    /// The network, planned for the model's own context.
    ///
    /// - Throws: `PlanError` if the sizes do not fit together.
    private func plan() throws(PlanError) -> NetworkPlan {
        let diagnostics = Diagnostics()
        let layers = Presets.read(named: "language model", preset, diagnostics).map {
            Presets.layers(of: $0, diagnostics)
        }
        guard let layers, !diagnostics.hasErrors else {
            throw PlanError("the sizes of the language model are out of range")
        }
        do {
            return try NetworkPlan(
                layers: layers, input: TensorShape([context, 1]), loss: .crossEntropy)
        } catch { throw PlanError(error.description, layer: error.layer) }
    }

    /// The first layer of this model that a network has otherwise, though its weights may fit: what a head,
    /// an angle, a normalisation or an activation computes.
    ///
    /// - Throws: `PlanError` if the sizes do not fit together.
    package func difference(from network: NetworkPlan) throws(PlanError) -> (own: String, other: String)? {
        let (own, other) = (try plan().layers, network.layers)
        func functions(_ layers: [PlannedLayer]) -> [PlannedLayer] { layers.filter(\.spec.isFunction) }
        for (a, b) in zip(functions(own), functions(other))
        where a.spec.withoutDropout != b.spec.withoutDropout {
            return (Self.described(a), Self.described(b))
        }
        return nil
    }

    private static func described(_ layer: PlannedLayer) -> String {
        "`\(layer.name)`, \(layer.summary)\(layer.spec.numbers)"
    }

    /// True if a network is this model: the same layers with the same names, dropout aside.
    package func isModel(of network: NetworkPlan) -> Bool {
        guard let plan = try? plan() else { return false }
        func layers(_ plan: NetworkPlan) -> [NamedLayer] {
            plan.layers.compactMap { layer in
                if case .dropout = layer.spec { return nil }
                return NamedLayer(layer.name, layer.spec.withoutStart.withoutDropout)
            }
        }
        return layers(plan) == layers(network)
    }
}

extension LayerSpec {
    /// True for a layer whose weights do not tell what it computes.
    fileprivate var isFunction: Bool {
        switch self {
        case .rotary, .attentionCore, .gated, .gelu, .silu, .activation, .rmsNorm, .layerNorm: true
        default: false
        }
    }

    /// The numbers that a summary leaves out.
    fileprivate var numbers: String {
        switch self {
        case .rotary(_, let base, _): " with base \(base)"
        case .rmsNorm(let epsilon, _), .layerNorm(let epsilon, _, _): " with epsilon \(epsilon)"
        default: ""
        }
    }

    /// The layer without what only training computes.
    fileprivate var withoutDropout: LayerSpec {
        if case .attentionCore(let core, _) = self { .attentionCore(core, dropout: 0) } else { self }
    }

    /// The layer without what decides its first values alone.
    fileprivate var withoutStart: LayerSpec {
        switch self {
        case .dense(let units, let bias, _, _): .dense(units: units, bias: bias, initializer: .zeros)
        case .embedding(let entries, let width, _):
            .embedding(entries: entries, width: width, initializer: .zeros)
        case .positions: .positions(initializer: .zeros)
        default: self
        }
    }
}
