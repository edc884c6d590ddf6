import Configuration
import Datasets

// `text`: texts as data.
extension DataSpec.Source {
    static func text(like train: DataSpec.Source?) -> Choice<DataSpec.Source> {
        var blank = TextData(path: "")
        if case .text(let data)? = train {
            blank = data
            blank.stride = nil
        }
        let codec = Codec<TextData>.object(blank, check: check) {
            Field(
                required: "path", \.path, .path,
                "A text, a directory of `.txt` files, JSON lines (`field`, or `prompt` and `answer`), a CSV "
                    + "file (`column`), or token ids (`.bin`, as nanoGPT's: 16-bit numbers, little-endian).",
                example: "\"data/shakespeare.txt\"")
            Field(
                "tokenizer", \.tokens, tokens,
                "How the text becomes tokens: `characters`, `bytes`, `words` (of the training texts), or the "
                    + "path of a `tokenizer.json`.", example: "\"bytes\"")
            Field(
                "vocabulary", \.vocabulary, .int(1...1 << 16),
                "Token ids (`.bin`): the number of different ones, if there is no tokenizer, or if the model "
                    + "has more tokens than it.", example: "50304", default: "as many as the tokenizer has")
            Field(
                "context", \.context, .int(1...TextData.mostPositions),
                "Tokens of a sample, at most.", example: "256",
                default: "64; for answers and classes as many as the longest training sample has")
            Field(
                "stride", \.stride, .int(1...TextData.mostPositions),
                "Tokens from the beginning of one sample to that of the next. 1 makes a sample of every "
                    + "position; in an evaluation, each window predicts so many tokens with those "
                    + "before them "
                    + "to read.", example: "1", default: "`context`")
            Field(
                "field", \.field, .nonEmptyString, "JSON lines: the member that holds a document's text.",
                example: "\"text\"")
            Field(
                "prompt", \.prompt, .nonEmptyString,
                "JSON lines: the member with what is given. Its tokens are read, but no targets.",
                example: "\"question\"")
            Field(
                "answer", \.answer, .nonEmptyString, "JSON lines: the member with the answer.",
                example: "\"completion\"", default: "`answer`")
            Field(
                "column", \.column, .nonEmptyString, "CSV: the column with a document's text.",
                example: "\"text\"")
            Field(
                "target", \.target, .nonEmptyString,
                "CSV: the column with its class. Without it the model predicts the next token.",
                example: "\"label\"")
        }
        return Choice(
            "text", codec,
            "Texts: each position predicts the next token, or each document has a class. A `split` divides "
                + "one text by position, documents at random.",
            example: "{path: \"data/shakespeare.txt\", context: 64, stride: 1}",
            to: { .text($0) }, from: { if case .text(let data) = $0 { data } else { nil } })
    }

    /// `"characters"`, `"bytes"`, `"words"`, `{words: 2}` or a path.
    private static let tokens = Codec<Words>.object(Words()) {
        Field(
            required: "words", \.minimum, .int(2...1_000_000),
            "A word needs so many occurrences in the training texts for a token of its own.", example: "2")
    }.map(
        to: { TextData.Tokens.words(minimum: $0.minimum) },
        from: { tokens -> Words? in
            guard case .words(let minimum) = tokens, minimum > 1 else { return nil }
            return Words(minimum: minimum)
        }
    ).or("characters", is: .characters).or("bytes", is: .bytes).or("words", is: .words(minimum: 1))
        .or(
            Codec<String>.path.map(
                to: { TextData.Tokens.file($0) },
                from: { if case .file(let path) = $0 { path } else { nil } }))

    @Sendable private static func check(_ data: TextData, _ decoder: ObjectDecoder) {
        if data.answer != nil, data.prompt == nil {
            decoder.error("an answer needs a `prompt`", atValueOf: "answer")
        }
        let forms = [("field", data.field), ("prompt", data.prompt), ("column", data.column)].filter {
            $0.1 != nil
        }
        if forms.count > 1 {
            decoder.error(
                "`\(forms[0].0)` and `\(forms[1].0)` are for files of different kinds",
                atValueOf: forms[1].0, label: "leave one of them out")
        }
        checkTokenFile(data, decoder, forms.first?.0)
        if data.target != nil, data.column == nil {
            decoder.error("a class needs a text: name its `column`", atValueOf: "target")
        }
    }
}

extension DataSpec.Source {
    /// A file of token ids has no documents, and its tokens are made already.
    private static func checkTokenFile(_ data: TextData, _ decoder: ObjectDecoder, _ form: String?) {
        guard data.isTokenFile else {
            if data.vocabulary != nil {
                decoder.error(
                    "a `vocabulary` is for files of token ids (`.bin`)", atValueOf: "vocabulary",
                    label: "leave it out")
            }
            return
        }
        if let form {
            decoder.error("a file of token ids has no `\(form)`", atValueOf: form, label: "leave it out")
        }
        switch data.tokens {
        case .words:
            decoder.error(
                "token ids need the tokenizer that made them: a `tokenizer.json`, or \"bytes\"",
                atValueOf: "tokenizer")
        case .characters where data.vocabulary == nil:
            decoder.error(
                "a file of token ids needs the `tokenizer` that made them, or their number as `vocabulary`",
                atValueOf: "path")
        case .characters, .bytes, .file: break
        }
    }
}

/// `{words: 2}`
private struct Words: Sendable { var minimum = 2 }
