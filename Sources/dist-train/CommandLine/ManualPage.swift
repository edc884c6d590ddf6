import Cluster
import System

/// The manual pages of section 1, in the man(7) macros of roff, made of the table of commands: one of the
/// program, and one of each command.
package enum ManualPage {
    /// The day of the newest change in the commands.
    private static let date = "2026-11-30"

    /// The file names of all pages, with their text.
    package static var all: [(name: String, text: String)] {
        [("dist-train.1", program)] + Commands.all.map { ("\(title($0)).1", text(of: $0)) }
    }

    /// The page of the program.
    package static var program: String {
        let groups = Commands.groups.flatMap { group in
            [".SS \(quoted(group.title))"]
                + group.commands.flatMap { command in
                    [".TP", ".BR \(escaped(title(command), isLiteral: true)) (1)", escaped(command.headline)]
                }
        }
        let lines =
            head("dist-train", "train neural networks on the CPUs of one machine or of a LAN")
            + [".SH SYNOPSIS", "\\fBdist\\-train\\fR \\fICOMMAND\\fR [\\fIarguments\\fR]"]
            + [".SH DESCRIPTION", escaped(Commands.purpose)]
            + [".PP", "A config in JSON5 describes a training: its data, its model, its optimizer."]
            + [escaped("`dist-train init` writes one, `dist-train config` explains its fields.")]
            + [".SH COMMANDS"] + groups + [".SH OPTIONS"] + GlobalOptions.all.flatMap(entry) + surroundings
            + [".SH EXAMPLES", ".EX"]
            + Commands.examples.map { escaped(String($0.drop { $0 == " " }), isLiteral: true) } + [".EE"]
        return page(lines)
    }

    /// The page of a command.
    package static func text(of command: Command) -> String {
        let paragraphs = command.summary.split(separator: "\n").map { escaped(String($0)) }
        let synopsis = [
            "\\fBdist\\-train \(escaped(command.name, isLiteral: true))\\fR",
            escaped(command.arguments, isLiteral: true), command.options.isEmpty ? "" : "[\\fIoptions\\fR]",
        ]
        let headline = command.headline.prefix(1).lowercased() + command.headline.dropFirst()
        let lines =
            head(title(command), headline.hasSuffix(".") ? String(headline.dropLast()) : headline)
            + [".SH SYNOPSIS", synopsis.filter { !$0.isEmpty }.joined(separator: " ")]
            + [".SH DESCRIPTION"] + paragraphs
            + (command.aliases.isEmpty
                ? []
                : [
                    ".PP",
                    "It is also called " + command.aliases.map { "\\fB\($0)\\fR" }.joined(separator: ", ")
                        + ".",
                ])
            + [".SH OPTIONS"] + (command.options + GlobalOptions.all).flatMap(entry)
            + [".SH EXAMPLES", ".EX", escaped(command.example, isLiteral: true), ".EE"]
            + [".SH SEE ALSO", ".BR dist\\-train (1)"]
        return page(lines)
    }

    private static func title(_ command: Command) -> String {
        "dist-train-" + command.name.split(separator: " ").joined(separator: "-")
    }

    private static func head(_ title: String, _ headline: String) -> [String] {
        let name = escaped(title.uppercased(), isLiteral: true)
        return [
            ".\\\" Made by `dist-train completion man`.",
            ".TH \(name) 1 \(date) \(quoted(Version.program)) \"User Commands\"",
            ".SH NAME", "\(escaped(title, isLiteral: true)) \\- \(escaped(headline))",
        ]
    }

    private static func entry(_ option: Option) -> [String] {
        let names =
            (option.aliases.filter { !$0.hasPrefix("--") } + [option.name]
            + option.aliases.filter { $0.hasPrefix("--") })
            .map { "\\fB\(escaped($0, isLiteral: true))\\fR" }.joined(separator: ", ")
        let space = option.isAttached ? "" : " "
        let value = option.value.map { "\(space)\\fI\(escaped($0, isLiteral: true))\\fR" } ?? ""
        return [".TP", names + value, escaped(option.help.split(separator: "\n").joined(separator: " "))]
    }

    /// The surroundings of all commands: status, environment and files.
    private static let surroundings = [
        ".SH EXIT STATUS", ".TP", ".B 0", "The command did what it was asked for.",
        ".TP", ".B 64", "The command line or the config has a mistake.",
        ".TP", ".B 1", "Something else failed; standard error says what, where, and what to do.",
        ".SH ENVIRONMENT", ".TP", ".B DIST_TRAIN_TOKEN", "The token that coordinator and workers share.",
        ".TP", ".B DIST_TRAIN_TOKEN_FILE", "A file with that token.",
        ".TP", ".B CREDENTIALS_DIRECTORY",
        "A directory with the file `dist-train-token`, as systemd makes it.",
        ".TP", ".B NO_COLOR", "If it is not empty, nothing is coloured.",
        ".SH FILES", ".TP", ".I runs/", "The runs, each in a directory of its own.",
        ".TP", ".I \\(ti/.config/dist\\-train/token", "The token, unless it is given.",
        ".TP", ".I \\(ti/.cache/dist\\-train/", "The data that workers have fetched.",
    ]

    // MARK: Roff

    /// Lines of prose are broken, as the style of manual pages asks for it; examples stay as they are.
    private static func page(_ lines: [String]) -> String {
        var (isExample, broken) = (false, [String]())
        for line in lines {
            if line.hasPrefix(".") {
                isExample = line == ".EX"
                broken.append(line)
            } else if isExample {
                broken.append(line)
            } else {
                broken += TextFormat.wrapped(line, width: 78).map { $0.hasPrefix(".") ? "\\&" + $0 : $0 }
            }
        }
        return broken.joined(separator: "\n") + "\n"
    }

    /// An argument of a macro.
    private static func quoted(_ text: String) -> String { "\"\(escaped(text, isLiteral: true))\"" }

    /// Text that roff shows as it is. Words between backticks become bold in prose, and a literal's hyphens
    /// stay what a shell understands.
    private static func escaped(_ text: String, isLiteral: Bool = false) -> String {
        var (result, isBold) = ("", false)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\e"
            case "-": result += isLiteral || isBold ? "\\-" : "-"
            case "`" where !isLiteral:
                isBold.toggle()
                result += isBold ? "\\fB" : "\\fR"
            case "`": result += "\\(ga"
            case "'": result += "\\(aq"
            case "^": result += "\\(ha"
            case "~": result += "\\(ti"
            case "\"": result += "\\(dq"
            case _ where !scalar.isASCII:
                result += "\\[u\(padded(String(scalar.value, radix: 16, uppercase: true)))]"
            default: result.unicodeScalars.append(scalar)
            }
        }
        // A line that begins with a dot would be a macro.
        return result.hasPrefix(".") ? "\\&" + result : result
    }

    private static func padded(_ hex: String) -> String {
        String(repeating: "0", count: max(0, 4 - hex.count)) + hex
    }
}
