// Language models: `classes` is the number of tokens, and the length of the samples is the context.
extension Presets {
    static let languageModels: [(name: String, text: String)] = [
        ("gpt_nano", gpt(tokens: 65, width: 128, heads: 4, layers: 4, bias: false, gelu: "gelu")),
        ("gpt2", gpt(tokens: 50257, width: 768, heads: 12, layers: 12, bias: true, gelu: "{gelu: \"tanh\"}")),
        ("llama", llama(tokens: 49152, width: 576, heads: 9, kvHeads: 3, hidden: 1536, layers: 30)),
    ]

    /// The standard deviations with which weights begin, and those that add to the residual stream, which has
    /// two summands a layer: GPT-2's, https://github.com/karpathy/nanoGPT.
    private static func starts(_ layers: Int) -> (usual: String, residual: String) {
        let (usual, residual) = (0.02, 0.02 / Double(2 * layers).squareRoot())
        return ("{normal: {deviation: \(usual)}}", "{normal: {deviation: \(residual)}}")
    }

    /// nanoGPT's network, whose names of tensors are GPT-2's: its configuration for a CPU has 804,096
    /// parameters for 65 tokens and a context of 64; GPT-2 has 124,439,808 with a context of 1,024.
    private static func gpt(tokens: Int, width: Int, heads: Int, layers: Int, bias: Bool, gelu: String)
        -> String
    {
        let (start, residual) = starts(layers)
        let norm = "layer_norm: {shift: \(bias)}"
        return """
            {define: {gpt_block: {layers: [
              {residual: [
                {\(norm), name: "ln_1"},
                {attention: \(heads), bias: \(bias), init: \(start), out_init: \(residual), name: "attn"},
              ]},
              {residual: [
                {\(norm), name: "ln_2"},
                {dense: \(4 * width), bias: \(bias), init: \(start), activation: \(quoted(gelu)),
                  name: "mlp.c_fc"},
                {dense: \(width), bias: \(bias), init: \(residual), name: "mlp.c_proj"},
              ]},
            ]}},
            parameters: {classes: \(tokens)}, layers: [
              {embedding: "$classes", width: \(width), init: \(start), name: "wte"},
              {positions: {init: \(start)}, name: "wpe"},
              {use: "gpt_block", repeat: \(layers), name: "h"},
              {\(norm), name: "ln_f"}, {head: {tied: "wte"}, name: "lm_head"},
            ]}
            """
    }

    private static func quoted(_ word: String) -> String { word.hasPrefix("{") ? word : "\"\(word)\"" }

    /// Llama's network (https://arxiv.org/abs/2307.09288) in the size of SmolLM-135M, 134,515,008 parameters,
    /// with the names of Hugging Face's layers where they are the same.
    private static func llama(tokens: Int, width: Int, heads: Int, kvHeads: Int, hidden: Int, layers: Int)
        -> String
    {
        let (start, residual) = starts(layers)
        return """
            {define: {llama_block: {layers: [
              {residual: [
                {rms_norm: true, name: "input_layernorm"},
                {attention: \(heads), kv_heads: \(kvHeads), rotary: true, bias: false, init: \(start),
                  out_init: \(residual), name: "self_attn"},
              ]},
              {residual: [
                {rms_norm: true, name: "post_attention_layernorm"},
                {dense: \(2 * hidden), bias: false, init: \(start), name: "mlp.gate_up_proj"},
                {gated: "silu"},
                {dense: \(width), bias: false, init: \(residual), name: "mlp.down_proj"},
              ]},
            ]}},
            parameters: {classes: \(tokens)}, layers: [
              {embedding: "$classes", width: \(width), init: \(start), name: "embed_tokens"},
              {use: "llama_block", repeat: \(layers), name: "layers"},
              {rms_norm: true, name: "norm"}, {head: {tied: "embed_tokens"}, name: "lm_head"},
            ]}
            """
    }
}
