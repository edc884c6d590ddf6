import System

/// One subcommand: its help and its action. It stands in a file of its own and in the table `Commands.all`:
///
/// ```swift
/// enum SummaryCommand {
///     static let command = Command(
///         name: "summary", arguments: "CONFIG", summary: "Show every layer's output shape.",
///         options: [.set], example: "dist-train summary config/digits-mlp.json5", run: run)
///
///     private static func run(_ arguments: Arguments) throws -> Int32 {
///         let path = try arguments.only("a config file")
///         …
///         return 0
///     }
/// }
/// ```
///
/// A command that others start unattended gives `prepare` instead of `run`, so that `dist-train --check`
/// finds what is wrong with the values of its options without running it.
package struct Command: Sendable {
    /// One word or two: `run`, `bench step`.
    package let name: String
    /// The words behind the name in the usage line.
    package let arguments: String
    /// The first line stands in the list of all commands, the others in the command's own help alone.
    package let summary: String
    package let options: [Option]
    package let example: String
    /// Other names of the same command.
    package let aliases: [String]
    /// Reads the values of the options, and returns what the command does with them. It only looks at the
    /// arguments and at variables: whatever touches a file or the network is left to the action.
    let prepare: @Sendable (Arguments) throws -> Action

    /// Does what a command is for, and returns the exit status.
    package typealias Action = () throws -> Int32

    /// Makes a command that reads its options while it runs.
    init(
        name: String, arguments: String, summary: String, options: [Option], example: String,
        aliases: [String] = [], run: @escaping @Sendable (Arguments) throws -> Int32
    ) {
        self.init(
            name: name, arguments: arguments, summary: summary, options: options, example: example,
            aliases: aliases, prepare: { arguments in { try run(arguments) } })
    }

    init(
        name: String, arguments: String, summary: String, options: [Option], example: String,
        aliases: [String] = [], prepare: @escaping @Sendable (Arguments) throws -> Action
    ) {
        self.name = name
        self.arguments = arguments
        self.summary = summary
        self.options = options
        self.example = example
        self.aliases = aliases
        self.prepare = prepare
    }

    /// The first line of the summary.
    package var headline: String { String(summary.split(separator: "\n")[0]) }

    /// The text that `--help` prints.
    /// - Parameter width: the columns of the terminal.
    package func help(width: Int) -> String {
        let usage = ["usage: dist-train", name, arguments, options.isEmpty ? "" : "[options]"]
            .filter { !$0.isEmpty }.joined(separator: " ")
        let paragraphs = summary.split(separator: "\n").flatMap {
            TextFormat.wrapped(String($0), width: width)
        }
        let list = options.isEmpty ? [] : ["", "options:"] + optionLines(width)
        let other = aliases.isEmpty ? [] : ["", "also called: \(aliases.joined(separator: ", "))"]
        return ([usage, ""] + paragraphs + list + other + ["", "example:", "  \(example)"])
            .joined(separator: "\n")
    }

    /// The options with their explanations, which begin in the same column.
    private func optionLines(_ width: Int) -> [String] {
        let heads = options.map { "  \($0.usage)" }
        let column = min(26, (heads.map(\.count).max() ?? 0) + 2)
        return zip(heads, options).flatMap { head, option in
            let text = option.help.split(separator: "\n").joined(separator: " ")
            return TextFormat.entry(head, text, column: column, width: width)
        }
    }
}
