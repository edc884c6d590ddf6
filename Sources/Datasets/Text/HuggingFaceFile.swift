import System

/// Reads `tokenizer.json` of Hugging Face's `tokenizers`. What is not supported is refused by its name.
struct HuggingFaceFile {
    let name: String
    private let tree: JSONTree

    /// - Parameter name: the file's name in messages.
    init(_ text: [UInt8], name: String) throws {
        try self.init(JSONTree(text, name: name), name: name)
    }

    init(_ tree: JSONTree, name: String) throws {
        self.name = name
        self.tree = tree
    }

    func tokenizer() throws -> BPETokenizer {
        let decoder = try decoder(tree["decoder"])
        let preTokenizer = PreTokenizer(steps: try preTokenizerSteps(tree["pre_tokenizer"], isLast: true))
        let model = try model(isByteLevel: preTokenizer.isByteLevel)
        let added = try addedTokens(model)
        let tokenizer = BPETokenizer(
            model: model, added: added,
            normalizer: TextNormalizer(steps: try normalizerSteps(tree["normalizer"])),
            preTokenizer: preTokenizer, decoder: TokenDecoder(steps: decoder),
            template: try template(tree["post_processor"]))
        for id in tokenizer.template.before + tokenizer.template.behind
        where tokenizer.spelling(of: id) == nil {
            throw fault(
                "`post_processor` has the token \(id), which does not exist; take the model's own file")
        }
        return tokenizer
    }

    // MARK: - Faults

    func fault(_ text: String) -> DatasetError { DatasetError("`\(name)`: \(text)") }

    func unsupported(_ field: String, _ found: String, _ supported: String) -> DatasetError {
        fault("`\(field)` is \(found), which is not supported; supported: \(supported)")
    }

    func kind(_ value: JSONTree, _ field: String) throws -> String {
        guard let kind = value["type"]?.string else {
            throw fault("`\(field)` has no `type`; copy the file again")
        }
        return kind
    }

    func require<Value>(_ value: Value?, _ field: String, _ wanted: String) throws -> Value {
        if let value { return value }
        throw fault("`\(field)` is not \(wanted); take the file that belongs to the model")
    }

    /// A flag that may be missing or null.
    func flag(_ value: JSONTree?, _ field: String, otherwise: Bool) throws -> Bool {
        guard let value, !value.isNull else { return otherwise }
        return try require(value.flag, field, "true or false")
    }

    /// Refuses a field that has another value than those that change nothing.
    private func requireNeutral(_ value: JSONTree?, _ field: String, _ neutral: [JSONTree], _ why: String)
        throws
    {
        guard let value, !value.isNull, !neutral.contains(value) else { return }
        throw unsupported(field, value.shown, why)
    }

    // MARK: - The model

    private func model(isByteLevel: Bool) throws -> BPEModel {
        let model = try require(tree["model"].flatMap { $0.members == nil ? nil : $0 }, "model", "an object")
        let kind = model["type"]?.string ?? "BPE"
        guard kind == "BPE" else { throw unsupported("model.type", "\"\(kind)\"", "\"BPE\"") }
        try requireNeutral(model["dropout"], "model.dropout", [.number(0)], "null")
        for field in ["continuing_subword_prefix", "end_of_word_suffix"] {
            try requireNeutral(model[field], "model.\(field)", [.text([])], "null and \"\"")
        }
        let options = BPEModel.Options(
            isByteLevel: isByteLevel, unknown: model["unk_token"]?.bytes,
            fusesUnknown: try flag(model["fuse_unk"], "model.fuse_unk", otherwise: false),
            fallsBackToBytes: try flag(model["byte_fallback"], "model.byte_fallback", otherwise: false),
            ignoresMerges: try flag(model["ignore_merges"], "model.ignore_merges", otherwise: false))
        let vocabulary = try Self.vocabulary(
            try require(model["vocab"], "model.vocab", "there"), field: "`model.vocab`", name: name)
        let merges = try require(model["merges"]?.elements, "model.merges", "a list")
        return try BPEModel(
            vocabulary: vocabulary, merges: try merges.enumerated().map { try merge($1, $0) },
            options: options,
            name: name)
    }

    /// The largest id: a vocabulary has no more than a million tokens.
    static let largestID: Int32 = 1 << 20

    static func vocabulary(_ tree: JSONTree, field: String, name: String) throws -> [[UInt8]: Int32] {
        guard let members = tree.members, !members.isEmpty else {
            throw DatasetError(
                "`\(name)`: \(field) is no object of tokens and ids; take the model's own file")
        }
        var vocabulary: [[UInt8]: Int32] = Dictionary(minimumCapacity: members.count)
        for member in members {
            guard let id = member.value.id, id <= largestID else {
                throw DatasetError(
                    "`\(name)`: the id of `\(String(decoding: member.name.prefix(60), as: UTF8.self))` is"
                        + " \(member.value.shown); ids are whole numbers from 0 to \(largestID)")
            }
            vocabulary[member.name] = id
        }
        guard Set(vocabulary.values).count == vocabulary.count else {
            throw DatasetError(
                "`\(name)`: two tokens of \(field) have the same id; take the model's own file")
        }
        return vocabulary
    }

    private func merge(_ value: JSONTree, _ rank: Int) throws -> ([UInt8], [UInt8]) {
        if let parts = value.elements, parts.count == 2, let left = parts[0].bytes, let right = parts[1].bytes
        {
            return (left, right)
        }
        let parts = value.bytes?.split(separator: 0x20, omittingEmptySubsequences: false) ?? []
        guard parts.count == 2 else { throw fault("merge \(rank) is \(value.shown), and not two tokens") }
        return (Array(parts[0]), Array(parts[1]))
    }

    // MARK: - Added tokens

    private func addedTokens(_ model: BPEModel) throws -> [AddedToken] {
        guard let list = tree["added_tokens"], !list.isNull else { return [] }
        // As `tokenizers` numbers tokens that the vocabulary does not have.
        var next = Int32(model.tokens.count { $0 != nil })
        var known: [[UInt8]: Int32] = [:]
        return try require(list.elements, "added_tokens", "a list").map { entry in
            let token = try addedToken(entry)
            let expected = model.id(of: token.content) ?? known[token.content] ?? next
            guard token.id == expected else {
                throw fault(
                    "the added token `\(String(decoding: token.content, as: UTF8.self))` has the id"
                        + " \(token.id), and by the vocabulary it is \(expected); take the model's own file")
            }
            if token.id >= next { next = token.id + 1 }
            known[token.content] = token.id
            return token
        }
    }

    private func addedToken(_ entry: JSONTree) throws -> AddedToken {
        func option(_ field: String) throws -> Bool {
            try flag(entry[field], "added_tokens.\(field)", otherwise: false)
        }
        if try option("single_word") {
            throw unsupported("added_tokens.single_word", "true", "false")
        }
        let content = try require(entry["content"]?.bytes, "added_tokens.content", "a text")
        guard !content.isEmpty else { throw fault("an added token is empty; remove it") }
        return AddedToken(
            id: try require(
                entry["id"]?.id.flatMap { $0 <= Self.largestID ? $0 : nil }, "added_tokens.id",
                "a whole number from 0 to \(Self.largestID)"),
            content: content, takesSpaceBefore: try option("lstrip"), takesSpaceBehind: try option("rstrip"),
            isNormalized: try option("normalized"), isSpecial: try option("special"))
    }
}
