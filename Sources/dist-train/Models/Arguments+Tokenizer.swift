import Datasets

extension Option {
    static let tokenizer = Option(
        name: "--tokenizer", value: "FILE",
        help: """
            a tokenizer.json, or a vocab.json with merges.txt beside it, or `bytes`, for models that were
            trained with tokens without a tokenizer
            """)
}

extension Arguments {
    /// The tokenizer that `--tokenizer` names.
    func tokenizer() throws -> Tokenizer? {
        guard let name = string(Option.tokenizer.name) else { return nil }
        return name == "bytes" ? .bytes(hasEnd: false) : try Tokenizer(path: name)
    }
}
