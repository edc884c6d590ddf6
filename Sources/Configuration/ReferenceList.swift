/// Writes fields as nested lists of a Markdown page.
package struct ReferenceList {
    private let width: Int
    private var lines: [String] = []
    /// Named forms that were written, and the field that has them.
    private var described: [String: String] = [:]

    package init(width: Int) { self.width = width }

    /// The lines since the last call.
    package mutating func flush() -> [String] {
        defer { lines = [] }
        return lines
    }

    /// Writes a field, and the fields inside.
    package mutating func add(_ field: FieldForm) { add(field, depth: 0, summary: nil) }

    /// - Parameter isKind: whether the field is the one by which a kind of object is known
    private mutating func add(_ field: FieldForm, depth: Int, summary: String?, isKind: Bool = false) {
        var text = "`\(field.key)`"
        if field.choice == nil, !isKind {
            if field.isRequired {
                text += " (required)"
            } else {
                text += field.value.map { " (default `\($0.json5)`)" } ?? " (default: \(field.absence))"
            }
        }
        text += ": " + (summary.map { $0 == field.sentence ? "" : $0 + " " } ?? "") + field.sentence
        if let type = type(field.form) { text += " Value: \(type)." }
        if let example = field.example { text += " Example: `\(field.key): \(example)`." }
        write(text, depth)
        add(inside: field.form, of: field.key, depth + 1)
    }

    private mutating func write(_ text: String, _ depth: Int) {
        let indent = String(repeating: "  ", count: depth)
        lines += TextWrap.lines(text, width: width, indent: indent + "- ", hanging: indent + "  ")
    }

    /// The type of a value, unless the lists below say it.
    private func type(_ form: Form) -> String? {
        switch form {
        case .named(let name, _, let inner): described[name].map { "as `\($0)` has" } ?? type(inner())
        case .object, .variant, .any: nil
        case .either where form.alternatives.contains(where: Self.isObject):
            {
                let others = form.alternatives.filter { !Self.isObject($0) }
                return others.isEmpty ? nil : Form.either(others).sentence + ", or an object"
            }()
        case .table(let element): "an object with any keys, each with \(element.sentence)"
        default: form.sentence
        }
    }

    private static func isObject(_ form: Form) -> Bool { if case .object = form { true } else { false } }

    private mutating func add(inside form: Form, of key: String, _ depth: Int) {
        if case .named(let name, _, let inner) = form {
            guard described[name] == nil else { return }
            described[name] = key
            return add(inside: inner(), of: key, depth)
        }
        let objects = form.alternatives.compactMap {
            if case .object(let object) = $0 { object } else { nil }
        }
        if objects.count > 2 {
            addKinds(objects, depth)
        } else {
            for field in objects.flatMap(\.fields) {
                add(field, depth: depth, summary: nil)
            }
        }
        for case .list(let element, _) in form.alternatives { add(inside: element, of: key, depth) }
        for case .table(let element) in form.alternatives { add(inside: element, of: key, depth) }
    }

    /// Objects of several kinds: fields that at least three kinds have stand first.
    private mutating func addKinds(_ objects: [ObjectForm], _ depth: Int) {
        let all = objects.flatMap { object in object.fields.filter { $0.key != object.kind } }
        var common: [FieldForm] = []
        for field in all where !common.contains(where: { Self.identity($0) == Self.identity(field) }) {
            if all.count(where: { Self.identity($0) == Self.identity(field) }) > 2 { common.append(field) }
        }
        for object in objects {
            guard let head = object.fields.first(where: { $0.key == object.kind }) else { continue }
            add(head, depth: depth, summary: object.summary, isKind: true)
            for field in object.fields where field.key != object.kind {
                if !common.contains(where: { Self.identity($0) == Self.identity(field) }) {
                    add(field, depth: depth + 1, summary: nil)
                }
            }
        }
        guard !common.isEmpty else { return }
        write("Fields that several of these have:", depth)
        for field in common {
            let kinds = objects.filter { $0.fields.contains { Self.identity($0) == Self.identity(field) } }
            let names = kinds.compactMap(\.kind)
            let which =
                names.count > objects.count / 2
                ? "Most kinds." : "Of \(ForPeople.list(names, conjunction: "and"))."
            add(field, depth: depth + 1, summary: which)
        }
    }

    private static func identity(_ field: FieldForm) -> String {
        "\(field.key) \(field.shownDefault) \(field.sentence)"
    }
}
