import Datasets
import System

/// The choices that make training data of texts.
struct TextDraft: Equatable {
    /// The task of the model.
    enum Task: Equatable {
        /// To continue a text.
        case continuation
        /// To answer prompts.
        case answers
        /// The class of each text.
        case classes
    }

    let task: Task
    /// The fields of the source `text`, without its context.
    let fields: [String]
    /// The choices in words, each with the way to change it.
    let choices: [String]

    /// Positions of a sample of a long document that has a class; those behind them are not read.
    static let mostPositions = 256

    /// The source as a config writes it.
    func source(context: Int? = nil) -> String {
        let fields = fields + (context.map { ["context: \($0)"] } ?? [])
        return "{text: {\(fields.joined(separator: ", "))}}"
    }

    private init(_ task: Task, path: String, _ fields: [String], _ choices: [String]) {
        self.task = task
        self.fields = ["path: \(InitSource.quoted(path))"] + fields
        self.choices = choices
    }

    /// A text, or a directory of texts.
    init(text path: String) {
        self.init(
            .continuation, path: path, ["tokenizer: \"characters\""],
            [Self.continuation, "tokens: the text's characters; for long texts: dist-train tokenizer train"])
    }

    private static let continuation = "the model learns to continue the text"

    // MARK: Tables

    /// The texts of a column, each with a class.
    init(column: String, of path: String, target: String) {
        self.init(
            .classes, path: path,
            [
                "column: \(InitSource.quoted(column))", "target: \(InitSource.quoted(target))",
                "tokenizer: {words: 2}",
            ],
            ["texts: `\(column)`; each word that is there twice or more is a token"])
    }

    // MARK: JSON lines

    /// Members that hold what is given, and the answer to it, as data sets name them.
    private static let pairs = [
        ("prompt", "answer"), ("prompt", "completion"), ("prompt", "response"), ("question", "answer"),
        ("instruction", "output"), ("instruction", "response"), ("input", "output"), ("source", "target"),
    ]
    private static let texts = ["text", "content", "body", "document", "story", "article"]

    /// - Throws: `UsageError` if no member of the first line is of use, or what reading throws.
    init(jsonLines path: String) throws {
        guard let members = try TextSurvey.members(ofFirstLineOf: path) else {
            throw UsageError(
                "`\(path)` has no JSON object on its first line; JSON lines have one on each, such as"
                    + " {\"text\": \"…\"}")
        }
        if let (prompt, answer) = Self.pairs.first(where: { members.contains($0) && members.contains($1) }) {
            self.init(
                .answers, path: path,
                [
                    "prompt: \(InitSource.quoted(prompt))", "answer: \(InitSource.quoted(answer))",
                    "tokenizer: \"characters\"",
                ],
                ["the model learns to answer `\(prompt)` with `\(answer)`, character by character"])
            return
        }
        guard let text = Self.texts.first(where: members.contains) ?? (members.count == 1 ? members[0] : nil)
        else {
            let found = members.prefix(10).map { "`\($0)`" }.joined(separator: ", ")
            throw UsageError(
                "the first line of `\(path)` has "
                    + (found.isEmpty
                        ? "no texts" : "the texts \(found), whose names do not tell what to learn")
                    + ": call one `text`, or two of them `prompt` and `answer`")
        }
        self.init(
            .continuation, path: path, ["field: \(InitSource.quoted(text))", "tokenizer: \"characters\""],
            [Self.continuation.replacing("the text", with: "texts like `\(text)`")])
    }
}
