import Configuration
import System

/// The table of all commands, in the order of the help.
package enum Commands {
    /// Commands that belong together.
    package struct Group: Sendable {
        package let title: String
        package let commands: [Command]
    }

    package static let groups = [
        Group(
            title: "train",
            commands: [
                InitCommand.command, RunCommand.command, CoordinatorCommand.command, WorkerCommand.command,
            ]),
        Group(
            title: "use a trained model",
            commands: [
                EvaluateCommand.command, PredictCommand.command, GenerateCommand.command,
                ServeCommand.command, ExportCommand.command,
                RunsCommand.command, CompareCommand.command, ReportCommand.command,
                CheckpointCommand.command,
            ]),
        Group(
            title: "look at a config and its data",
            commands: [
                ValidateCommand.command, ConfigCommand.command, SummaryCommand.command,
                PlanCommand.command, DataGetCommand.command, DataInspectCommand.command,
                DataPreviewCommand.command, TokenizerTrainCommand.command, TokenizerShowCommand.command,
                LRFindCommand.command,
            ]),
        Group(
            title: "this machine and others",
            commands: [
                DoctorCommand.command, TokenShowCommand.command, TokenRotateCommand.command,
                BenchStepCommand.command, BenchPredictCommand.command, BenchCollectiveCommand.command,
                BenchKernelsCommand.command,
                CompletionCommand.command,
            ]),
    ]

    package static let all = groups.flatMap(\.commands)

    /// Commands that the program itself starts in other processes; no help lists them.
    private static let hidden = [BenchMemberCommand.command]

    /// Finds the command that the first word names, or the first two; returns it with the words behind.
    /// - Throws: `UsageError` if there is none.
    package static func find(_ words: [String]) throws -> (command: Command, rest: [String]) {
        for count in [2, 1] where words.count >= count {
            let name = words.prefix(count).joined(separator: " ")
            if let command = (all + hidden).first(where: { $0.name == name || $0.aliases.contains(name) }) {
                return (command, Array(words.dropFirst(count)))
            }
        }
        throw unknown(words)
    }

    private static func unknown(_ words: [String]) -> UsageError {
        let family = family(words[0]).map(\.name)
        guard !family.isEmpty else {
            return unknown(words[0], among: all.map(\.name), otherwise: "see `dist-train --help`")
        }
        let list = family.joined(separator: ", ")
        guard words.count > 1, !words[1].hasPrefix("-") else {
            return UsageError("`dist-train \(words[0])` needs a second word: \(list)")
        }
        return unknown("\(words[0]) \(words[1])", among: family, otherwise: "there are \(list)")
    }

    private static func unknown(_ name: String, among names: [String], otherwise: String) -> UsageError {
        let nearest = CommandWords.command(name, among: names).map { "did you mean `\($0)`?" }
        return UsageError("there is no command `\(name)`: \(nearest ?? otherwise)")
    }

    /// The commands of two words that begin with this one.
    private static func family(_ word: String) -> [Command] { all.filter { $0.name.hasPrefix(word + " ") } }

    // MARK: Help

    /// The help of the command that the words name, or of all commands whose first word it is; nil if there
    /// is none.
    /// - Parameter width: the columns of the terminal.
    package static func help(for words: [String], width: Int = 80) -> String? {
        if let (command, _) = try? find(words) { return command.help(width: width) }
        let family = words.first.map(family) ?? []
        return family.isEmpty ? nil : family.map { $0.help(width: width) }.joined(separator: "\n\n")
    }

    /// The text that `dist-train --help` prints.
    package static func help(width: Int) -> String {
        let column = 2 + (all.map { $0.name.count }.max() ?? 0) + 2
        let groups = groups.map { group in
            let lines = group.commands.flatMap { command in
                TextFormat.entry("  \(command.name)", command.headline, column: column, width: width)
            }
            return ([group.title + ":"] + lines).joined(separator: "\n")
        }
        let introduction = [usage] + TextFormat.wrapped(purpose, width: width)
        let end = TextFormat.wrapped(furtherHelp, width: width) + examples
        return ([introduction.joined(separator: "\n")] + groups + [end.joined(separator: "\n")])
            .joined(separator: "\n\n")
    }

    private static let usage = "usage: dist-train COMMAND [arguments]\n"
    static let purpose = """
        Trains neural networks on the CPUs of one machine or of a LAN; the result is the same, bit for bit, \
        whatever the number and speed of the workers.
        """
    private static let furtherHelp = """
        `dist-train COMMAND --help` explains each; --version tells the version; --color WHEN (auto, always, \
        never) and NO_COLOR decide on colours. Examples, the first of which needs no download:
        """
    static let examples = [
        "  dist-train run config/digits-mlp.json5 --workers 2",
        "  dist-train init flowers.csv --target kind",
    ]
}
