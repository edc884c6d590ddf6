/// A token beside the vocabulary of merges, which is found in a text as it stands.
struct AddedToken: Equatable, Sendable {
    let id: Int32
    let content: [UInt8]
    /// Whether white space before it belongs to it.
    var takesSpaceBefore = false
    /// Whether white space behind it belongs to it.
    var takesSpaceBehind = false
    /// Whether it is searched in the normalized text, after it has been normalized itself.
    var isNormalized = false
    /// Whether it means something to the model and is no text, so that it is left out when ids become text.
    var isSpecial = false
}

/// Finds added tokens in a text: from left to right, at every place the longest one.
struct AddedTokenSearch: Sendable {
    /// Tokens by their first byte, the longest first.
    private let byFirst: [[(pattern: [UInt8], token: AddedToken)]]
    let isEmpty: Bool

    /// - Parameter tokens: what is searched, and the token that it stands for. The last of equal patterns
    ///   counts.
    init(_ tokens: [(pattern: [UInt8], token: AddedToken)]) {
        var byFirst = [[(pattern: [UInt8], token: AddedToken)]](repeating: [], count: 256)
        for entry in tokens {
            guard let first = entry.pattern.first else { continue }
            byFirst[Int(first)].removeAll { $0.pattern == entry.pattern }
            byFirst[Int(first)].append(entry)
        }
        for index in byFirst.indices { byFirst[index].sort { $0.pattern.count > $1.pattern.count } }
        self.byFirst = byFirst
        isEmpty = tokens.isEmpty
    }

    enum Part {
        /// Text without tokens, and whether it begins where the searched text does.
        case text(UnsafeBufferPointer<UInt8>, isFirst: Bool)
        case token(Int32)
    }

    /// Calls `body` with the parts of a text in their order.
    func forEachPart(of text: UnsafeBufferPointer<UInt8>, _ body: (Part) throws -> Void) rethrows {
        /// The end of the last token.
        var start = 0
        var offset = 0
        while offset < text.count, !isEmpty {
            guard let (pattern, token) = match(in: text, at: offset) else {
                offset += 1
                continue
            }
            offset += pattern.count
            var (first, end) = (offset - pattern.count, offset)
            if token.takesSpaceBefore { first = max(Self.spaceStart(text, before: first), start) }
            if token.takesSpaceBehind { end = Self.spaceEnd(text, from: end) }
            if start < first { try body(.text(Self.slice(text, start..<first), isFirst: start == 0)) }
            try body(.token(token.id))
            start = end
        }
        if start < text.count { try body(.text(Self.slice(text, start..<text.count), isFirst: start == 0)) }
    }

    private static func slice(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>)
        -> UnsafeBufferPointer<UInt8>
    {
        UnsafeBufferPointer(rebasing: text[range])
    }

    private func match(in text: UnsafeBufferPointer<UInt8>, at offset: Int) -> (
        pattern: [UInt8], token: AddedToken
    )? {
        let candidates = byFirst[Int(text[offset])]
        if candidates.isEmpty { return nil }
        return candidates.first { text[offset...].starts(with: $0.pattern) }
    }

    private static func spaceEnd(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var end = start
        while end < text.count {
            let (scalar, length) = UTF8Scalars.scalar(in: text, at: end)
            guard UnicodeTable.shared.isSpace(scalar) else { break }
            end += length
        }
        return end
    }

    private static func spaceStart(_ text: UnsafeBufferPointer<UInt8>, before end: Int) -> Int {
        var start = end
        while start > 0 {
            var first = start - 1
            while first > 0, text[first] & 0xC0 == 0x80 { first -= 1 }
            guard UnicodeTable.shared.isSpace(UTF8Scalars.scalar(in: text, at: first).value) else { break }
            start = first
        }
        return start
    }
}
