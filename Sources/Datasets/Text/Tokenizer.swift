import System

/// A way to make numbers (token ids) of a text, and the text of numbers.
///
///     let tokenizer = try Tokenizer(path: "gpt2/tokenizer.json")
///     let ids = try tokenizer.encode("Hello, world")          // [15496, 11, 995]
///     String(decoding: tokenizer.decode(ids), as: UTF8.self)  // "Hello, world"
///     try Tokenizer(serialized: tokenizer.serialized)         // the same one
package final class Tokenizer: Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// The characters of the training text.
        case characters
        /// The 256 bytes.
        case bytes
        /// The words of training texts, in lower case.
        case words
        /// Byte pair encoding, as `tokenizer.json` describes it.
        case bpe
    }

    enum Content: Sendable {
        case characters(CharacterTokens)
        case bytes(hasEnd: Bool)
        case words(WordTokens)
        case bpe(BPETokenizer)
    }

    let content: Content
    /// The canonical form: JSON, which for a BPE is a `tokenizer.json` that other programs read too.
    package let serialized: [UInt8]
    /// SHA-256 of the canonical form.
    package let hash: [UInt8]
    package let vocabularySize: Int
    /// The token between documents; nil if there is none.
    package let endOfText: Int32?

    init(_ content: Content) {
        self.content = content
        serialized = TokenizerWriter.json(content)
        hash = SHA256.digest(of: serialized)
        switch content {
        case .characters(let tokens): (vocabularySize, endOfText) = (tokens.vocabularySize, tokens.endOfText)
        case .bytes(let hasEnd): (vocabularySize, endOfText) = (hasEnd ? 257 : 256, hasEnd ? 256 : nil)
        case .words(let tokens): (vocabularySize, endOfText) = (tokens.vocabularySize, nil)
        case .bpe(let bpe): (vocabularySize, endOfText) = (bpe.vocabularySize, bpe.endOfText)
        }
    }

    package var kind: Kind {
        switch content {
        case .characters: .characters
        case .bytes: .bytes
        case .words: .words
        case .bpe: .bpe
        }
    }

    // MARK: - Making tokenizers

    /// Makes a tokenizer of bytes, which knows every text.
    /// - Parameter hasEnd: whether there is a token for the end of a document.
    package static func bytes(hasEnd: Bool) -> Tokenizer { Tokenizer(.bytes(hasEnd: hasEnd)) }

    /// Makes a tokenizer of the characters of training texts.
    /// - Parameter hasEnd: whether there is a token for the end of a document.
    /// - Throws: `DatasetError` if there is no character, or if a text is not UTF-8.
    package static func characters(of texts: some Sequence<UnsafeBufferPointer<UInt8>>, hasEnd: Bool) throws
        -> Tokenizer
    {
        try characters(hasEnd: hasEnd) { add in for text in texts { try add(text) } }
    }

    /// The same of texts that come one after the other.
    static func characters(hasEnd: Bool, of visit: (TextVisitor) throws -> Void) throws -> Tokenizer {
        var collector = CharacterTokens.Collector()
        try visit { text in
            try UTF8Scalars.require(text)
            collector.add(text)
        }
        let tokens = collector.tokens(hasEnd: hasEnd)
        guard !tokens.scalars.isEmpty else {
            throw DatasetError("the training text is empty; give a text with characters")
        }
        return Tokenizer(.characters(tokens))
    }

    /// Makes a tokenizer of the words of training texts.
    /// - Parameters:
    ///   - minimumFrequency: how often a word must be there to get a token of its own.
    ///   - vocabularySize: the most tokens, with the one for unknown words; nil for no limit.
    /// - Throws: `DatasetError` if a text is not UTF-8.
    package static func words(
        of texts: some Sequence<UnsafeBufferPointer<UInt8>>, minimumFrequency: Int = 1,
        vocabularySize: Int? = nil
    ) throws -> Tokenizer {
        try words(minimumFrequency: minimumFrequency, vocabularySize: vocabularySize) { add in
            for text in texts { try add(text) }
        }
    }

    /// The same of texts that come one after the other.
    static func words(
        minimumFrequency: Int, vocabularySize: Int? = nil, of visit: (TextVisitor) throws -> Void
    ) throws -> Tokenizer {
        precondition(vocabularySize ?? 2 > 1, "a vocabulary of words has at least two tokens")
        var counter = WordTokens.Counter()
        try visit { text in
            try UTF8Scalars.require(text)
            counter.add(text)
        }
        return Tokenizer(
            .words(counter.tokens(minimumFrequency: minimumFrequency, vocabularySize: vocabularySize)))
    }

    /// Takes a text, or a piece of one.
    typealias TextVisitor = (UnsafeBufferPointer<UInt8>) throws -> Void

    // MARK: - Texts and ids

    /// Tokens that the tokenizer's file wants before and behind a text, like Llama's `<s>`.
    package var template: (before: [Int32], behind: [Int32]) {
        guard case .bpe(let bpe) = content else { return ([], []) }
        return (bpe.template.before, bpe.template.behind)
    }

    /// The ids of a text.
    /// - Parameter addsTemplate: whether tokens that the tokenizer's file wants before and behind a text
    ///   (like Llama's `<s>`) are added.
    /// - Throws: `DatasetError` if the text is not UTF-8, or has a character that is not in the vocabulary.
    package func encode(_ text: UnsafeBufferPointer<UInt8>, addsTemplate: Bool = false) throws -> [Int32] {
        var encoder = Encoder(self)
        return try encoder.encode(text, addsTemplate: addsTemplate)
    }

    package func encode(_ text: [UInt8], addsTemplate: Bool = false) throws -> [Int32] {
        try text.withUnsafeBufferPointer { try encode($0, addsTemplate: addsTemplate) }
    }

    package func encode(_ text: String, addsTemplate: Bool = false) throws -> [Int32] {
        try encode(Array(text.utf8), addsTemplate: addsTemplate)
    }

    /// Encodes many texts: it remembers the words that it has met.
    package struct Encoder {
        let tokenizer: Tokenizer
        private let memory = BPETokenizer.Memory()

        package init(_ tokenizer: Tokenizer) { self.tokenizer = tokenizer }

        /// The ids of a text, as `Tokenizer.encode`.
        /// - Throws: `DatasetError` as there.
        package mutating func encode(_ text: UnsafeBufferPointer<UInt8>, addsTemplate: Bool = false) throws
            -> [Int32]
        {
            var ids: [Int32] = []
            if case .bytes = tokenizer.content { return text.map { Int32($0) } }
            try UTF8Scalars.require(text)
            switch tokenizer.content {
            case .characters(let tokens): try tokens.encode(text, into: &ids)
            case .bytes: break
            case .words(let tokens): tokens.encode(text, into: &ids)
            case .bpe(let bpe):
                ids.reserveCapacity(text.count / 3)
                if addsTemplate { ids += bpe.template.before }
                bpe.encode(text, memory, into: &ids)
                if addsTemplate { ids += bpe.template.behind }
            }
            return ids
        }
    }

    /// The text of ids. It is what `tokenizers` makes of them, but bytes that are no UTF-8 stay as they are.
    /// Ids without a token are left out.
    /// - Parameter keepingSpecial: whether special tokens are spelled out.
    package func decode(_ ids: some Sequence<Int32>, keepingSpecial: Bool = false) -> [UInt8] {
        if case .bpe(let bpe) = content { return bpe.decode(ids, keepingSpecial: keepingSpecial) }
        let shown = ids.filter { keepingSpecial || $0 != endOfText }.map(bytes)
        return Array(shown.joined(separator: kind == .words ? [0x20] : []))
    }

    /// The bytes of a token that is not of a BPE.
    private func bytes(of id: Int32) -> [UInt8] {
        if id == endOfText { return Array(Self.endName.utf8) }
        return switch content {
        case .characters(let tokens): tokens.bytes(of: id)
        case .bytes: UInt8(exactly: id).map { [$0] } ?? []
        case .words(let tokens): tokens.bytes(of: id)
        case .bpe: []
        }
    }

    /// The name of the end token where the tokenizer's kind, not a file, makes it.
    static let endName = "<|endoftext|>"

    /// A token for people to look at: as in the file for a BPE, otherwise its text, or `<0x0A>` for a byte
    /// that is no visible character.
    package func text(of id: Int32) -> String {
        if case .bpe(let bpe) = content {
            return bpe.spelling(of: id).map { String(decoding: $0, as: UTF8.self) } ?? "<no token \(id)>"
        }
        if case .bytes = content, let byte = UInt8(exactly: id), !(0x20...0x7E).contains(byte) {
            return String(decoding: BPEModel.byteToken(byte), as: UTF8.self)
        }
        return String(decoding: bytes(of: id), as: UTF8.self)
    }

    /// The id of a special token; nil if there is none of this name.
    package func special(_ name: String) -> Int32? {
        switch content {
        case .bpe(let bpe): bpe.added.last { $0.isSpecial && $0.content.elementsEqual(name.utf8) }?.id
        case .words: name == "<unk>" ? WordTokens.unknown : nil
        case .characters, .bytes: name == Self.endName ? endOfText : nil
        }
    }

    /// The token of everything that is not in the vocabulary; nil if there is none.
    package var unknown: Int32? {
        switch content {
        case .bpe(let bpe): bpe.model.unknownID
        case .words: WordTokens.unknown
        case .characters, .bytes: nil
        }
    }
}

extension Tokenizer: Equatable {
    package static func == (one: Tokenizer, other: Tokenizer) -> Bool { one.hash == other.hash }
}

extension BPETokenizer {
    /// Names of the token between documents, the usual ones first: GPT-2, SmolLM and Qwen2; Llama 3; Llama 2.
    private static let endNames = ["<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<|eos|>", "[EOS]"]

    var endOfText: Int32? {
        Self.endNames.lazy.compactMap { name in
            added.last { $0.isSpecial && $0.content.elementsEqual(name.utf8) }?.id
        }.first
    }
}
