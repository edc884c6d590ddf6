extension TextFormat {
    /// Breaks text at spaces into lines of at most `width` characters; a longer word has a line of its own.
    /// Spaces at the beginning of the text stay.
    package static func wrapped(_ text: String, width: Int) -> [String] {
        let margin = String(text.prefix { $0 == " " })
        var lines: [String] = []
        var line = margin
        for word in text.split(separator: " ") {
            if line.count > margin.count, line.count + 1 + word.count > width {
                lines.append(line)
                line = margin
            }
            line += (line.count > margin.count ? " " : "") + word
        }
        return lines + [line]
    }

    /// A head and an explanation beside it, whose lines begin in one column: `column` characters from the
    /// left. The explanation begins below a head that is too long.
    package static func entry(_ head: String, _ text: String, column: Int, width: Int) -> [String] {
        let margin = String(repeating: " ", count: column)
        let lines = wrapped(text, width: max(16, width - column)).map { margin + $0 }
        guard head.count + 2 <= column else { return [head] + lines }
        return [left(head, column) + lines[0].dropFirst(column)] + lines.dropFirst()
    }
}
