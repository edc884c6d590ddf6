import Testing
import dist_train

@Suite struct CommandsTests {
    @Test func namesDiffer() {
        let names = Commands.all.map(\.name)
        #expect(Set(names).count == names.count && names.count > 15)
        let lines = Commands.help(width: 80).split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("  ") }.count == names.count + 2, "a line each, and two examples")
    }

    /// Help fits into the terminal: each line, but for words that are longer.
    @Test(arguments: [40, 60, 80, 100]) func helpIsWrapped(width: Int) {
        let texts = Commands.all.map { $0.help(width: width) } + [Commands.help(width: width)]
        for line in texts.joined(separator: "\n").split(separator: "\n") {
            let isVerbatim =
                line.hasPrefix("usage:") || line.hasPrefix("  dist-train") || line.hasPrefix("  cat")
            let isOneWord = line.split(separator: " ").count == 1
            #expect(line.count <= max(width, 44) || isVerbatim || isOneWord, "\(line)")
        }
    }

    @Test func commandsHaveOtherNames() throws {
        #expect(try Commands.find(["train", "job.json5"]).command.name == "run")
        for (word, meant) in [
            ("fit", "run"), ("eval", "evaluate"), ("test", "evaluate"), ("infer", "predict"), ("new", "init"),
            ("check", "validate"), ("server", "coordinator"), ("join", "worker"), ("diagnose", "doctor"),
            ("benchmark", "bench step"), ("evalute", "evaluate"),
        ] {
            let error = #expect(throws: UsageError.self) { _ = try Commands.find([word]) }
            #expect(error?.description == "there is no command `\(word)`: did you mean `\(meant)`?")
        }
    }

    @Test func aCommandIsFoundByOneWordOrTwo() throws {
        let run = try Commands.find(["run", "job.json5", "--json"])
        #expect(run.command.name == "run" && run.rest == ["job.json5", "--json"])
        let bench = try Commands.find(["bench", "step", "job.json5"])
        #expect(bench.command.name == "bench step" && bench.rest == ["job.json5"])
    }

    @Test(
        arguments: [
            (["rum"], "there is no command `rum`: did you mean `run`?"),
            (["xyzzy"], "there is no command `xyzzy`: see `dist-train --help`"),
            (["token"], "`dist-train token` needs a second word: token show, token rotate"),
            (["token", "--json"], "`dist-train token` needs a second word: token show, token rotate"),
            (["token", "shw"], "there is no command `token shw`: did you mean `token show`?"),
            (["token", "burn"], "there is no command `token burn`: there are token show, token rotate"),
        ] as [([String], String)])
    func unknownCommandsAreExplained(words: [String], expected: String) {
        let error = #expect(throws: UsageError.self) { _ = try Commands.find(words) }
        #expect(error?.description == expected)
    }

    @Test func helpIsThatOfACommandOrOfAFamily() throws {
        #expect(
            Commands.help(for: ["token", "rotate", "--help"], width: 100) == """
                usage: dist-train token rotate [options]

                Make a new token in place of the old one.
                Says what is to be done on the other machines.
                Processes that run keep the old one until they are started again.

                options:
                  --token-file FILE  the file with the token (default ~/.config/dist-train/token)

                example:
                  dist-train token rotate
                """)
        let family = try #require(Commands.help(for: ["token", "--help"]))
        #expect(family.hasPrefix("usage: dist-train token show [options]\n"))
        #expect(family.hasSuffix("\nexample:\n  dist-train token rotate"))
        #expect(Commands.help(for: ["xyzzy", "--help"]) == nil)
    }

    /// All lines of explanations begin in one column, but for those behind a very long name.
    @Test(arguments: Commands.all.map(\.name)) func explanationsAreAligned(name: String) throws {
        let help = try #require(Commands.help(for: name.split(separator: " ").map(String.init)))
        let lines = help.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
        #expect(lines.allSatisfy { $0.last != " " })
        guard let start = lines.firstIndex(of: Array("options:")) else { return }
        let columns = lines[(start + 1)...].prefix { !$0.isEmpty }.map { line in
            let gap = line.starts(with: "  -") ? line.indices.dropFirst(2).first { isGap(line, at: $0) } : 0
            return gap.map { gap in line[gap...].firstIndex { $0 != " " } ?? 0 } ?? 0
        }
        #expect(Set(columns.filter { $0 > 0 }).count == 1, "a name that is too long stands alone: \(help)")
    }

    private func isGap(_ line: [Character], at index: Int) -> Bool { line[index...].starts(with: "  ") }
}
