import Configuration
import Datasets
import Kernels
import Platform
import Runs
import System
import Telemetry
import Training

enum GenerateCommand {
    static let command = Command(
        name: "generate", arguments: "RUN_OR_CHECKPOINT",
        summary: """
            Let a trained language model continue a text.
            The text is written to standard output while it is made, with the prompt in front; it ends after \
            N tokens, or where the model ends it. The same line writes the same text; another seed writes \
            another one. Of a run directory the best checkpoint counts, or else the newest.
            """,
        options: [
            Option(name: "--prompt", value: "TEXT", help: "the beginning of the text (default: none)"),
            Option(
                name: "--prompt-file", value: "FILE",
                help: "a file with the beginning of the text, as it is; - is standard input"),
            Option(name: "--tokens", value: "N", help: "tokens to write, at most (default 200)"),
            Option(
                name: "--temperature", value: "T",
                help: """
                    below 1 the probable tokens become more probable, above 1 less; 0 always takes the most
                    probable one (default 1)
                    """),
            Option(name: "--top-k", value: "K", help: "draw from the K most probable tokens alone"),
            Option(
                name: "--top-p", value: "P",
                help: "draw from the most probable tokens that have the probability P together, 0 to 1"),
            Option(name: "--seed", value: "S", help: "the seed of what is drawn (default 1)"),
            Option(name: "--count", value: "N", help: "texts to write, each another one (default 1)"),
            Option(
                name: "--stop", value: "TEXT",
                help: "the text ends before this one; may be repeated", isRepeated: true),
            .tokenizer, .json, .lanes, .verbose,
        ],
        example: "dist-train generate runs/shakespeare-20260101-120000 --prompt 'ROMEO:' --temperature 0.8",
        prepare: prepare)

    private static let longestPrompt = 16 << 20

    /// The options that say what is written.
    private struct Wish {
        let tokens: Int
        let count: Int
        let sampling: TokenSampling
        let stops: [String]
        let isJSON: Bool
        let isVerbose: Bool
    }

    private static func prepare(_ arguments: Arguments) throws -> Command.Action {
        _ = try arguments.only("a run directory or a checkpoint")
        guard !arguments.has("--prompt") || !arguments.has("--prompt-file") else {
            throw UsageError("--prompt and --prompt-file exclude each other: give one of them")
        }
        let sampling = TokenSampling(
            temperature: try arguments.number("--temperature", 0...100) ?? 1,
            topK: try arguments.integer("--top-k", 1...StreamForm.mostTokens),
            topP: try arguments.number("--top-p", 0...1),
            seed: UInt64(try arguments.integer("--seed", 0...Int.max) ?? 1))
        let wish = Wish(
            tokens: try arguments.integer("--tokens", 1...1_000_000_000) ?? 200,
            count: try arguments.integer("--count", 1...1_000_000) ?? 1, sampling: sampling,
            stops: arguments.all("--stop"), isJSON: arguments.has(Option.json.name),
            isVerbose: arguments.has(Option.verbose.name))
        let lanes = try arguments.integer("--lanes", 1...1024)
        return { try run(arguments, wish, lanes: lanes ?? Processor.cores) }
    }

    private static func run(_ arguments: Arguments, _ wish: Wish, lanes: Int) throws -> Int32 {
        let model = try model(arguments.positionals[0])
        let lanes = LanePool(lanes: lanes)
        defer { lanes.close() }
        let generator = try model.generator(sequences: 1, lanes: lanes)
        let tokenizer = try model.tokenizer(or: arguments.tokenizer())
        let prompt = try prompt(arguments)
        let begun = Clock.monotonicSeconds()
        var texts: [WrittenText] = []
        for sequence in 0..<wish.count {
            let text = try TextContinuation(
                prompt, of: tokenizer, vocabulary: generator.vocabulary, sampling: wish.sampling,
                sequence: sequence, tokens: wish.tokens, stops: wish.stops)
            if sequence == 0 { noteLength(of: text, generator) }
            let separator = sequence > 0 ? "---\n" : ""
            guard let written = try write(text, behind: separator + prompt, generator, shows: !wish.isJSON)
            else { return 0 }
            texts.append(written)
        }
        let seconds = Clock.monotonicSeconds() - begun
        if wish.isJSON { print(json(texts, of: model, prompt: prompt, wish, seconds: seconds)) }
        if wish.isVerbose { tell(texts, wish, seconds: seconds) }
        return 0
    }

