// Language models: `classes` is the number of tokens, and the length of the samples is the context.
extension Presets {
    static let languageModels: [(name: String, text: String)] = [
        ("gpt_nano", LanguageModel.gptNano.preset), ("gpt2", LanguageModel.gpt2.preset),
        ("llama", LanguageModel.smolLM.preset),
    ]
}
