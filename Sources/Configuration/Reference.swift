/// The fields of a form, one by one, as people look them up.
package struct Reference {
    package struct Entry {
        /// `optimizer.adam.beta1`; `model[conv].kernel` for fields of objects that have several kinds.
        package let path: String
        package let field: FieldForm
        /// The entry that describes the fields inside, if it is another one.
        package let see: String?
    }

    package private(set) var entries: [Entry] = []
    /// The path at which each named form is described.
    private var described: [String: String] = [:]

    package init(_ form: Form) { add(form, "") }

    private mutating func add(_ form: Form, _ path: String) {
        if case .named(let name, _, let inner) = form {
            guard described[name] == nil else { return }
            described[name] = path
            return add(inner(), path)
        }
        let objects = form.alternatives.compactMap {
            if case .object(let object) = $0 { object } else { nil }
        }
        for object in objects {
            let kind = objects.count > 1 && !path.isEmpty ? object.kind : nil
            for var field in object.fields {
                if let summary = object.summary, field.key == kind, summary != field.sentence {
                    field.sentence = "\(summary) \(field.sentence)"
                }
                add(field, path + (kind.map { "[\($0)]" } ?? ""))
            }
        }
        for form in form.alternatives {
            if case .list(let element, _) = form { add(element, path) }
            if case .table(let element) = form { add(element, "\(path).NAME") }
        }
    }

    private mutating func add(_ field: FieldForm, _ path: String) {
        let own = path.isEmpty ? field.key : "\(path).\(field.key)"
        guard !entries.contains(where: { $0.path == own }) else { return }
        var see: String?
        if case .named(let name, _, _) = field.form { see = described[name] }
        entries.append(Entry(path: own, field: field, see: see))
        add(field.form, own)
    }

    /// The entries of a field and of the fields inside.
    package func entries(under path: String) -> [Entry] {
        entries.filter { entry in
            entry.path == path || [".", "["].contains { entry.path.hasPrefix(path + $0) }
        }
    }

    /// The entries as text, `width` columns wide.
    package static func text(_ entries: [Entry], width: Int = 80) -> String {
        entries.map { entry in
            let field = entry.field
            var lines = [entry.path]
            lines += TextWrap.lines(field.sentence, width: width, indent: "  ")
            lines += TextWrap.lines(
                field.shownType, width: width, indent: "  value    ", hanging: "           ")
            if field.choice == nil {
                lines += TextWrap.lines(
                    field.shownDefault, width: width, indent: "  default  ", hanging: "           ")
            }
            if let example = field.example {
                lines += TextWrap.lines(
                    "\(field.key): \(example)", width: width, indent: "  example  ", hanging: "           ")
            }
            if let see = entry.see { lines.append("  fields   see \(see)") }
            return lines.joined(separator: "\n")
        }.joined(separator: "\n\n")
    }
}

extension FieldForm {
    /// The type and the range.
    package var shownType: String { form.sentence }
}

/// Breaks text into lines.
package enum TextWrap {
    /// Words are never broken: one that is too long has a line of its own.
    package static func lines(_ text: String, width: Int, indent: String = "", hanging: String? = nil)
        -> [String]
    {
        var lines: [String] = []
        var line = indent
        var isEmpty = true
        for word in text.split(separator: " ") {
            if !isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = hanging ?? indent
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        return lines + [line]
    }
}
