/// Learns a byte-level BPE from texts (Sennrich 2016): the pair of neighbours that is most frequent in all
/// words becomes a token, again and again.
///
/// The merges are those of PyPI's `tokenizers` with `BpeTrainer`, ties included: of equally frequent pairs
/// the one with the lowest ids is merged, the first part's id first. Ids count the special tokens, then the
/// characters of `ByteAlphabet` in the order of Unicode, then the merged tokens.
package struct BPETrainer {
    private var counts: [[UInt8]: Int] = [:]

    package init() {}

    /// Counts the words of a text. A text is cut as a whole, so that words may have line ends.
    /// - Throws: `DatasetError` if it is not UTF-8.
    package mutating func add(_ text: UnsafeBufferPointer<UInt8>) throws {
        try UTF8Scalars.require(text)
        SplitPattern.gpt2.forEachWord(of: text) { counts[Array($0), default: 0] += 1 }
    }

    /// Distinct words so far.
    package var wordCount: Int { counts.count }

    /// The smallest vocabulary: all bytes and the token for the end of a document.
    package static let smallestVocabulary = 257
    package static let largestVocabulary = Int(HuggingFaceFile.largestID)

    /// Learns merges until the vocabulary has the wanted size, or until no pair is left.
    /// - Parameters:
    ///   - vocabularySize: at least 257.
    ///   - minimumFrequency: how often a pair must be there to be merged.
    ///   - progress: called with the size of the vocabulary after each merge; what it throws ends the
    ///     training.
    package func train(
        vocabularySize: Int, minimumFrequency: Int = 0, progress: (Int) throws -> Void = { _ in }
    ) throws -> Tokenizer {
        precondition(
            (Self.smallestVocabulary...Self.largestVocabulary).contains(vocabularySize),
            "a byte-level vocabulary has at least 257 tokens")
        let end = Array(Tokenizer.endName.utf8)
        var tokens = [end]
        let alphabet = ByteAlphabet.scalars.sorted()
        tokens += alphabet.map { UTF8Scalars.bytes($0) }
        let firstIDs = Dictionary(
            uniqueKeysWithValues: alphabet.enumerated().map { ($0.element, Int32($0.offset) + 1) })
        let ids = ByteAlphabet.scalars.map { firstIDs[$0] ?? 0 }
        var learner = BPELearner(
            words: counts.map { (word: $0.key.map { ids[Int($0)] }, count: $0.value) }, tokens: tokens)
        try learner.learn(vocabularySize: vocabularySize, minimumFrequency: minimumFrequency, progress)
        return try Self.tokenizer(learner.tokens, learner.lastMerges, end: end)
    }

    private static func tokenizer(_ tokens: [[UInt8]], _ merges: [BPELearner.Pair], end: [UInt8]) throws
        -> Tokenizer
    {
        let model = try BPEModel(
            vocabulary: Dictionary(uniqueKeysWithValues: zip(tokens, 0...)),
            merges: merges.map { (tokens[Int($0.left)], tokens[Int($0.right)]) },
            options: BPEModel.Options(isByteLevel: true), name: "trained tokenizer")
        return Tokenizer(
            .bpe(
                BPETokenizer(
                    model: model, added: [AddedToken(id: 0, content: end, isSpecial: true)],
                    normalizer: TextNormalizer(steps: []),
                    preTokenizer: PreTokenizer(steps: [.byteLevel(addsSpace: false, splits: true)]),
                    decoder: TokenDecoder(steps: [.byteLevel]), template: .init())))
    }
}
