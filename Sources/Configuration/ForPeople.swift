/// Shows names and values from outside inside a sentence.
enum ForPeople {
    /// `name`, with nothing in it that could disturb a terminal.
    static func code(_ name: String) -> String { "`\(printable(name, limit: 60))`" }

    /// "text", escaped and shortened.
    static func quoted(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(60) {
            if scalar == "\"" || scalar == "\\" { shown += "\\" }
            shown.unicodeScalars.append(isPrintable(scalar) ? scalar : "\u{FFFD}")
        }
        return "\"\(shown)\(text.unicodeScalars.count > 60 ? "…" : "")\""
    }

    /// `a`, `b` or `c`
    static func list(_ names: [String], conjunction: String = "or") -> String {
        let shown = names.map(code)
        guard let last = shown.last, shown.count > 1 else { return shown.first ?? "nothing" }
        return "\(shown.dropLast().joined(separator: ", ")) \(conjunction) \(last)"
    }

    /// The shortest text of a number, without a trailing ".0".
    static func number(_ value: Double) -> String {
        let text = value.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    static func printable(_ text: String, limit: Int) -> String {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(limit) {
            shown.unicodeScalars.append(isPrintable(scalar) ? scalar : "\u{FFFD}")
        }
        return text.unicodeScalars.count > limit ? shown + "…" : shown
    }

    /// No control characters and no formatting ones: escape sequences and reversed text in a file must not
    /// reach the terminal.
    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse:
            return false
        default: return true
        }
    }
}
