/// A choice with fields of its own: `{adam: {learning_rate: 1e-3}}`, or the bare name, `"adam"`, which is the same as `{adam: {}}`.
package struct Variant {
    package let name: String
    /// What stands after the name: the object of its fields, or with `readInline` any value. Nil for a bare name.
    package let argument: ConfigValue?
    /// Its fields; empty for a bare name. Whoever reads them calls `finish`.
    package let fields: ObjectDecoder

    /// Reads the choice among `names`; `what` names it in a sentence: "an optimizer". Nil, and a diagnostic, for anything else.
    package static func read(
        _ value: ConfigValue, _ what: String, among names: [String], _ diagnostics: Diagnostics
    ) -> Variant? {
        switch value.kind {
        case .string(let name):
            guard names.contains(name) else {
                report(name, value.range, value.path, what, names, diagnostics)
                return nil
            }
            return Variant(name: name, argument: nil, fields: ObjectDecoder(value, members: [], diagnostics))
        case .object(let members) where members.count == 1:
            return read(members[0], in: value, what, among: names, diagnostics)
        case .object(let members):
            let found =
                members.isEmpty
                ? "found none" : "found \(ForPeople.list(members.map(\.key), conjunction: "and"))"
            diagnostics.error(
                "\(value.path.name) must name one of \(ForPeople.list(names)), \(found)", at: value)
            return nil
        default:
            diagnostics.error(
                "\(value.path.name) must be \(what), found \(value.summary)", at: value,
                label: "one of \(ForPeople.list(names))")
            return nil
        }
    }

    /// The same for objects that have the choice among their fields: `{conv: 32, kernel: 3}` is `conv` with the argument 32, and
    /// `fields` holds `kernel`.
    package static func readInline(
        _ value: ConfigValue, _ what: String, among names: [String], _ diagnostics: Diagnostics
    ) -> Variant? {
        guard value.members != nil, let object = ObjectDecoder(value, diagnostics) else {
            return read(value, what, among: names, diagnostics)
        }
        guard let choice = object.exactlyOne(of: names, what: what) else {
            object.giveUp()
            return nil
        }
        return Variant(name: choice.key, argument: choice.value, fields: object)
    }

    private static func read(
        _ member: ConfigMember, in value: ConfigValue, _ what: String, among names: [String],
        _ diagnostics: Diagnostics
    ) -> Variant? {
        guard names.contains(member.key) else {
            report(member.key, member.keyRange ?? value.range, value.path, what, names, diagnostics)
            return nil
        }
        return ObjectDecoder(member.value, diagnostics).map {
            Variant(name: member.key, argument: member.value, fields: $0)
        }
    }

    private static func report(
        _ name: String, _ range: SourceRange?, _ path: ConfigPath, _ what: String, _ names: [String],
        _ diagnostics: Diagnostics
    ) {
        let suggestion = Suggestion.nearest(to: name, among: names).map {
            "did you mean \(ForPeople.code($0))?"
        }
        let label = suggestion ?? "known are \(ForPeople.list(names, conjunction: "and"))"
        diagnostics.add(
            Diagnostic(
                .error, "\(ForPeople.code(name)) is not \(what)", range: range, path: path, label: label))
    }
}

extension Expectation {
    /// A choice with fields: `decode` reads them, then unknown ones are reported.
    package static func variant(
        _ what: String, among names: [String], _ decode: @escaping (Variant) -> Value?
    ) -> Self {
        choice(what, names, read: { Variant.read($0, what, among: names, $1) }, decode)
    }

    /// A choice among the fields of its object: `{conv: 32, kernel: 3}`.
    package static func inlineVariant(
        _ what: String, among names: [String], _ decode: @escaping (Variant) -> Value?
    ) -> Self {
        choice(what, names, read: { Variant.readInline($0, what, among: names, $1) }, decode)
    }

    private static func choice(
        _ what: String, _ names: [String], read: @escaping (ConfigValue, Diagnostics) -> Variant?,
        _ decode: @escaping (Variant) -> Value?
    ) -> Self {
        Expectation("\(what) (\(ForPeople.list(names)))") { value, diagnostics in
            guard let variant = read(value, diagnostics) else { return nil }
            let decoded = decode(variant)
            variant.fields.finish()
            return decoded
        }
    }
}
