/// Text for Markdown files: what a name holds stays text, whoever shows the file.
package enum Markdown {
    /// Text within a line or a cell of a table. Signs of Markdown and HTML lose their meaning, and line ends
    /// become spaces.
    package static func text(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\\", "`", "*", "[", "]", "|", "#", "~", "!", "$": result += "\\" + String(scalar)
            case "_": result += "\\_"
            case _ where isControl(scalar): result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A line of an indented block, which shows everything as it is.
    package static func code(_ line: String) -> String {
        var result = "    "
        for scalar in line.unicodeScalars { result.unicodeScalars.append(isControl(scalar) ? "?" : scalar) }
        return result
    }

    /// A table; the cells are Markdown.
    package static func table(_ header: [String], _ rows: [[String]]) -> [String] {
        let rule = header.map { _ in "---" }
        return ([header, rule] + rows).map { "| \($0.joined(separator: " | ")) |" }
    }

    /// Control characters, and those that change the direction of what follows.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 32 || (127..<160).contains(scalar.value) || scalar == "\u{2028}"
            || scalar == "\u{2029}"
            || (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    }
}
