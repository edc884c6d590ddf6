/// A tokenizer of the kind that `tokenizer.json` describes: added tokens are found, the text between them is
/// normalized and cut into words, and words become tokens by merges. Its ids are those of PyPI's
/// `tokenizers`.
struct BPETokenizer: Sendable {
    let model: BPEModel
    let added: [AddedToken]
    let normalizer: TextNormalizer
    let preTokenizer: PreTokenizer
    let decoder: TokenDecoder
    /// Tokens that are put before and behind a text.
    let template: Template

    struct Template: Equatable, Sendable {
        var before: [Int32] = []
        var behind: [Int32] = []
    }

    /// Added tokens that are searched in the text as it is, and in the normalized text.
    private let rawSearch: AddedTokenSearch
    private let normalizedSearch: AddedTokenSearch
    /// The spellings from which text is made again; nil for ids without a token.
    private let spellings: [[UInt8]?]
    private let specialIDs: Set<Int32>

    init(
        model: BPEModel, added: [AddedToken], normalizer: TextNormalizer, preTokenizer: PreTokenizer,
        decoder: TokenDecoder, template: Template
    ) {
        self.model = model
        self.added = added
        self.normalizer = normalizer
        self.preTokenizer = preTokenizer
        self.decoder = decoder
        self.template = template
        let patterns = added.map { token in
            (pattern: token.isNormalized ? normalizer.normalized(token.content) : token.content, token: token)
        }
        rawSearch = AddedTokenSearch(patterns.filter { !$0.token.isNormalized })
        normalizedSearch = AddedTokenSearch(patterns.filter { $0.token.isNormalized })
        var spellings = model.tokens
        for (pattern, token) in patterns {
            while spellings.count <= Int(token.id) { spellings.append(nil) }
            spellings[Int(token.id)] = pattern
        }
        self.spellings = spellings
        // A token that is spelled like a special one is left out with it.
        let specials = Set(added.filter(\.isSpecial).map(\.content))
        specialIDs = Set(
            spellings.indices.filter { id in spellings[id].map(specials.contains) ?? false }.map { Int32($0) }
        )
    }

    var vocabularySize: Int { spellings.count }

    func isSpecial(_ id: Int32) -> Bool { specialIDs.contains(id) }

    func spelling(of id: Int32) -> [UInt8]? { spellings.indices.contains(Int(id)) ? spellings[Int(id)] : nil }

    /// Appends the tokens of a text, valid UTF-8.
    func encode(_ text: UnsafeBufferPointer<UInt8>, _ memory: Memory, into ids: inout [Int32]) {
        rawSearch.forEachPart(of: text) { part in
            switch part {
            case .token(let id): ids.append(id)
            case .text(let text, let isFirst):
                normalizer.withNormalized(text) { normalized in
                    encodeNormalized(normalized, isFirst: isFirst, memory, into: &ids)
                }
            }
        }
    }

    private func encodeNormalized(
        _ text: UnsafeBufferPointer<UInt8>, isFirst: Bool, _ memory: Memory, into ids: inout [Int32]
    ) {
        normalizedSearch.forEachPart(of: text) { part in
            switch part {
            case .token(let id): ids.append(id)
            case .text(let text, let isFirstPart):
                preTokenizer.forEachWord(of: text, isFirst: isFirst && isFirstPart) { word in
                    memory.words.append(word, to: &ids) { model.encode(word, memory.scratch, into: &$0) }
                }
            }
        }
    }

    /// The memory that is kept from one text to the next.
    final class Memory {
        var words = WordCache()
        let scratch = BPEScratch()
    }

    /// The text of tokens, in bytes. Ids without a token are left out.
    func decode(_ ids: some Sequence<Int32>, keepingSpecial: Bool) -> [UInt8] {
        decoder.text(
            of: ids.compactMap { id in keepingSpecial || !isSpecial(id) ? spelling(of: id) : nil })
    }
}
