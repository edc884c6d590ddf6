// The schemes of other libraries.
extension TensorNaming {
    /// The schemes that are tried.
    package static let known = [huggingFaceResNet, huggingFaceGPT2, huggingFaceLlama]

    /// `ResNetForImageClassification` of Hugging Face's transformers, as torchvision calls its tensors.
    package static let huggingFaceResNet = TensorNaming(
        prefix: "resnet.",
        [
            Rule("embedder.embedder.convolution.*", "conv1.*"),
            Rule("embedder.embedder.normalization.*", "bn1.*"),
            Rule("encoder.stages.#.layers.#.layer.#.convolution.*", "layer#+1.#.conv#+1.*"),
            Rule("encoder.stages.#.layers.#.layer.#.normalization.*", "layer#+1.#.bn#+1.*"),
            Rule("encoder.stages.#.layers.#.shortcut.convolution.*", "layer#+1.#.downsample.0.*"),
            Rule("encoder.stages.#.layers.#.shortcut.normalization.*", "layer#+1.#.downsample.1.*"),
            Rule("classifier.1.*", "fc.*"),
        ])

    /// `GPT2LMHeadModel` and `GPT2Model` of Hugging Face's transformers, as the preset `gpt2` calls their
    /// tensors. nanoGPT has the same names, and does not transpose.
    package static let huggingFaceGPT2 = TensorNaming(
        prefix: "transformer.",
        [
            Rule("wte.weight", "wte.weight"), Rule("wpe.weight", "wpe.weight", mayBeCut: true),
            Rule("h.#.ln_1.*", "h.#.ln_1.*"), Rule("h.#.ln_2.*", "h.#.ln_2.*"), Rule("ln_f.*", "ln_f.*"),
            Rule("h.#.attn.c_attn.weight", "h.#.attn.c_attn.weight", isTransposed: true),
            Rule("h.#.attn.c_attn.bias", "h.#.attn.c_attn.bias"),
            Rule("h.#.attn.c_proj.weight", "h.#.attn.c_proj.weight", isTransposed: true),
            Rule("h.#.attn.c_proj.bias", "h.#.attn.c_proj.bias"),
            Rule("h.#.mlp.c_fc.weight", "h.#.mlp.c_fc.weight", isTransposed: true),
            Rule("h.#.mlp.c_fc.bias", "h.#.mlp.c_fc.bias"),
            Rule("h.#.mlp.c_proj.weight", "h.#.mlp.c_proj.weight", isTransposed: true),
            Rule("h.#.mlp.c_proj.bias", "h.#.mlp.c_proj.bias"), Rule("lm_head.weight", "lm_head.weight"),
        ], ignored: ["h.#.attn.bias", "h.#.attn.masked_bias"],
        tied: (head: "lm_head.weight", embedding: "wte.weight"))

    /// `LlamaForCausalLM` and `Qwen2ForCausalLM` of Hugging Face's transformers, as the preset `llama` calls
    /// their tensors.
    package static let huggingFaceLlama = TensorNaming(
        prefix: "model.",
        [
            Rule("embed_tokens.weight", "embed_tokens.weight"),
            Rule("layers.#.input_layernorm.weight", "layers.#.input_layernorm.weight"),
            Rule("layers.#.self_attn.q_proj.*", "layers.#.self_attn.c_attn.*", part: 0, of: 3),
            Rule("layers.#.self_attn.k_proj.*", "layers.#.self_attn.c_attn.*", part: 1, of: 3),
            Rule("layers.#.self_attn.v_proj.*", "layers.#.self_attn.c_attn.*", part: 2, of: 3),
            Rule("layers.#.self_attn.o_proj.*", "layers.#.self_attn.c_proj.*"),
            Rule("layers.#.post_attention_layernorm.weight", "layers.#.post_attention_layernorm.weight"),
            Rule("layers.#.mlp.gate_proj.*", "layers.#.mlp.gate_up_proj.*", part: 0, of: 2),
            Rule("layers.#.mlp.up_proj.*", "layers.#.mlp.gate_up_proj.*", part: 1, of: 2),
            Rule("layers.#.mlp.down_proj.*", "layers.#.mlp.down_proj.*"),
            Rule("norm.weight", "norm.weight"), Rule("lm_head.weight", "lm_head.weight"),
        ], ignored: ["layers.#.self_attn.rotary_emb.inv_freq", "rotary_emb.inv_freq"],
        tied: (head: "lm_head.weight", embedding: "embed_tokens.weight"))
}
