/// A vocabulary with merges (byte pair encoding, Sennrich 2016): a word begins as its characters; of the
/// neighbours that have a merge, those with the lowest rank become one token, from left to right, until there
/// are none.
struct BPEModel: Sendable {
    /// The options of a file beside its vocabulary and merges.
    struct Options: Equatable, Sendable {
        /// Whether the words are bytes, which tokens spell in `ByteAlphabet`.
        var isByteLevel = false
        /// The token of characters that have none.
        var unknown: [UInt8]?
        /// Whether unknown characters side by side are one token.
        var fusesUnknown = false
        /// Whether an unknown character becomes the tokens `<0x00>` … `<0xFF>` of its bytes.
        var fallsBackToBytes = false
        /// Whether a word that is a token is not merged from its characters.
        var ignoresMerges = false
    }

    let options: Options
    /// The spelling of each token in the file; nil for ids without a token.
    let tokens: [[UInt8]?]
    /// Pairs of ids in the order of their ranks, of which some may be there twice.
    let merges: [(left: Int32, right: Int32)]
    let table: PairTable
    let unknownID: Int32?
    private let ids: [[UInt8]: Int32]
    /// The tokens of ASCII characters, or of all bytes at byte level; -1 where there is none.
    private let firstIDs: [Int32]
    private let scalarIDs: [UInt32: Int32]
    private let fallbackIDs: [Int32?]
    /// Whole words that are tokens; empty unless merges are ignored for them.
    private let wordIDs: [[UInt8]: Int32]

    /// - Parameter merges: the spellings of the parts, in the order of their ranks.
    /// - Throws: `DatasetError` if a merge is not made of tokens.
    init(vocabulary: [[UInt8]: Int32], merges: [([UInt8], [UInt8])], options: Options, name: String) throws {
        self.options = options
        ids = vocabulary
        var tokens = [[UInt8]?](repeating: nil, count: Int(vocabulary.values.max() ?? -1) + 1)
        for (token, id) in vocabulary { tokens[Int(id)] = token }
        self.tokens = tokens
        unknownID = options.unknown.flatMap { vocabulary[$0] }
        if let unknown = options.unknown, unknownID == nil {
            throw DatasetError(
                "`\(name)`: the unknown token `\(String(decoding: unknown, as: UTF8.self))` is not in its"
                    + " vocabulary; take the file that belongs to the model")
        }
        (self.merges, table) = try Self.ranked(merges, vocabulary, name)
        fallbackIDs = (0..<256).map { vocabulary[Self.byteToken(UInt8($0))] }
        var scalarIDs: [UInt32: Int32] = [:]
        for (token, id) in vocabulary where token.count <= 4 {
            let scalars = token.withUnsafeBufferPointer { UTF8Scalars.scalars(of: $0) }
            if scalars.count == 1 { scalarIDs[scalars[0]] = id }
        }
        self.scalarIDs = scalarIDs
        firstIDs = (0..<256).map { byte in
            if options.isByteLevel { return scalarIDs[ByteAlphabet.scalars[byte]] ?? -1 }
            return byte < 128 ? scalarIDs[UInt32(byte)] ?? -1 : -1
        }
        wordIDs = options.ignoresMerges ? Self.words(vocabulary, options) : [:]
    }

    func id(of token: [UInt8]) -> Int32? { ids[token] }

    /// The token that stands for a byte of an unknown character: `<0x0A>`.
    static func byteToken(_ byte: UInt8) -> [UInt8] {
        let digits = String(byte, radix: 16, uppercase: true)
        return Array("<0x\(byte < 16 ? "0" : "")\(digits)>".utf8)
    }

    private static func words(_ vocabulary: [[UInt8]: Int32], _ options: Options) -> [[UInt8]: Int32] {
        guard options.isByteLevel else { return vocabulary }
        var words: [[UInt8]: Int32] = [:]
        for (token, id) in vocabulary {
            if let bytes = ByteAlphabet.bytes(of: token) { words[bytes] = id }
        }
        return words
    }

    private static func ranked(
        _ merges: [([UInt8], [UInt8])], _ vocabulary: [[UInt8]: Int32], _ name: String
    ) throws -> ([(left: Int32, right: Int32)], PairTable) {
        var pairs: [(left: Int32, right: Int32)] = []
        pairs.reserveCapacity(merges.count)
        var table = PairTable(capacity: merges.count)
        for (rank, (left, right)) in merges.enumerated() {
            func id(_ token: [UInt8]) throws -> Int32 {
                if let id = vocabulary[token] { return id }
                throw DatasetError(
                    "`\(name)`, merge \(rank): `\(String(decoding: token, as: UTF8.self))` is not in the"
                        + " vocabulary; take vocabulary and merges of the same model")
            }
            let pair = (left: try id(left), right: try id(right))
            table.set(pair.left, pair.right, rank: UInt32(rank), id: try id(left + right))
            pairs.append(pair)
        }
        return (pairs, table)
    }

    // MARK: - Words

    /// Appends the tokens of a word.
    func encode(_ word: UnsafeBufferPointer<UInt8>, _ scratch: BPEScratch, into ids: inout [Int32]) {
        if options.ignoresMerges, let id = wordIDs[Array(word)] { return ids.append(id) }
        scratch.ids.removeAll(keepingCapacity: true)
        appendCharacters(of: word, to: &scratch.ids)
        scratch.merge(table)
        ids += scratch.ids
    }

    /// Appends the tokens of single characters, in the order in which `tokenizers` finds them.
    private func appendCharacters(of word: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]) {
        var pending: Int32?
        var offset = 0
        while offset < word.count {
            let byte = word[offset]
            var id = firstIDs[Int(byte)]
            var scalar: UInt32 = 0
            if options.isByteLevel {
                offset += 1
                if id < 0 { scalar = ByteAlphabet.scalars[Int(byte)] }
            } else {
                let (value, length) = UTF8Scalars.scalar(in: word, at: offset)
                scalar = value
                offset += length
                if value >= 0x80 { id = scalarIDs[value] ?? -1 }
            }
            if id >= 0 {
                if let unknown = pending { ids.append(unknown) }
                pending = nil
                ids.append(id)
            } else if !options.fallsBackToBytes || !appendBytes(of: scalar, to: &ids), let unknownID {
                if let unknown = pending, !options.fusesUnknown { ids.append(unknown) }
                pending = unknownID
            }
        }
        if let unknown = pending { ids.append(unknown) }
    }

    /// Appends the tokens of a character's bytes. Returns false if one of the bytes has none.
    private func appendBytes(of scalar: UInt32, to ids: inout [Int32]) -> Bool {
        let found = UTF8Scalars.bytes(scalar).map { fallbackIDs[Int($0)] }
        guard found.allSatisfy({ $0 != nil }) else { return false }
        ids += found.compactMap { $0 }
        return true
    }
}
