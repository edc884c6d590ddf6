/// The regular expressions by which tokenizers cut a text into words before they merge. They are recognized
/// by their exact text and matched by hand; each of them matches something at every place of a text.
enum SplitPattern: CaseIterable, Sendable {
    case gpt2
    case llama3
    case qwen2

    /// The text of the expression, as it stands in `tokenizer.json`.
    var expression: String {
        switch self {
        case .gpt2: #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
        case .llama3: Self.modern(numbers: #"\p{N}{1,3}"#)
        case .qwen2: Self.modern(numbers: #"\p{N}"#)
        }
    }

    private static func modern(numbers: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + numbers
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    /// Calls `body` with the words of a text, which is valid UTF-8.
    @inline(__always)
    func forEachWord(of text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void)
        rethrows
    {
        let matcher = SplitMatcher(text)
        var start = 0
        while start < text.count {
            let end = self == .gpt2 ? matcher.gpt2(at: start) : matcher.modern(at: start, self)
            try body(UnsafeBufferPointer(rebasing: text[start..<end]))
            start = end
        }
    }
}

/// Finds where the match of a pattern ends that begins at a place of a text.
private struct SplitMatcher {
    private let text: UnsafeBufferPointer<UInt8>
    private let table = UnicodeTable.shared

    init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    private enum Kind { case letter, number, space, other }

    /// The class of the scalar at an offset and the scalar's length; nil at the end.
    @inline(__always)
    private func kind(at offset: Int) -> (kind: Kind, length: Int)? {
        guard offset < text.count else { return nil }
        let (scalar, length) = UTF8Scalars.scalar(in: text, at: offset)
        if table.isLetter(scalar) { return (.letter, length) }
        if table.isNumber(scalar) { return (.number, length) }
        return (table.isSpace(scalar) ? .space : .other, length)
    }

    /// The end of a run of scalars of a kind, at most `limit` of them.
    @inline(__always)
    private func run(of wanted: Kind, from start: Int, limit: Int = .max) -> Int {
        var end = start
        var count = 0
        while count < limit, let (kind, length) = kind(at: end), kind == wanted {
            end += length
            count += 1
        }
        return end
    }

    func gpt2(at start: Int) -> Int {
        if let end = contraction(at: start, foldsCase: false) { return end }
        let from = text[start] == 0x20 ? start + 1 : start
        if let (kind, _) = kind(at: from), kind != .space { return run(of: kind, from: from) }
        return spaces(at: start)
    }

    func modern(at start: Int, _ pattern: SplitPattern) -> Int {
        if let end = contraction(at: start, foldsCase: true) { return end }
        guard let (first, length) = kind(at: start) else { return text.count }
        switch first {
        case .letter: return run(of: .letter, from: start)
        case .number: return run(of: .number, from: start, limit: pattern == .llama3 ? 3 : 1)
        case .space, .other:
            let isLineEnd = isLineEnd(at: start)
            if !isLineEnd, kind(at: start + length)?.kind == .letter {
                return run(of: .letter, from: start + length)
            }
            let from = text[start] == 0x20 ? start + 1 : start
            if kind(at: from)?.kind == .other {
                return lineEnds(from: run(of: .other, from: from))
            }
            return lines(at: start) ?? spaces(at: start)
        }
    }

    private func isLineEnd(at offset: Int) -> Bool { text[offset] == 0x0A || text[offset] == 0x0D }

    private func lineEnds(from start: Int) -> Int {
        var end = start
        while end < text.count, isLineEnd(at: end) { end += 1 }
        return end
    }

    /// `\s*[\r\n]+`
    private func lines(at start: Int) -> Int? {
        let end = run(of: .space, from: start)
        return (start..<end).last { isLineEnd(at: $0) }.map { $0 + 1 }
    }

    /// `\s+(?!\S)|\s+`: all white space at the end of the text, and elsewhere all but its last character.
    private func spaces(at start: Int) -> Int {
        var end = start
        var last = start
        while let (kind, length) = kind(at: end), kind == .space {
            last = end
            end += length
        }
        return end == text.count || last == start ? end : last
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d`; the letter ſ (U+017F) is an s without regard to case.
    @inline(__always)
    private func contraction(at start: Int, foldsCase: Bool) -> Int? {
        guard text[start] == UInt8(ascii: "'"), start + 1 < text.count else { return nil }
        func letter(_ offset: Int) -> UInt8 {
            guard offset < text.count else { return 0 }
            let byte = text[offset]
            return foldsCase && (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
        }
        switch (letter(start + 1), letter(start + 2)) {
        case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _):
            return start + 2
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
            (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return start + 3
        case (0xC5, 0xBF) where foldsCase: return start + 3
        default: return nil
        }
    }
}