    /// The model of a path, in a process that computes as its training did.
    private static func model(_ word: String) throws -> TrainedModel {
        let checkpoints = try TrainedModel.checkpoints(at: RunCatalog().path(of: word)) {
            Console.standardError.write(message: "warning: \($0)")
        }
        guard checkpoints.count == 1 else {
            throw UsageError(
                "`\(word)` is an ensemble, whose models write no text together: name one of its members")
        }
        let model = try TrainedModel(checkpoints[0])
        try TrainedModels.adoptCore(of: model.state.platform)
        return model
    }

    private static func prompt(_ arguments: Arguments) throws -> String {
        guard let path = arguments.string("--prompt-file") else { return arguments.string("--prompt") ?? "" }
        guard path == "-" else { return try File.readText(path, limit: longestPrompt) }
        var bytes: [UInt8] = []
        Pipe.readToEnd(STDIN_FILENO, limit: longestPrompt) { bytes.append(contentsOf: $0) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw UsageError("the prompt on standard input is not UTF-8: convert it")
        }
        return text
    }

    private static func noteLength(of text: TextContinuation, _ generator: SequenceGenerator) {
        guard text.promptTokens > generator.context else { return }
        Console.standardError.write(
            message: "note: the prompt has \(text.promptTokens) tokens, and the model sees at most"
                + " \(generator.context): it reads the newest \((generator.context + 1) / 2)")
    }

    private struct WrittenText {
        let text: String
        let continuation: TextContinuation
    }

    /// Writes a text while it is made; returns nil if nobody reads it any more.
    private static func write(
        _ text: TextContinuation, behind beginning: String, _ generator: SequenceGenerator, shows: Bool
    ) throws -> WrittenText? {
        var (text, written) = (text, "")
        func show(_ piece: String) throws -> Bool { try !shows || StandardOutput.write(piece.utf8) }
        guard try show(beginning) else { return nil }
        generator.reset(0)
        while text.ending == nil {
            try generator.append([text.takeTokens()])
            let piece = text.advance(generator.logits(0))
            written += piece
            guard try show(piece) else { return nil }
        }
        guard try show("\n") else { return nil }
        return WrittenText(text: written, continuation: text)
    }

    private static func json(
        _ texts: [WrittenText], of model: TrainedModel, prompt: String, _ wish: Wish, seconds: Double
    ) -> String {
        let drawn = texts.reduce(0) { $0 + $1.continuation.drawnTokens }
        let list = texts.map { text -> ConfigValue in
            .object([
                ("text", .string(text.text)), ("tokens", .int(text.continuation.drawnTokens)),
                ("ending", .string(text.continuation.ending?.rawValue ?? "")),
            ])
        }
        return ConfigValue.object([
            ("model", .string(model.path)), ("step", .int(model.step)), ("prompt", .string(prompt)),
            ("prompt_tokens", .int(texts.first?.continuation.promptTokens ?? 0)),
            ("seed", .int(Int(wish.sampling.seed))), ("temperature", .number(wish.sampling.temperature)),
            ("texts", .array(list)), ("tokens", .int(drawn)), ("seconds", .number(seconds)),
        ]).prettyJSON()
    }

    private static func tell(_ texts: [WrittenText], _ wish: Wish, seconds: Double) {
        let drawn = texts.reduce(0) { $0 + $1.continuation.drawnTokens }
        let speed = TextFormat.fixed(Double(drawn) / max(seconds, 1e-9), 1)
        Console.standardError.writeLine("\(drawn) tokens, \(speed) tokens/s, seed \(wish.sampling.seed)")
    }
}
