import Datasets
import System
import Telemetry

enum TokenizerTrainCommand {
    static let command = Command(
        name: "tokenizer train", arguments: "TEXT …",
        summary: """
            Learn a vocabulary of byte pairs from texts.
            TEXT is a file in UTF-8 (plain or gzip), or a directory, whose files *.txt are read. The result \
            is a tokenizer.json as Hugging Face's `tokenizers` writes it, with the same merges as its \
            BpeTrainer at byte level. Token 0 is <|endoftext|>, the next 256 are the bytes. In a config: \
            `{text: {path: "TEXT", tokenizer: "tokenizer.json"}}`.
            """,
        options: [
            Option(
                name: "--vocabulary", value: "N",
                help: "tokens in all, from 257 on (default 512); fewer if the text has no more pairs"),
            Option(
                name: "--minimum-frequency", value: "N",
                help: "how often a pair must be there to become a token (default 1)"),
            Option(name: "--output", value: "FILE", help: "where it goes (default tokenizer.json)"),
        ],
        example: "dist-train tokenizer train shakespeare.txt --vocabulary 512 --output tokenizer.json",
        run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        guard !arguments.positionals.isEmpty else {
            throw UsageError(
                "`dist-train tokenizer train` needs a text: see `dist-train tokenizer train --help`")
        }
        let size =
            try arguments.integer(
                "--vocabulary", BPETrainer.smallestVocabulary...BPETrainer.largestVocabulary)
            ?? 512
        let minimum = try arguments.integer("--minimum-frequency", 1...1_000_000_000) ?? 1
        let output = arguments.string("--output") ?? "tokenizer.json"
        guard !output.isEmpty else { throw UsageError("--output needs the name of a file") }
        let progress = Progress()
        let (trainer, bytes) = try count(arguments.positionals, progress)
        let tokenizer = try trainer.train(vocabularySize: size, minimumFrequency: minimum) {
            progress.show("\(TextFormat.grouped($0)) of \(TextFormat.grouped(size)) tokens")
        }
        progress.end()
        try File.writeAtomically(tokenizer.serialized, to: output)
        let few = tokenizer.vocabularySize < size ? ", because the text has no more pairs" : ""
        print(
            "\(output): \(TextFormat.grouped(tokenizer.vocabularySize)) tokens\(few), from"
                + " \(TextFormat.bytes(bytes)) of text with"
                + " \(TextFormat.count(trainer.wordCount, "different word"))")
        return 0
    }

    /// Counts the words of all texts.
    private static func count(_ paths: [String], _ progress: Progress) throws -> (BPETrainer, bytes: Int) {
        var trainer = BPETrainer()
        var bytes = 0
        for path in try paths.flatMap(files) {
            progress.show("reading `\(path)`")
            let file = try TextFile(path)
            do { try trainer.add(file.bytes) } catch let fault as DatasetError {
                throw DatasetError("`\(path)`: \(fault)")
            }
            bytes += withExtendedLifetime(file) { file.bytes.count }
        }
        guard trainer.wordCount > 0 else {
            throw DatasetError("`\(paths[0])` is empty; give a text of some thousand words or more")
        }
        return (trainer, bytes)
    }

    private static func files(_ path: String) throws -> [String] {
        guard Directory.isDirectory(path) else { return [path] }
        let names = try Directory.list(path).filter { $0.hasSuffix(".txt") }
        guard !names.isEmpty else {
            throw DatasetError("`\(path)` has no files *.txt; give a text, or a directory of texts")
        }
        return names.map { Path.join(path, $0) }
    }
}

/// A line on a terminal that says how far the work is, from the first second on.
private final class Progress {
    private var last = Clock.monotonicSeconds()

    func show(_ text: @autoclosure () -> String) {
        let now = Clock.monotonicSeconds()
        guard now - last > 0.5 else { return }
        last = now
        Console.standardError.drawBar(text())
    }

    func end() { Console.standardError.drawBar("") }
}
