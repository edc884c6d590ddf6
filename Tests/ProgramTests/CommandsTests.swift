import Testing
import dist_train

@Suite struct CommandsTests {
    @Test func namesDiffer() {
        let names = Commands.all.map(\.name)
        #expect(Set(names).count == names.count && names.count > 15)
        #expect(Commands.help.split(separator: "\n").filter { $0.hasPrefix("  ") }.count == names.count + 1)
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
            Commands.help(for: ["token", "rotate", "--help"]) == """
                usage: dist-train token rotate [options]

                Make a new token in place of the old one, and say what is to be done on the other machines.
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
            let gap = line.starts(with: "  --") ? line.indices.dropFirst(2).first { isGap(line, at: $0) } : 0
            return gap.map { gap in line[gap...].firstIndex { $0 != " " } ?? 0 } ?? 0
        }
        let longest = columns.max() ?? 0
        #expect(longest > 0 && Set(columns.filter { $0 != longest || longest <= 32 }).count <= 1, "\(help)")
    }

    private func isGap(_ line: [Character], at index: Int) -> Bool { line[index...].starts(with: "  ") }
}
