/// A choice with fields of its own: `{adam: {learning_rate: 1e-3}}`, or the bare name, `"adam"`, which is the
/// same as `{adam: {}}`.
package struct Variant {
    package let name: String
    /// The value behind the name; nil for a bare name.
    package let argument: ConfigValue?
    /// Its fields, empty for a bare name; of a choice among the fields of an object, that object. Whoever
    /// reads them calls `finish`.
    package let fields: ObjectDecoder

    /// Reads the choice among `names`; `what` names it in a sentence: "an optimizer". Nil, and a diagnostic,
    /// for anything else.
    package static func read(
        _ value: ConfigValue, _ what: String, among names: [String],
        examples: [String: String] = [:], _ diagnostics: Diagnostics
    ) -> Variant? {
        switch value.kind {
        case .string(let name):
            guard names.contains(name) else {
                report(name, at: value.range, value.path, isNot: what, among: names, diagnostics)
                return nil
            }
            return Variant(name: name, argument: nil, fields: ObjectDecoder(value, members: [], diagnostics))
        case .object(let members) where members.count == 1:
            return read(members[0], in: value, what, among: names, examples, diagnostics)
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

    /// Reports a name that stands alone and means nothing without an argument.
    func reportMissingArgument(_ example: String?) {
        fields.diagnostics.error(
            "\(ForPeople.code(name)) needs a value: it cannot stand alone", at: fields.value,
            label: example.map { "such as {\(name): \($0)}" })
    }

    private static func read(
        _ member: ConfigMember, in value: ConfigValue, _ what: String, among names: [String],
        _ examples: [String: String], _ diagnostics: Diagnostics
    ) -> Variant? {
        guard names.contains(member.key) else {
            report(
                member.key, at: member.keyRange ?? value.range, value.path, isNot: what, among: names,
                diagnostics)
            return nil
        }
        return ObjectDecoder(member.value, example: examples[member.key], diagnostics).map {
            Variant(name: member.key, argument: member.value, fields: $0)
        }
    }

    private static func report(
        _ name: String, at range: SourceRange?, _ path: ConfigPath, isNot what: String, among names: [String],
        _ diagnostics: Diagnostics
    ) {
        let label =
            Suggestion.question(for: name, among: names)
            ?? "known are \(ForPeople.list(names, conjunction: "and"))"
        diagnostics.add(
            Diagnostic(
                .error, "\(ForPeople.code(name)) is not \(what)", range: range, path: path, label: label))
    }
}
