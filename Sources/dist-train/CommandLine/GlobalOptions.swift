import Configuration
import Telemetry

/// The options that every command has, taken off the command line before the command sees the rest.
package struct GlobalOptions: Equatable, Sendable {
    package var color = ColorChoice.auto
    /// The other words.
    package private(set) var words: [String] = []

    static let all = [
        colorOption, Option(name: "--help", value: nil, help: "explain the command", aliases: ["-h"]),
    ]

    private static let colorOption = Option(
        name: "--color", value: "WHEN",
        help: "auto, always or never: colours on terminals only (auto), unless NO_COLOR is set")

    /// - Throws: `UsageError` if `--color` has no value, or one that it does not know.
    package init(_ words: [String]) throws {
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                self.words += [word] + rest
                return
            }
            let value: String
            if word == "--color" || word == "--colour" {
                value = rest.popFirst() ?? ""
            } else if word.hasPrefix("--color=") || word.hasPrefix("--colour=") {
                value = String(word.drop { $0 != "=" }.dropFirst())
            } else {
                self.words.append(word)
                continue
            }
            guard let choice = ColorChoice(rawValue: value) else {
                throw UsageError("--color must be auto, always or never, found `\(value)`")
            }
            color = choice
        }
    }
}
