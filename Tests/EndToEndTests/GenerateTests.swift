import Configuration
import Platform
import System
import TestSupport
import Testing

/// Trained language models continue texts.
@Suite(.serialized) struct GenerateTests {
    /// A model of made-up bytes, and another one that is no language model.
    private final class Models {
        let directory: TemporaryDirectory
        let run: String

        init(_ more: String = "") throws {
            directory = try TemporaryDirectory()
            run = directory.file("run")
            let config = try directory.write(
                "job.json5",
                """
                {
                  name: "bytes", seed: 5, data: {train: {made_up: {shape: [24], tokens: 256, samples: 40}}},
                  model: [{embedding: 256, width: 16}, {gru: 24}, {dense: 256}],
                  loss: "cross_entropy", optimizer: {adam: {learning_rate: 1e-2}}, batch: {size: 10},
                  epochs: 2,
                  \(more)
                }
                """)
            let trained = try Program.run(
                ["run", config, "--run-dir", run, "--no-page"], in: directory.path)
            #expect(trained.status == .exited(0), "\(trained.errors)")
        }

        func generate(_ arguments: [String]) throws -> Program.Finished {
            try Program.run(
                ["generate", run, "--tokenizer", "bytes"] + arguments, in: directory.path)
        }
    }

    @Test func theSameLineWritesTheSameText() throws {
        let models = try Models()
        let line = ["--prompt", "To be", "--tokens", "60"]
        let first = try models.generate(line + ["--lanes", "1"])
        #expect(first.status == .exited(0) && first.errors.isEmpty, "\(first.errors)")
        #expect(first.output.hasPrefix("To be") && first.output.hasSuffix("\n"))
        for more in [["--lanes", "3"], ["--seed", "1"], ["--temperature", "1"], ["--top-k", "256"]] {
            #expect(try models.generate(line + more).output == first.output, "\(more)")
        }
        let others = try [["--seed", "2"], ["--temperature", "0"], ["--top-k", "3"]].map {
            try models.generate(line + $0).output
        }
        #expect(Set(others + [first.output]).count == 4)
        let several = try models.generate(line + ["--count", "2", "-v"])
        #expect(several.output.hasPrefix(first.output + "---\nTo be"))
        #expect(several.errors.contains("120 tokens, ") && several.errors.contains(" tokens/s, seed 1"))
    }

