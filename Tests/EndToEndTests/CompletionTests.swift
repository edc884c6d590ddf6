import Configuration
import Platform
import System
import TestSupport
import Testing

/// Language models answer over HTTP, in the form of OpenAI's interface.
@Suite(.serialized) struct CompletionTests {
    private func served() throws -> (directory: TemporaryDirectory, run: String, server: ServeTests.Server) {
        let directory = try TemporaryDirectory()
        let run = directory.file("tiny")
        let config = try directory.write(
            "job.json5",
            """
            {
              name: "tiny", seed: 5, data: {train: {made_up: {shape: [32], tokens: 256, samples: 40}}},
              model: [{embedding: 256, width: 16}, {gru: 24}, {dense: 256}],
              loss: "cross_entropy", optimizer: {adam: {learning_rate: 1e-2}}, batch: {size: 10}, epochs: 2,
            }
            """)
        let trained = try Program.run(["run", config, "--run-dir", run, "--no-page"], in: directory.path)
        #expect(trained.status == .exited(0), "\(trained.errors)")
        return (
            directory, run, try ServeTests.Server([run, "--tokenizer", "bytes"], in: directory.path)
        )
    }

    private static let wish = #""prompt": "To be", "max_tokens": 40, "temperature": 0.1, "seed": 3"#

    /// The text of an answer; of several the first one.
    private func text(_ json: String) -> String? { Self.field("text", in: json) }

    private static func field(_ name: String, in json: String) -> String? {
        guard let start = json.firstRange(of: "\"\(name)\":\"")?.upperBound else { return nil }
        var (value, isEscaped) = ("", false)
        for character in json[start...] {
            if character == "\"", !isEscaped { return value }
            isEscaped = character == "\\" && !isEscaped
            value.append(character)
        }
        return nil
    }

    @Test func textsAreThoseOfGenerate() throws {
        let (directory, run, server) = try served()
        let generated = try Program.run(
            [
                "generate", run, "--tokenizer", "bytes", "--prompt", "To be", "--tokens", "40",
                "--temperature", "0.1", "--seed", "3", "--json",
            ], in: directory.path)
        let expected = try #require(
            Self.field("text", in: generated.output.replacing("\"text\": \"", with: "\"text\":\"")))
        let whole = try server.ask("POST /v1/completions", body: "{\(Self.wish)}")
        #expect(whole.status == 200 && text(whole.body) == expected, "\(whole.body) \(generated.output)")
        #expect(
            whole.body.contains(#""object":"text_completion""#) && whole.body.contains(#""model":"tiny""#))
        #expect(
            whole.body.contains(
                #""usage":{"prompt_tokens":5,"completion_tokens":40,"total_tokens":45}"#), "\(whole.body)")
        #expect(whole.body.contains(#""finish_reason":"length""#))
        // Piece by piece.
        let streamed = try server.ask("POST /v1/completions", body: "{\(Self.wish), \"stream\": true}")
        let events = streamed.body.split(separator: "\n\n")
        #expect(events.last == "data: [DONE]" && events.allSatisfy { $0.hasPrefix("data: ") })
        #expect(events.dropLast().compactMap { text(String($0)) }.joined() == expected)
        #expect(events.dropLast().last?.contains(#""finish_reason":"length""#) == true)
        #expect(events.dropLast(2).allSatisfy { $0.contains(#""finish_reason":null"#) })
        // Several texts, the first of which is the same.
        let three = try server.ask("POST /v1/completions", body: "{\(Self.wish), \"n\": 3}")
        #expect(text(three.body) == expected && three.body.contains(#""index":2"#), "\(three.body)")
        #expect(three.body.contains(#""completion_tokens":120"#))
        let ended = try server.end()
        #expect(ended.status == .exited(0), "\(ended.errors)")
    }

    /// Requests that come at the same time grow side by side; each has the text that it has alone.
    @Test func manyAtATime() async throws {
        let (directory, _, server) = try served()
        let bodies = (0..<12).map {
            "{\"prompt\": \"\(String(repeating: "ab", count: 1 + $0))\", \"max_tokens\": \(20 + 7 * $0),"
                + " \"seed\": \($0), \"n\": \(1 + $0 % 3)}"
        }
        let alone = try bodies.map { text(try server.ask("POST /v1/completions", body: $0).body) }
        #expect(Set(alone).count > 6 && !alone.contains(nil))
        let sockets = try bodies.map { body in
            let socket = try RawSocket.connected(to: server.port)
            socket.send(
                Array(
                    ("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8))
            return socket
        }
        let together = sockets.map { text(String(decoding: $0.receive(), as: UTF8.self)) }
        #expect(together == alone)
        _ = directory
    }

    @Test func faultsAndLists() throws {
        let (directory, _, server) = try served()
        let faults: [(line: String, body: String, status: Int, part: String)] = [
            ("GET /v1/completions", "", 405, "POST"), ("POST /v1/completions", "{", 400, "line 1, column 2"),
            ("POST /v1/completions", #"{"n": 9}"#, 400, "`n` must be"),
            ("POST /v1/completions", #"{"model": "gpt-4"}"#, 404, "there is `tiny`"),
            (
                "POST /v1/completions", "{\"prompt\": \"\(String(repeating: "x", count: 33))\"}", 400,
                "has 33 tokens, and the model sees 32"
            ),
            ("POST /v1/predict", #"{"inputs": [[1]]}"#, 404, "/v1/completions"),
        ]
        for fault in faults {
            let answer = try server.ask(fault.line, body: fault.body)
            #expect(answer.status == fault.status && answer.body.contains(fault.part), "\(fault): \(answer)")
            if fault.line == "POST /v1/completions" {
                #expect(answer.body.hasPrefix(#"{"error":{"message":""#), "\(answer.body)")
            }
        }
        let list = try server.ask("GET /v1/models").body
        #expect(list.contains(#""data":[{"id":"tiny","object":"model""#), "\(list)")
        #expect(list.contains(#""takes":"text","context":32,"vocabulary":256"#), "\(list)")
        var stops = 0
        for seed in 1...8 {
            let stopped = try server.ask(
                "POST /v1/completions",
                body: #"{"max_tokens": 200, "stop": ["a", "e"], "seed": \#(seed)}"#
            ).body
            // The text itself: its escapes in JSON have letters of their own.
            let choice = JSON5.parse(stopped, name: "answer", diagnostics: Diagnostics())?["choices"]?
                .elements?.first
            let written = try #require(choice?["text"]?.text, "\(stopped)")
            #expect(!written.contains("a") && !written.contains("e"), "\(stopped)")
            if choice?["finish_reason"]?.text == "stop" { stops += 1 }
        }
        #expect(stops > 0, "one of 200 bytes is often a letter that ends the text")
        let page = try server.ask("GET /")
        #expect(page.status == 200 && page.body.contains("id=\"prompt\""))
        _ = directory
    }
}
