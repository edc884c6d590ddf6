/// Makes text of tokens that come one by one. Bytes of a character that is not complete yet are held back, so
/// that every piece is text.
///
///     var decoder = StreamingDecoder(tokenizer)
///     for id in ids { print(decoder.append(id), terminator: "") }
///     print(decoder.finish())
///
/// The pieces together are the text that `Tokenizer.decode` makes, if that is valid UTF-8.
package struct StreamingDecoder {
    private let tokenizer: Tokenizer
    private var pending: [UInt8] = []
    private var isFirst = true
    /// Scalars that may still be stripped from the beginning of the text.
    private var strips: Int

    package init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
        strips = .max
    }

    /// The text that is complete with this token; special tokens have none.
    package mutating func append(_ id: Int32) -> String {
        if case .bpe(let bpe) = tokenizer.content {
            guard !bpe.isSpecial(id), let token = bpe.spelling(of: id) else { return "" }
            pending += bytes(of: token, bpe.decoder)
        } else {
            guard id != tokenizer.endOfText else { return "" }
            if !isFirst, tokenizer.kind == .words { pending.append(0x20) }
            pending += tokenizer.decode(CollectionOfOne(id))
        }
        isFirst = false
        let count = pending.count - Self.incompleteCount(pending)
        defer { pending.removeFirst(count) }
        return String(decoding: pending.prefix(count), as: UTF8.self)
    }

    /// The rest of the text, if it ended within a character.
    package mutating func finish() -> String {
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }

    /// The bytes of a token in the place where it stands.
    private mutating func bytes(of token: [UInt8], _ decoder: TokenDecoder) -> [UInt8] {
        guard let steps = decoder.steps else { return (isFirst ? [] : [0x20]) + token }
        var token = token
        var isFused = false
        for step in steps {
            switch step {
            case .byteFallback:
                if let byte = TokenDecoder.byte(of: token) { token = [byte] }
            case .fuse: isFused = true
            case .strip(let scalar, let count) where isFused:
                token = stripped(token, UTF8Scalars.bytes(scalar), count)
            case .metaspace(let scalar, let dropsFirst):
                token = TokenDecoder(steps: [.metaspace(scalar, dropsFirst: dropsFirst && isFirst)]).text(
                    of: [token])
            case .byteLevel, .replace, .strip: token = TokenDecoder(steps: [step]).text(of: [token])
            }
        }
        return token
    }

    /// Strips the beginning of the whole text, of which this is the next part.
    private mutating func stripped(_ token: [UInt8], _ scalar: [UInt8], _ count: Int) -> [UInt8] {
        strips = min(strips, count)
        var rest = token[...]
        while strips > 0, rest.starts(with: scalar) {
            rest = rest.dropFirst(scalar.count)
            strips -= 1
        }
        if !rest.isEmpty { strips = 0 }
        return Array(rest)
    }

    /// The number of bytes at the end that may be the beginning of a character.
    static func incompleteCount(_ bytes: [UInt8]) -> Int {
        for count in 1...3 where count <= bytes.count {
            let byte = bytes[bytes.count - count]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC2 ? 2 : 1
            return length > count ? count : 0
        }
        return 0
    }
}
