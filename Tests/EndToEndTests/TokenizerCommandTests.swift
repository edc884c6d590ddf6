import System
import TestSupport
import Testing

@Suite(.serialized) struct TokenizerCommandTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func run(_ arguments: String...) throws -> Program.Finished {
        try Program.run(arguments, in: home.path, seconds: 30)
    }

    private func fixture(_ name: String) -> String { ProjectFiles.path("Tests/Fixtures/text/" + name) }

    @Test func aVocabularyIsLearned() throws {
        let output = home.file("t.json")
        let trained = try run("tokenizer", "train", fixture("ties.txt"), "--output", output)
        #expect(trained.status == .exited(0) && trained.errors.isEmpty, "\(trained.errors)")
        #expect(trained.output.hasPrefix("\(output): 512 tokens, from 3.5 KiB of text with "))
        #expect(
            try File.readText(output, limit: 1 << 20) == ProjectFiles.text("Tests/Fixtures/text/trained.json")
        )
        let shown = try run("tokenizer", "show", output, "--text", "aa\n")
        #expect(
            shown.output.hasPrefix(
                "\(output): bpe, 512 tokens\nend of a document: 0 <|endoftext|>\n"), "\(shown.output)")
        #expect(shown.output.hasSuffix("Ċ\n2 tokens\n"), "\(shown.output)")
    }

    @Test func mistakes() throws {
        let empty = try home.write("empty.txt", "")
        for (arguments, message) in [
            (["train"], "`dist-train tokenizer train` needs a text: see `dist-train tokenizer train --help`"),
            (["train", empty], "`\(empty)` is empty; give a text of some thousand words or more"),
            (
                ["train", empty, "--vocabulary", "5"],
                "--vocabulary must be a whole number from 257 to 1048576, found `5`"
            ),
            (["train", home.path + "/none"], "cannot read `\(home.path)/none`: it does not exist;"),
            (["show", empty], "`\(empty)`, line 1, column 1: the text ends where a value should be"),
        ] {
            let finished = try Program.run(["tokenizer"] + arguments, in: home.path, seconds: 30)
            #expect(finished.status != .exited(0) && finished.errors.contains(message), "\(finished.errors)")
        }
    }
}
