import Datasets

/// A text that a language model continues: the tokens that it must read next, and the text of those that were
/// drawn.
///
///     var text = try TextContinuation("To be", of: tokenizer, vocabulary: 65, sampling: sampling, tokens:
///         200)
///     while text.ending == nil {
///         try generator.append([text.takeTokens()])
///         print(text.advance(generator.logits(0)), terminator: "")
///     }
package struct TextContinuation: Sendable {
    package enum Ending: String, Sendable {
        /// As many tokens were drawn as were asked for.
        case length
        /// The end token or a stop text came.
        case stop
    }

    package private(set) var ending: Ending?
    /// Tokens of the prompt.
    package let promptTokens: Int
    /// Tokens that were drawn.
    package private(set) var drawnTokens = 0
    private let tokenizer: Tokenizer
    private let sampling: TokenSampling
    private let sequence: Int
    private let mostTokens: Int
    private var waiting: [Int]
    private var decoder: StreamingDecoder
    private var stops: StopTexts

    /// - Parameters:
    ///   - prompt: the beginning of the text. An empty one stands for the end token, behind which a text
    ///     begins, or for a line break, or else for the first token.
    ///   - vocabulary: the model's number of tokens.
    ///   - sequence: the number of the text among those that are generated with the same seed.
    ///   - tokens: the most tokens to draw, at least 1.
    ///   - stops: the text ends before the first of these.
    /// - Throws: `DatasetError` if the prompt has a character that the tokenizer does not know.
    package init(
        _ prompt: String, of tokenizer: Tokenizer, vocabulary: Int, sampling: TokenSampling,
        sequence: Int = 0, tokens: Int, stops: [String] = []
    ) throws {
        waiting = try Self.tokens(of: prompt, tokenizer, vocabulary: vocabulary)
        promptTokens = waiting.count
        self.tokenizer = tokenizer
        self.sampling = sampling
        self.sequence = sequence
        mostTokens = tokens
        decoder = StreamingDecoder(tokenizer)
        self.stops = StopTexts(stops)
    }

    private static func tokens(of prompt: String, _ tokenizer: Tokenizer, vocabulary: Int) throws -> [Int] {
        let tokens: [Int]
        // The tokens that a template has behind a text would end it.
        do { tokens = try (tokenizer.template.before + tokenizer.encode(prompt)).map { Int($0) } } catch {
            throw DatasetError("the prompt cannot be read: \(error)")
        }
        if let token = tokens.first(where: { !(0..<vocabulary).contains($0) }) {
            throw DatasetError(
                "token \(token) of the prompt is outside the model's \(vocabulary); use the tokenizer of the"
                    + " training")
        }
        guard tokens.isEmpty else { return tokens }
        let first = tokenizer.endOfText ?? (try? tokenizer.encode("\n"))?.last ?? 0
        return [(0..<vocabulary).contains(Int(first)) ? Int(first) : 0]
    }

    /// Takes the tokens that the model has not read yet.
    package mutating func takeTokens() -> [Int] {
        defer { waiting = [] }
        return waiting
    }

    /// Draws the next token. The text must not have ended.
    ///
    /// - Parameter logits: those behind the last token that was taken.
    /// - Returns: the text that is complete with it.
    package mutating func advance(_ logits: UnsafeBufferPointer<Float>) -> String {
        let token = sampling.choose(logits, sequence: sequence, position: drawnTokens)
        drawnTokens += 1
        waiting = [token]
        guard token != tokenizer.endOfText.map({ Int($0) }) else {
            ending = .stop
            return stops.finish()
        }
        let text = stops.append(decoder.append(Int32(token)))
        if stops.isFound { ending = .stop } else if drawnTokens >= mostTokens { ending = .length }
        // A character that is not complete is no text.
        return ending == .length ? text + stops.finish() : text
    }
}
