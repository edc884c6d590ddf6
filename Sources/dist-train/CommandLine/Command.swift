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
package struct Command: Sendable {
    /// One word or two: `run`, `bench step`.
    package let name: String
    /// The words behind the name in the usage line.
    let arguments: String
    /// The first line stands in the list of all commands, the others in the command's own help alone.
    let summary: String
    let options: [Option]
    let example: String
    /// Does what the command is for, and returns the exit status.
    let run: @Sendable (Arguments) throws -> Int32

    /// The text that `--help` prints.
    package var help: String {
        let usage = ["usage: dist-train", name, arguments, options.isEmpty ? "" : "[options]"]
            .filter { !$0.isEmpty }.joined(separator: " ")
        let list = options.isEmpty ? [] : ["", "options:"] + optionLines
        return ([usage, "", summary] + list + ["", "example:", "  \(example)"]).joined(separator: "\n")
    }

    /// The options with their explanations, which begin in the same column.
    private var optionLines: [String] {
        let heads = options.map { "  \($0.name)\($0.value.map { " \($0)" } ?? "")" }
        let width = min(30, heads.map(\.count).max() ?? 0)
        let lineBreak = "\n" + String(repeating: " ", count: width + 2)
        return zip(heads, options).map { head, option in
            let gap = String(repeating: " ", count: max(2, width - head.count + 2))
            return head + gap + option.help.split(separator: "\n").joined(separator: lineBreak)
        }
    }
}
