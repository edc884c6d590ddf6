import Configuration

// A model as `config.json` of Hugging Face's transformers describes it.
extension LanguageModel {
    /// Reads the text of a `config.json`; nil if it is that of another kind of model.
    ///
    /// - Parameter path: what messages name.
    /// - Throws: `PlanError` if the model is of a known kind, but computes what this program cannot.
    package init?(huggingFace text: [UInt8], path: String) throws(PlanError) {
        let value = JSON5.parse(SourceFile(name: path, text: text), diagnostics: Diagnostics())
        guard let value, let type = value["model_type"]?.text else { return nil }
        guard let family = Family(rawValue: type) else { return nil }
        let fields = Fields(value: value, path: path)
        switch family {
        case .gpt2: self = try Self.gpt2(fields)
        case .llama, .qwen2: self = try Self.llama(fields, family)
        }
    }

    /// The kind of a model as `config.json` says it; nil if it says nothing.
    package static func kind(inHuggingFace text: [UInt8], path: String) -> String? {
        JSON5.parse(SourceFile(name: path, text: text), diagnostics: Diagnostics())?["model_type"]?.text
    }

    private struct Fields {
        let value: ConfigValue
        let path: String

        func fault(_ description: String) -> PlanError { PlanError("`\(path)` \(description)") }

        /// A field that may be null.
        private func field(_ name: String) -> ConfigValue? {
            guard let field = value[name], !field.isNull else { return Optional.none }
            return field
        }

        func number(_ name: String, _ range: ClosedRange<Int> = 1...1_048_576, default other: Int? = nil)
            throws(PlanError) -> Int
        {
            let field = field(name)
            guard let found = field.map({ $0.integer }) ?? other, range.contains(found) else {
                throw fault("has no `\(name)` from \(range.lowerBound) to \(range.upperBound)")
            }
            return found
        }

        func positive(_ name: String, of value: ConfigValue? = nil, default other: Double) throws(PlanError)
            -> Double
        {
            guard let field = (value ?? self.value)[name] else { return other }
            guard let number = field.double, number > 0, number.isFinite else {
                throw fault("has no positive number as `\(name)`")
            }
            return number
        }

        func flag(_ name: String, default other: Bool) -> Bool {
            if case .bool(let flag)? = field(name)?.kind { flag } else { other }
        }

        func word(_ name: String, default other: String) -> String { field(name)?.text ?? other }

        /// Refuses a field that is there with another value.
        func require(_ name: String, _ allowed: ConfigValue..., of value: ConfigValue? = nil)
            throws(PlanError)
        {
            guard let found = (value ?? self.value)[name], !found.isNull, !allowed.contains(found) else {
                return
            }
            let known = allowed.map(\.json5).joined(separator: " or ")
            throw fault("says `\(name)` is \(found.json5), but this program knows \(known) alone")
        }
    }

    private static func gpt2(_ fields: Fields) throws(PlanError) -> LanguageModel {
        try fields.require("scale_attn_weights", true)
        try fields.require("scale_attn_by_inverse_layer_idx", false)
        try fields.require("add_cross_attention", false)
        try fields.require("activation_function", "gelu_new", "gelu_pytorch_tanh", "gelu")
        let (width, heads) = (try fields.number("n_embd"), try fields.number("n_head"))
        return LanguageModel(
            family: .gpt2, tokens: try fields.number("vocab_size", 1...16_777_216),
            context: try fields.number("n_positions"), width: width, heads: heads, kvHeads: heads,
            hidden: try fields.number("n_inner", 1...4_194_304, default: 4 * width),
            layers: try fields.number("n_layer", 1...10_000),
            epsilon: try fields.positive("layer_norm_epsilon", default: 1e-5), hasBias: true,
            gelu: fields.word("activation_function", default: "gelu_new") == "gelu" ? .exact : .tanh,
            isTied: fields.flag("tie_word_embeddings", default: true))
    }

    private static func llama(_ fields: Fields, _ family: Family) throws(PlanError) -> LanguageModel {
        try fields.require("hidden_act", "silu")
        try fields.require("mlp_bias", false)
        try fields.require("use_sliding_window", false)
        try fields.require("partial_rotary_factor", 1)
        let (width, heads) = (try fields.number("hidden_size"), try fields.number("num_attention_heads"))
        if width % heads == 0 { try fields.require("head_dim", .int(width / heads)) }
        // transformers before 5 has `rope_theta` and `rope_scaling` beside the others.
        let rotary = fields.value["rope_parameters"] ?? fields.value["rope_scaling"]
        if let rotary {
            try fields.require("rope_type", "default", of: rotary)
            try fields.require("type", "default", of: rotary)
            try fields.require("partial_rotary_factor", 1, of: rotary)
        }
        let base = try fields.positive("rope_theta", default: 10_000)
        return LanguageModel(
            family: family, tokens: try fields.number("vocab_size", 1...16_777_216),
            context: try fields.number("max_position_embeddings", 1...16_777_216, default: 2048),
            width: width, heads: heads,
            kvHeads: try fields.number("num_key_value_heads", default: heads),
            hidden: try fields.number("intermediate_size"),
            layers: try fields.number("num_hidden_layers", 1...10_000),
            epsilon: try fields.positive("rms_norm_eps", default: 1e-6),
            hasBias: family == .qwen2 || fields.flag("attention_bias", default: false),
            rotaryBase: try fields.positive("rope_theta", of: rotary, default: base),
            isTied: fields.flag("tie_word_embeddings", default: false))
    }

    /// The text of a `config.json` that transformers reads, of version 4 and later.
    package var huggingFace: String {
        let common: [(String, ConfigValue)] = [
            ("architectures", [.string(architecture)]), ("model_type", .string(family.rawValue)),
            ("tie_word_embeddings", .bool(isTied)), ("torch_dtype", "float32"), ("vocab_size", .int(tokens)),
            // The tokens that begin and end texts are the tokenizer's matter.
            ("bos_token_id", .null), ("eos_token_id", .null),
        ]
        return ConfigValue.object(common + (family == .gpt2 ? gptFields : llamaFields)).prettyJSON()
    }

    private var architecture: String {
        switch family {
        case .gpt2: "GPT2LMHeadModel"
        case .llama: "LlamaForCausalLM"
        case .qwen2: "Qwen2ForCausalLM"
        }
    }

    private var gptFields: [(String, ConfigValue)] {
        [
            ("activation_function", gelu == .tanh ? "gelu_new" : "gelu"),
            ("layer_norm_epsilon", .number(epsilon)), ("n_embd", .int(width)), ("n_head", .int(heads)),
            ("n_inner", .int(hidden)), ("n_layer", .int(layers)), ("n_positions", .int(context)),
        ]
    }

    private var llamaFields: [(String, ConfigValue)] {
        [
            ("attention_bias", .bool(hasBias)), ("head_dim", .int(width / heads)), ("hidden_act", "silu"),
            ("hidden_size", .int(width)), ("intermediate_size", .int(hidden)),
            ("max_position_embeddings", .int(context)), ("mlp_bias", false),
            ("num_attention_heads", .int(heads)), ("num_hidden_layers", .int(layers)),
            ("num_key_value_heads", .int(kvHeads)), ("rms_norm_eps", .number(epsilon)),
            ("rope_theta", .number(rotaryBase)),
            ("rope_parameters", ["rope_type": "default", "rope_theta": .number(rotaryBase)]),
        ]
    }
}