    /// Trains on a text of three words. Returns the directory, whose run is `run`.
    private func trainedOnText(_ more: String = "") throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        let words = (0..<900).map { ["tick", "tock", "clock"][($0 * $0 / 7) % 3] }
        let text = try directory.write("rhyme.txt", words.joined(separator: " "))
        let config = try directory.write(
            "job.json5",
            """
            {
              seed: 2, data: {
                train: {text: {path: "\(text)", context: 16, stride: 2}}, split: {validation: 0.3},
              },
              model: [{embedding: 7, width: 16}, {gru: 24}, {dense: 7}],
              loss: "cross_entropy", optimizer: {adam: {learning_rate: 1e-2}}, batch: {size: 20}, epochs: 3,
              \(more)
            }
            """)
        let trained = try Program.run(
            ["run", config, "--run-dir", directory.file("run"), "--no-page"], in: directory.path)
        #expect(trained.status == .exited(0), "\(trained.errors)")
        return directory
    }

    /// A stride gives the same as a source with that stride; the smaller it is, the more each token sees.
    @Test func textsAreMeasuredWithAStride() throws {
        let directory = try trainedOnText()
        func evaluate(_ more: String...) throws -> String {
            let finished = try Program.run(["evaluate", directory.file("run")] + more, in: directory.path)
            #expect(finished.status == .exited(0), "\(finished.errors)")
            return finished.output
        }
        func perplexity(_ text: String) -> Double {
            field("perplexity", in: text).flatMap(Double.init) ?? .nan
        }
        let (usual, near) = (try evaluate("--json"), try evaluate("--json", "--stride", "1"))
        #expect(perplexity(near) < perplexity(usual))
        let side = try evaluate("--json", "--stride", "16")
        #expect(side == usual)
        func source(_ stride: String) -> String {
            "{text: {path: \"\(directory.file("rhyme.txt"))\"\(stride)}}"
        }
        let given = try evaluate("--json", "--data", source(", stride: 3"))
        let asked = try evaluate("--json", "--data", source(""), "--stride", "3")
        #expect(perplexity(given) == perplexity(asked) && field("bits_per_byte", in: given) != nil)
        let refused = try Program.run(
            ["evaluate", directory.file("run"), "--stride", "17"], in: directory.path)
        #expect(refused.errors.contains("at most the context of 16 tokens, found 17"))
    }

    @Test func asJSON() throws {
        let models = try Models()
        let file = try models.directory.write("prompt", "ab\n")
        let line = ["--tokens", "30", "--temperature", "0.5", "--json", "--prompt-file", file]
        let finished = try models.generate(line)
        let value = try #require(
            JSON5.parse(finished.output, name: "output", diagnostics: Diagnostics()), "\(finished.errors)")
        #expect(value["prompt"] == .string("ab\n") && value["prompt_tokens"] == .int(3))
        #expect(value["step"] == .int(8) && value["tokens"] == .int(30))
        let text = try #require(value["texts"]?.elements?.first)
        #expect(text["ending"] == .string("length") && text["tokens"] == .int(30))
        let shown = try models.generate(Array(line.filter { $0 != "--json" }))
        #expect(text["text"] == .string(String(shown.output.dropFirst(3).dropLast())), "\(shown.output)")
    }

    @Test func whatIsWrong() throws {
        let models = try Models()
        let digits = try Bench(DigitsJob(steps: 2))
        _ = try digits.bits("run", workers: 1)
        let long = try models.directory.write("long", String(repeating: "x", count: 60))
        let faults: [(arguments: [String], status: Int32, part: String)] = [
            (["generate"], 64, "needs a run directory"),
            (["generate", digits.runDirectory("run")], 64, "this model writes no text"),
            (["generate", models.run], 1, "--tokenizer FILE"),
            (["generate", models.run, "--prompt", "a", "--prompt-file", long], 64, "exclude each other"),
            (["generate", models.run, "--top-p", "2"], 64, "--top-p must be a number from 0.0 to 1.0"),
            (["generate", models.run, "--tokens", "0"], 64, "--tokens must be"),
        ]
        for fault in faults {
            let finished = try Program.run(fault.arguments, in: models.directory.path)
            #expect(finished.status == .exited(fault.status), "\(fault.arguments): \(finished.errors)")
            #expect(finished.errors.contains(fault.part), "\(finished.errors)")
        }
        let noted = try models.generate(["--prompt-file", long, "--tokens", "1"])
        #expect(noted.errors.contains("the prompt has 60 tokens, and the model sees at most 24"))
        #expect(noted.status == .exited(0))
    }

    /// Texts during the training change no bit of it. Without a tokenizer there is a warning in their place.
    @Test func samplesOfATraining() throws {
        func hash(_ models: Models) throws -> String? {
            field("state_sha256", in: try File.readText(Path.join(models.run, "result.json"), limit: 1 << 20))
        }
        let sampled = try Models("logging: {samples: {every: 2, tokens: 40}},")
        #expect(try hash(sampled) == (try hash(Models())))
        let log = try File.readText(Path.join(sampled.run, "log.jsonl"), limit: 1 << 22)
        #expect(log.contains("\"sample_failed\"") && log.contains("have no tokenizer"), "\(log)")
    }

    /// The same with a tokenizer, that of the training texts.
    @Test func samplesOfATrainingOnText() throws {
        func read(_ directory: TemporaryDirectory, _ name: String) throws -> String {
            try File.readText(directory.file("run/\(name)"), limit: 1 << 22)
        }
        let plain = try trainedOnText()
        let sampled = try trainedOnText("logging: {samples: {prompt: \"tick\", tokens: 12}},")
        let hash = field("state_sha256", in: try read(plain, "result.json"))
        let other = field("state_sha256", in: try read(sampled, "result.json"))
        #expect(hash != nil && hash == other)
        let log = try read(sampled, "log.jsonl")
        #expect(log.contains("\"text_sampled\"") && !log.contains("sample_failed"), "\(log)")
    }
}
