/// The changes that a tokenizer makes in a text before it cuts it into words.
struct TextNormalizer: Equatable, Sendable {
    enum Step: Equatable, Sendable {
        /// Unicode's normalization form C.
        case nfc
        /// A text that is not empty gets these bytes before it.
        case prepend([UInt8])
        case replace(TextReplacement)
    }

    let steps: [Step]

    func normalized(_ text: [UInt8]) -> [UInt8] {
        var text = text
        for step in steps {
            switch step {
            case .nfc: text = text.withUnsafeBufferPointer { CanonicalComposition.composed($0) } ?? text
            case .prepend(let prefix): if !text.isEmpty { text = prefix + text }
            case .replace(let replacement): text = replacement.replaced(text)
            }
        }
        return text
    }

    /// Calls `body` with the normalized text, which is `text` itself if there is nothing to change.
    func withNormalized(
        _ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void
    ) rethrows {
        if steps.isEmpty { return try body(text) }
        if steps == [.nfc] {
            guard let composed = CanonicalComposition.composed(text) else { return try body(text) }
            return try composed.withUnsafeBufferPointer(body)
        }
        try normalized(Array(text)).withUnsafeBufferPointer(body)
    }
}

/// The replacement of every occurrence of some bytes.
struct TextReplacement: Equatable, Sendable {
    /// Not empty.
    let pattern: [UInt8]
    let content: [UInt8]

    func replaced(_ text: [UInt8]) -> [UInt8] {
        guard let first = pattern.first, text.contains(first) else { return text }
        var replaced: [UInt8] = []
        replaced.reserveCapacity(text.count)
        var offset = 0
        while offset < text.count {
            if text[offset] == first, text[offset...].starts(with: pattern) {
                replaced += content
                offset += pattern.count
            } else {
                replaced.append(text[offset])
                offset += 1
            }
        }
        return replaced
    }
}
