import Serving
import TestSupport
import Testing

@Suite struct CompletionRequestTests {
    private func read(_ text: String) throws -> CompletionRequest { try CompletionRequest(Array(text.utf8)) }

    @Test func everyField() throws {
        let request = try read(
            """
            {"model": "m", "prompt": "To \\u00e9\\n", "max_tokens": 20, "temperature": 0.5, "top_p": 0.9,
             "top_k": 3, "n": 2, "stop": ["a", "\\n"], "seed": 7, "stream": true, "user": "someone",
             "frequency_penalty": 0, "presence_penalty": 0.0, "echo": false}
            """)
        var expected = CompletionRequest()
        expected.model = "m"
        expected.prompt = "To é\n"
        expected.mostTokens = 20
        expected.temperature = 0.5
        expected.topP = 0.9
        expected.topK = 3
        expected.count = 2
        expected.stops = ["a", "\n"]
        expected.seed = 7
        expected.isStreamed = true
        #expect(request == expected)
    }

    /// Without a field, and with null, OpenAI's default holds.
    @Test func defaults() throws {
        #expect(try read("{}") == CompletionRequest())
        #expect(try read(#"{"max_tokens": null, "stop": null, "logit_bias": null}"#) == CompletionRequest())
        #expect(try read(#"{"stop": "x"}"#).stops == ["x"])
        let none = CompletionRequest()
        #expect(none.mostTokens == 16 && none.temperature == 1 && none.count == 1 && !none.isStreamed)
    }

    @Test(arguments: [
        ("", "the JSON, line 1, column 1"), ("{", "should be"), ("{} x", "the end"),
        (#"{"prompt": ["a"]}"#, "`prompt` must be one text"),
        (#"{"n": 5}"#, "`n` must be a whole number from 1 to 4"),
        (#"{"max_tokens": 0}"#, "`max_tokens` must be"), (#"{"max_tokens": 1.5}"#, "`max_tokens` must be"),
        (#"{"top_p": 1.1}"#, "`top_p` must be from 0.0 to 1.0"), (#"{"seed": 1e300}"#, "`seed`"),
        (#"{"stop": ["a","b","c","d","e"]}"#, "`stop` has up to 4"), (#"{"stop": ""}"#, "`stop` has up to 4"),
        (#"{"echo": true}"#, "`echo` can only be false"), (#"{"suffix": "x"}"#, "no field `suffix`"),
        (#"{"frequency_penalty": 0.5}"#, "`frequency_penalty` must be from 0.0 to 0.0"),
        (#"{"n": 1, "n": 1}"#, "`n` is there twice"), (#"{"stream": 1}"#, "a value"),
    ])
    func faults(body: String, part: String) {
        #expect {
            _ = try read(body)
        } throws: {
            "\($0)".contains(part) && ($0 as? RequestFault)?.status == 400
        }
    }
}
