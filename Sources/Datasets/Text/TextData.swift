/// Texts as data: where they are, how they become tokens, and how samples are cut from them.
///
/// Without `target` the next token is the target of each position. A text without `column`, `field` or
/// `prompt` is one stream, of which samples are windows:
///
///     TextData(path: "shakespeare.txt", context: 64, stride: 1)
package struct TextData: Equatable, Sendable {
    /// How tokens are made.
    package enum Tokens: Equatable, Sendable {
        /// A token for each character of the text.
        case characters
        /// A token for each byte.
        case bytes
        /// A token for each word of the training texts that is there `minimum` times or more.
        case words(minimum: Int)
        /// As a file says: Hugging Face's `tokenizer.json`, or GPT-2's `vocab.json` beside `merges.txt`.
        case file(String)
    }

    /// A text, a directory of `.txt` files, JSON lines (`field`, `prompt`), a CSV file (`column`) or a file
    /// of token ids (`.bin`).
    package var path: String
    package var tokens = Tokens.characters
    /// Tokens of a file of ids; nil: as many as the tokenizer has.
    package var vocabulary: Int?
    /// Positions of a sample, at most. Nil: the longest training text with a class; 64 in other cases.
    package var context: Int?
    /// Tokens from the beginning of a window to that of the next; nil: `context`.
    package var stride: Int?
    /// The stride of parts that are split off to be evaluated; nil: their windows lie side by side.
    package var evaluationStride: Int?
    /// JSON lines: the member that has a document's text.
    package var field: String?
    /// JSON lines: the members with what is given, and with the answer (nil: "answer"), whose tokens alone
    /// are targets.
    package var prompt: String?
    package var answer: String?
    /// CSV: the column with a document's text.
    package var column: String?
    /// CSV: the column with its class; nil for a language model.
    package var target: String?

    package init(path: String) { self.path = path }

    /// The most positions that a config may ask for.
    package static let mostPositions = 1 << 20

    /// True for a file of token ids, which needs no tokenizer.
    package var isTokenFile: Bool { TokenFile.isOne(path) }

    /// True if samples are windows of one stream, which is divided by position.
    package var isStream: Bool { prompt == nil && target == nil }

    /// The context of windows where none is given.
    package static let usualContext = 64
}
