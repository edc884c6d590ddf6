import Datasets
import Testing

/// Parts of a `tokenizer.json` that are not supported are refused by its name, and damage with its place.
@Suite struct TokenizerFileTests {
    private func message(_ text: String) -> String {
        do {
            _ = try Tokenizer(serialized: Array(text.utf8), name: "t.json")
            return "no error"
        } catch { return "\(error)" }
    }

    private func file(
        model: String = #""type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]"#, _ rest: String = ""
    ) -> String { #"{"model":{\#(model)}\#(rest)}"# }

    @Test func aSmallOne() throws {
        let tokenizer = try Tokenizer(serialized: Array(file().utf8))
        #expect(try tokenizer.encode("abba") == [2, 1, 0] && tokenizer.endOfText == nil)
        #expect(tokenizer.text(of: 2) == "ab" && tokenizer.text(of: 9) == "<no token 9>")
        #expect(String(decoding: tokenizer.decode([2, 7, 1]), as: UTF8.self) == "ab b")
    }

    @Test(arguments: [
        (
            #","normalizer":{"type":"NFKC"}"#,
            #"`normalizer.type` is "NFKC", which is not supported; supported: NFC"#
        ),
        (#","pre_tokenizer":{"type":"BertPreTokenizer"}"#, #"`pre_tokenizer.type` is "BertPreTokenizer""#),
        (
            #","pre_tokenizer":{"type":"Split","pattern":{"Regex":"\\w+"},"behavior":"Isolated"}"#,
            #"`pre_tokenizer.pattern` is "\w+", which is not supported"#
        ),
        (#","decoder":{"type":"WordPiece"}"#, #"`decoder.type` is "WordPiece""#),
        (
            #","post_processor":{"type":"RobertaProcessing"}"#,
            #"`post_processor.type` is "RobertaProcessing""#
        ),
        (
            #","added_tokens":[{"id":3,"content":"x","single_word":true}]"#,
            "`added_tokens.single_word` is true"
        ),
        (#","added_tokens":[{"id":7,"content":"x"}]"#, "`x` has the id 7, and by the vocabulary it is 3"),
        (
            #","post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"s"}},"#
                + #"{"Sequence":{}}],"special_tokens":{"s":{"ids":[40]}}}"#,
            "has the token 40, which does not exist"
        ),
    ]) func parts(rest: String, expected: String) {
        #expect(message(file(rest)).contains(expected))
        #expect(message(file(rest)).hasPrefix("`t.json`: "))
    }

    @Test(arguments: [
        (#""type":"WordPiece","vocab":{}"#, #"`model.type` is "WordPiece", which is not supported"#),
        (#""dropout":0.5,"vocab":{"a":0},"merges":[]"#, "`model.dropout` is 0.5"),
        (
            #""end_of_word_suffix":"</w>","vocab":{"a":0},"merges":[]"#,
            #"`model.end_of_word_suffix` is "</w>""#
        ),
        (#""vocab":{"a":0,"b":0},"merges":[]"#, "two tokens of `model.vocab` have the same id"),
        (#""vocab":{"a":4000000000},"merges":[]"#, "the id of `a` is 4000000000.0"),
        (#""vocab":{"a":0,"b":1},"merges":["a b"]"#, "merge 0: `ab` is not in the vocabulary"),
        (#""vocab":{"a":0},"merges":["a"]"#, #"merge 0 is "a", and not two tokens"#),
        (#""unk_token":"u","vocab":{"a":0},"merges":[]"#, "the unknown token `u` is not in its vocabulary"),
    ]) func models(model: String, expected: String) {
        #expect(message(file(model: model)).contains(expected))
    }

    @Test(arguments: [
        ("", "line 1, column 1: the text ends where a value should be"),
        ("{\"a\":\n 01}", "line 2, column 2: `0` stands where a value should be"),
        ("[1,]", "column 4: `]` stands where a value should be"),
        ("{\"a\" 1}", "column 6: `1` stands where `:` should be"),
        ("[\"\\uD800\"]", "is half a character"),
        (String(repeating: "[", count: 65), "nested too deeply"),
        ("[] []", "something follows the end"),
        ("\"a\nb\"", "a string has a control character"),
        (#"{"tokenizer":"characters","end":false,"characters":"ba"}"#, "`characters` is missing or damaged"),
        (#"{"tokenizer":"words","words":["a","a"]}"#, "`words` is missing or damaged"),
        (#"{"tokenizer":"runes"}"#, "`tokenizer` is missing or damaged"),
        ("{}", "`model` is not an object"),
    ]) func damage(text: String, expected: String) {
        #expect(message(text).contains(expected))
    }
}
