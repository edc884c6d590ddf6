import Telemetry

/// The list of all events in `deploy/README.md`.
enum EventList {
    static func markdown() throws -> String {
        let examples = Dictionary(grouping: EventExample.all) { EventSource.path(of: $0.event) }
        var (lines, family): ([String], String) = ([], "")
        for declaration in try EventSource.cases() {
            guard let shown = examples[declaration.path], let first = shown.first else { continue }
            let name = declaration.path.prefix { $0 != "." }
            if name != family {
                family = String(name)
                lines += ["", "**\(family)**", ""]
            }
            lines += item(first, shown, declaration.comment)
        }
        return lines.joined(separator: "\n") + "\n\n"
    }

    private static func item(_ first: EventExample, _ shown: [EventExample], _ comment: String) -> [String] {
        let facts = first.event.facts
        let levels = LogLevel.allCases.filter { level in shown.contains { $0.level == level } }
        let fields = facts.fields.map { field in
            let values = shown.flatMap { $0.event.facts.fields }.filter { $0.name == field.name }.map(\.value)
            return "`\(field.name)` (\(type(of: values, named: field.name)))"
        }
        return wrapped(
            "* `\(facts.name)`, \(levels.map(\.rawValue).joined(separator: " or ")). \(comment)"
                + (fields.isEmpty ? "" : " Fields: \(fields.joined(separator: ", ")).")
                + " Example: “\(first.sentence.split(separator: "\n").joined(separator: " / "))”")
    }

    private static func type(of values: [EventValue], named name: String) -> String {
        var names: [String] = []
        for value in values.map(type) where !names.contains(value) { names.append(value) }
        let units = [("seconds", "seconds"), ("bytes", "bytes"), ("percent", "percent")]
        let unit = units.first { name == $0.0 || name.hasSuffix("_" + $0.0) }.map { " in \($0.1)" } ?? ""
        let known = names.filter { $0 != "null" }.map { $0 + unit }
        return (known + names.filter { $0 == "null" }).joined(separator: " or ")
    }

    private static func type(_ value: EventValue) -> String {
        switch value {
        case .text: "text"
        case .integer: "integer"
        case .number: "number"
        case .flag: "true or false"
        case .list: "list"
        case .object: "object"
        case .null: "null"
        }
    }

    /// Lines of at most 110 characters, the later ones indented.
    private static func wrapped(_ text: String) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= 110 {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append((lines.isEmpty ? "" : "  ") + word)
            }
        }
        return lines
    }
}
