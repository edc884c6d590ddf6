/// The cutting of a normalized text into the words in which a BPE merges.
struct PreTokenizer: Equatable, Sendable {
    enum Step: Equatable, Sendable {
        /// Words are the matches of a pattern.
        case split(SplitPattern)
        /// Numeric characters are cut off: each for itself, or runs of them.
        case digits(individual: Bool)
        /// The bytes of the text become characters (`ByteAlphabet`). It is the last step.
        case byteLevel(addsSpace: Bool, splits: Bool)
        /// Spaces become the replacement, with which words begin.
        case metaspace(Metaspace)
    }

    struct Metaspace: Equatable, Sendable {
        /// Where a replacement is put before a text that begins with none.
        enum Scheme: String, Sendable {
            case first
            case never
            case always
        }

        let replacement: UInt32
        let scheme: Scheme
        let splits: Bool
    }

    let steps: [Step]

    /// Whether words are bytes, not characters.
    var isByteLevel: Bool {
        if case .byteLevel = steps.last { true } else { false }
    }

    typealias Body = (UnsafeBufferPointer<UInt8>) throws -> Void

    /// Calls `body` with the words of a text, valid UTF-8.
    /// - Parameter isFirst: whether the text begins where the whole text does.
    func forEachWord(of text: UnsafeBufferPointer<UInt8>, isFirst: Bool, _ body: Body) rethrows {
        try apply(steps[...], to: text, isFirst: isFirst, body)
    }

    private func apply(
        _ steps: ArraySlice<Step>, to text: UnsafeBufferPointer<UInt8>, isFirst: Bool, _ body: Body
    ) rethrows {
        guard !text.isEmpty else { return }
        guard let step = steps.first else { return try body(text) }
        let rest = steps.dropFirst()
        func next(_ piece: UnsafeBufferPointer<UInt8>) throws {
            if rest.isEmpty { return try body(piece) }
            try apply(rest, to: piece, isFirst: isFirst && piece.baseAddress == text.baseAddress, body)
        }
        switch step {
        case .split(let pattern): try pattern.forEachWord(of: text, next)
        case .digits(let individual): try Self.splitNumbers(text, individual: individual, next)
        case .byteLevel(let addsSpace, let splits):
            try Self.withSpace(text, addsSpace) { text in
                if splits { try SplitPattern.gpt2.forEachWord(of: text, body) } else { try body(text) }
            }
        case .metaspace(let metaspace):
            let replaced = metaspace.replaced(text, isFirst: isFirst)
            try replaced.withUnsafeBufferPointer { replaced in
                guard metaspace.splits else { return try next(replaced) }
                try metaspace.forEachWord(of: replaced) { word in
                    let isFirst = isFirst && word.baseAddress == replaced.baseAddress
                    try apply(rest, to: word, isFirst: isFirst, body)
                }
            }
        }
    }

    private static func withSpace(_ text: UnsafeBufferPointer<UInt8>, _ addsSpace: Bool, _ body: Body)
        rethrows
    {
        guard addsSpace, text.first != 0x20 else { return try body(text) }
        try ([0x20] + text).withUnsafeBufferPointer(body)
    }

    private static func splitNumbers(
        _ text: UnsafeBufferPointer<UInt8>, individual: Bool, _ body: Body
    ) rethrows {
        let table = UnicodeTable.shared
        var start = 0
        var wasNumeric = false
        var offset = 0
        while offset < text.count {
            let (scalar, length) = UTF8Scalars.scalar(in: text, at: offset)
            let isNumeric = table.isNumeric(scalar)
            if offset > start, isNumeric != wasNumeric || isNumeric && individual {
                try body(UnsafeBufferPointer(rebasing: text[start..<offset]))
                start = offset
            }
            wasNumeric = isNumeric
            offset += length
        }
        try body(UnsafeBufferPointer(rebasing: text[start...]))
    }
}

extension PreTokenizer.Metaspace {
    /// The text with replacements for its spaces, and one more before it where the scheme wants that.
    fileprivate func replaced(_ text: UnsafeBufferPointer<UInt8>, isFirst: Bool) -> [UInt8] {
        let mark = UTF8Scalars.bytes(replacement)
        var replaced: [UInt8] = []
        replaced.reserveCapacity(text.count + text.count / 2)
        let wantsMark = scheme == .always || scheme == .first && isFirst
        if wantsMark, text.first != 0x20, !text.starts(with: mark) { replaced += mark }
        for byte in text {
            if byte == 0x20 { replaced += mark } else { replaced.append(byte) }
        }
        return replaced
    }

    /// Calls `body` with the words of a text that begin with the replacement.
    fileprivate func forEachWord(
        of text: UnsafeBufferPointer<UInt8>, _ body: PreTokenizer.Body
    ) rethrows {
        let mark = UTF8Scalars.bytes(replacement)
        var start = 0
        var offset = 0
        while offset < text.count {
            if offset > start, text[offset] == mark[0], text[offset...].starts(with: mark) {
                try body(UnsafeBufferPointer(rebasing: text[start..<offset]))
                start = offset
            }
            offset += 1
        }
        if start < text.count { try body(UnsafeBufferPointer(rebasing: text[start...])) }
    }
}
