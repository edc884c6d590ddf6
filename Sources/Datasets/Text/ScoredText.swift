/// The text of the tokens that an evaluation of a language model counts.
package struct ScoredText: Equatable, Sendable {
    package private(set) var tokens = 0
    package private(set) var bytes = 0
    /// Unicode scalars.
    package private(set) var characters = 0

    /// Tokens that are decoded at once.
    private static let most = 1 << 20

    /// - Parameter data: samples whose targets are the next tokens.
    package init(_ data: Dataset, _ tokenizer: Tokenizer) {
        var waiting: [Int32] = []
        for index in 0..<data.count {
            let sample = data.streamSample(index)
            for position in sample.firstCounted..<sample.length {
                waiting.append(Int32(truncatingIfNeeded: data.token(sample.start + position + 1)))
            }
            if waiting.count >= Self.most { count(&waiting, tokenizer) }
        }
        count(&waiting, tokenizer)
    }

    private mutating func count(_ waiting: inout [Int32], _ tokenizer: Tokenizer) {
        let text = tokenizer.decode(waiting)
        tokens += waiting.count
        bytes += text.count
        characters += text.count { $0 & 0xC0 != 0x80 }
        waiting.removeAll(keepingCapacity: true)
    }

    /// The mean cross-entropy of a token, in nats, as bits for each byte and for each character; nil for an
    /// empty text.
    package func bits(ofNats loss: Double) -> (perByte: Double, perCharacter: Double)? {
        guard bytes > 0 else { return nil }
        let bits = loss * Double(tokens) * 1.4426950408889634  // 1 / ln 2
        return (bits / Double(bytes), bits / Double(characters))
    }
}
