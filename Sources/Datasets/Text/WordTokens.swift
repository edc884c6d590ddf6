/// A token for every word of the training texts that is frequent enough, and one for all others.
///
/// A text is put into lower case. A run of letters, marks and numbers is a word; so is every other character
/// that is no white space, by itself: `don't (2)` has the words `don`, `'`, `t`, `(`, `2`, `)`.
struct WordTokens: Sendable {
    /// The words; the token of word i is i + 1.
    let words: [[UInt8]]
    private let ids: [[UInt8]: Int32]

    /// The token of all words that are not in the vocabulary.
    static let unknown: Int32 = 0

    init(words: [[UInt8]]) {
        self.words = words
        ids = Dictionary(uniqueKeysWithValues: words.enumerated().map { ($0.element, Int32($0.offset) + 1) })
    }

    /// Counts the words of training texts.
    struct Counter {
        private var counts: [[UInt8]: Int] = [:]

        /// - Parameter text: valid UTF-8.
        mutating func add(_ text: UnsafeBufferPointer<UInt8>) {
            WordTokens.forEachWord(of: text) { counts[Array($0), default: 0] += 1 }
        }

        /// The vocabulary: frequent words first, and equally frequent ones in the order of their bytes.
        /// - Parameters:
        ///   - minimumFrequency: how often a word must be there.
        ///   - vocabularySize: the most tokens, with the one for unknown words; nil for no limit.
        func tokens(minimumFrequency: Int, vocabularySize: Int?) -> WordTokens {
            let frequent = counts.filter { $0.value >= minimumFrequency }
            let sorted = frequent.sorted {
                $0.value != $1.value ? $0.value > $1.value : $0.key.lexicographicallyPrecedes($1.key)
            }
            return WordTokens(words: sorted.prefix((vocabularySize ?? .max) - 1).map(\.key))
        }
    }

    var vocabularySize: Int { words.count + 1 }

    func encode(_ text: UnsafeBufferPointer<UInt8>, into output: inout [Int32]) {
        Self.forEachWord(of: text) { output.append(ids[Array($0)] ?? Self.unknown) }
    }

    func bytes(of id: Int32) -> [UInt8] {
        words.indices.contains(Int(id) - 1) ? words[Int(id) - 1] : Array("<unk>".utf8)
    }

    /// Calls `body` with the words of a text.
    static func forEachWord(of text: UnsafeBufferPointer<UInt8>, _ body: (ArraySlice<UInt8>) -> Void) {
        let table = UnicodeTable.shared
        let lower = lowercased(text)
        lower.withUnsafeBufferPointer { bytes in
            var start = 0
            var offset = 0
            while offset < bytes.count {
                let (scalar, length) = UTF8Scalars.scalar(in: bytes, at: offset)
                if !table.isPartOfWord(scalar) {
                    if start < offset { body(lower[start..<offset]) }
                    if !table.isSpace(scalar) { body(lower[offset..<offset + length]) }
                    start = offset + length
                }
                offset += length
            }
            if start < offset { body(lower[start..<offset]) }
        }
    }

    private static func lowercased(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var lower: [UInt8] = []
        lower.reserveCapacity(text.count)
        var offset = 0
        while offset < text.count {
            let (scalar, length) = UTF8Scalars.scalar(in: text, at: offset)
            offset += length
            if scalar < 0x80 {
                lower.append((0x41...0x5A).contains(scalar) ? UInt8(scalar) | 0x20 : UInt8(scalar))
            } else if let scalar = Unicode.Scalar(scalar) {
                lower += scalar.properties.lowercaseMapping.utf8
            }
        }
        return lower
    }
}
