import Configuration
import System

/// The table of all commands, in the order of the help.
package enum Commands {
    package static let all: [Command] = [
        RunCommand.command,
        CoordinatorCommand.command,
        WorkerCommand.command,
        ValidateCommand.command,
        ConfigCommand.command,
        SummaryCommand.command,
        PlanCommand.command,
        DataCommand.command,
        DataGetCommand.command,
        EvaluateCommand.command,
        PredictCommand.command,
        LRFindCommand.command,
        CheckpointCommand.command,
        BenchStepCommand.command,
        BenchCollectiveCommand.command,
        BenchKernelsCommand.command,
        TokenShowCommand.command,
        TokenRotateCommand.command,
        DoctorCommand.command,
    ]

    /// Commands that the program itself starts in other processes; no help lists them.
    private static let hidden = [BenchMemberCommand.command]

    /// Finds the command that the first word names, or the first two; returns it with the words behind.
    /// - Throws: `UsageError` if there is none.
    package static func find(_ words: [String]) throws -> (command: Command, rest: [String]) {
        for count in [2, 1] where words.count >= count {
            let name = words.prefix(count).joined(separator: " ")
            if let command = (all + hidden).first(where: { $0.name == name }) {
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
        let nearest = Suggestion.nearest(to: name, among: names).map { "did you mean `\($0)`?" }
        return UsageError("there is no command `\(name)`: \(nearest ?? otherwise)")
    }

    /// The commands of two words that begin with this one.
    private static func family(_ word: String) -> [Command] { all.filter { $0.name.hasPrefix(word + " ") } }

    // MARK: Help

    /// The help of the command that the words name, or of all commands whose first word it is; nil if there
    /// is none.
    package static func help(for words: [String]) -> String? {
        if let (command, _) = try? find(words) { return command.help }
        let family = words.first.map(family) ?? []
        return family.isEmpty ? nil : family.map(\.help).joined(separator: "\n\n")
    }

    /// The text that `dist-train --help` prints.
    package static var help: String {
        let width = all.map { $0.name.count }.max() ?? 0
        let lines = all.map { command in
            "  \(TextFormat.left(command.name, width + 3))\(command.summary.split(separator: "\n")[0])"
        }
        return [introduction, lines.joined(separator: "\n"), furtherHelp].joined(separator: "\n\n")
    }

    private static let introduction = """
        usage: dist-train COMMAND [arguments]

        Trains neural networks on the CPUs of one machine or of a LAN; the result is the same, bit for bit,
        whatever the number and speed of the workers.
        """
    private static let furtherHelp = """
        `dist-train COMMAND --help` explains each. An example that needs no download:
          dist-train run config/digits-mlp.json5 --workers 2
        """
}
