/// The way from the spellings of tokens back to text.
struct TokenDecoder: Equatable, Sendable {
    enum Step: Equatable, Sendable {
        /// The characters of `ByteAlphabet` become bytes.
        case byteLevel
        case replace(TextReplacement)
        /// Tokens like `<0x0A>` become bytes.
        case byteFallback
        case fuse
        /// A scalar is removed at the beginning, at most `count` times.
        case strip(UInt32, count: Int)
        /// The replacement becomes a space; in the first token it is removed if `dropsFirst`.
        case metaspace(UInt32, dropsFirst: Bool)
    }

    /// Nil if there is no decoder: then tokens are joined with spaces.
    let steps: [Step]?

    private static let replacement = UTF8Scalars.bytes(0xFFFD)

    /// The text of tokens that are spelled as in the file. Bytes that are no UTF-8 stay as they are.
    func text(of tokens: [[UInt8]]) -> [UInt8] {
        guard let steps else { return Array(tokens.joined(separator: [0x20])) }
        return Array(steps.reduce(tokens) { Self.apply($1, to: $0) }.joined())
    }

    private static func apply(_ step: Step, to tokens: [[UInt8]]) -> [[UInt8]] {
        switch step {
        case .byteLevel: [tokens.flatMap { ByteAlphabet.bytes(of: $0) ?? $0 }]
        case .replace(let replacement): tokens.map(replacement.replaced)
        case .byteFallback: withBytes(tokens)
        case .fuse: [Array(tokens.joined())]
        case .strip(let scalar, let count): tokens.map { stripped($0, UTF8Scalars.bytes(scalar), count) }
        case .metaspace(let scalar, let dropsFirst):
            tokens.enumerated().map { index, token in
                TextReplacement(
                    pattern: UTF8Scalars.bytes(scalar), content: index == 0 && dropsFirst ? [] : [0x20]
                ).replaced(token)
            }
        }
    }

    /// The byte for which a token like `<0x0A>` stands.
    static func byte(of token: [UInt8]) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".utf8), token[5] == UInt8(ascii: ">") else {
            return nil
        }
        let digits = String(decoding: token[3..<5], as: UTF8.self)
        return UInt8(digits, radix: 16)
    }

    /// Joins runs of byte tokens; a run that is no UTF-8 becomes one U+FFFD for each byte, as in
    /// `tokenizers`.
    private static func withBytes(_ tokens: [[UInt8]]) -> [[UInt8]] {
        var joined: [[UInt8]] = []
        var run: [UInt8] = []
        func endRun() {
            guard !run.isEmpty else { return }
            let isText = run.withUnsafeBufferPointer { UTF8Scalars.firstInvalidOffset(in: $0) == nil }
            joined += isText ? [run] : run.map { _ in replacement }
            run = []
        }
        for token in tokens {
            if let byte = byte(of: token) {
                run.append(byte)
            } else {
                endRun()
                joined.append(token)
            }
        }
        endRun()
        return joined
    }

    private static func stripped(_ token: [UInt8], _ scalar: [UInt8], _ count: Int) -> [UInt8] {
        var rest = token[...]
        var left = count
        while left > 0, rest.starts(with: scalar) {
            rest = rest.dropFirst(scalar.count)
            left -= 1
        }
        return Array(rest)
    }
}
