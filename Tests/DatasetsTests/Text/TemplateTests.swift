import Configuration
import Datasets
import System
import TestSupport
import Testing

/// Tokens before and behind texts, as PyPI's `tokenizers` adds them (make_templates.py).
@Suite struct TemplateTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private struct Case {
        let tokenizer: Tokenizer
        let text: String
        let plain: [Int32]
        let whole: [Int32]
    }

    private func cases() throws -> [Case] {
        try TextFixtures.lines("templates.txt").map { line in
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            let file = String(decoding: try TextFixtures.bytes(parts[0] + ".json"), as: UTF8.self)
            let json = file.replacing(#""post_processor":null"#, with: #""post_processor":"# + parts[1])
            let text = try #require(
                JSON5.parse(parts[2], name: "text", diagnostics: Diagnostics()).flatMap { self.text(of: $0) })
            func ids(_ text: String) -> [Int32] { text.split(separator: " ").compactMap { Int32($0) } }
            return Case(
                tokenizer: try Tokenizer(serialized: Array(json.utf8)), text: text, plain: ids(parts[3]),
                whole: ids(parts[4]))
        }
    }

    private func text(of value: ConfigValue) -> String? {
        if case .string(let text) = value.kind { text } else { nil }
    }

    @Test func textsGetTheTokensOfTheTemplate() throws {
        let cases = try cases()
        #expect(cases.count == 40)
        for item in cases {
            #expect(try item.tokenizer.encode(item.text) == item.plain)
            #expect(try item.tokenizer.encode(item.text, addsTemplate: true) == item.whole)
            // The canonical form keeps the template.
            let again = try Tokenizer(serialized: item.tokenizer.serialized)
            #expect(try again.encode(item.text, addsTemplate: true) == item.whole)
        }
    }

    /// Documents get the template, and an end of their own only if the template has none.
    @Test func documentsGetTheTemplate() throws {
        for item in try cases() where !item.text.isEmpty {
            let tokenizer = directory.file("tokenizer.json")
            try File.writeAtomically(item.tokenizer.serialized, to: tokenizer)
            let lines = directory.file("lines.jsonl")
            let line = ConfigValue.object([("text", .string(item.text))]).compactJSON()
            try File.writeAtomically("\(line)\n \t \n\(line)\n", to: lines)
            var data = TextData(path: lines)
            (data.field, data.tokens, data.context) = ("text", .file(tokenizer), 2)
            let dataset = try TextReader().reading(data)
            let end = item.tokenizer.endOfText
            let isEnded = end == nil || item.whole.last == end && item.tokenizer.template.behind.last == end
            let document = item.whole + (isEnded ? [] : [end ?? 0])
            #expect(dataset.tokens == document + document)
        }
    }
}

extension TextReader {
    /// Reads texts that train.
    func reading(_ data: TextData) throws -> Dataset {
        var reader = self
        return try reader.read(data, isTraining: true)
    }
}

extension Dataset {
    /// All tokens of the stream.
    var tokens: [Int32] { (0..<(form.stream?.positions ?? 0)).map { Int32(token($0)) } }
}
