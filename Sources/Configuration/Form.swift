/// Describes which values a field takes, as data. The sentence "must be …", the reference, the JSON Schema,
/// the comparison of two jobs and the tests are made from it; `Codec` carries it beside the functions that
/// read and write.
package indirect enum Form: Sendable {
    case any
    case bool
    case integer(least: Int?, most: Int?)
    /// 64 bits: seeds.
    case unsigned
    case number(Interval)
    case string
    case nonEmptyString
    /// A file or a directory; relative paths start at the current directory.
    case path
    case words([String])
    case list(of: Form, count: ClosedRange<Int>)
    /// An object with any keys.
    case table(of: Form)
    case object(ObjectForm)
    /// One of several named kinds: a word, or an object that has one of them as a key.
    case variant(String, words: [String], ObjectForm)
    case either([Form])
    /// A form that has a name of its own, because it contains itself or is used in several places; `sentence`
    /// replaces its own.
    case named(String, sentence: String?, @Sendable () -> Form)
    /// A value with a rule of its own: the end of "must be …", a JSON Schema, and valid values.
    case special(String, schema: ConfigValue, samples: [ConfigValue])

    /// The end of "must be …": `a whole number of at least 1`.
    package var sentence: String {
        switch self {
        case .any: "a value"
        case .bool: "true or false"
        case .integer(let least?, let most?): "a whole number from \(least) to \(most)"
        case .integer(let least?, nil): "a whole number of at least \(least)"
        case .integer(nil, let most?): "a whole number of at most \(most)"
        case .integer(nil, nil): "a whole number"
        case .unsigned: "a whole number from 0 to \(UInt64.max)"
        case .number(let interval): interval.description
        case .string: "a string"
        case .nonEmptyString: "a string that is not empty"
        case .path: "a path (a string that is not empty)"
        case .words(let words): (words.count > 1 ? "one of " : "") + ForPeople.list(words)
        case .list(let element, let count): "a list \(Self.size(count))(each \(element.sentence))"
        case .table, .object: "an object"
        case .variant(let what, let words, let object):
            "\(what) (\(ForPeople.list(object.choices.isEmpty ? words : object.choices)))"
        case .either(let forms): forms.map(\.sentence).joined(separator: " or ")
        case .named(_, let sentence, let form): sentence ?? form().sentence
        case .special(let sentence, _, _): sentence
        }
    }

    private static func size(_ count: ClosedRange<Int>) -> String {
        switch (count.lowerBound, count.upperBound) {
        case (0, Int.max): ""
        case (let least, Int.max): "of at least \(least) "
        case (let least, let most) where least == most: "of \(least) "
        case (let least, let most): "of \(least) to \(most) "
        }
    }

    /// The forms that a value can have, one by one.
    package var alternatives: [Form] {
        switch self {
        case .either(let forms): forms.flatMap(\.alternatives)
        case .named(_, _, let form): form().alternatives
        case .variant(_, let words, let object):
            (words.isEmpty ? [] : [.words(words)]) + [.object(object)]
        default: [self]
        }
    }

    /// The fields that an object of this form may have under a key.
    package func fields(_ key: String) -> [FieldForm] {
        alternatives.flatMap { form -> [FieldForm] in
            if case .object(let object) = form { object.fields.filter { $0.key == key } } else { [] }
        }
    }

    /// The form of a list's elements.
    package var elements: Form? {
        let forms = alternatives.compactMap { if case .list(let element, _) = $0 { element } else { nil } }
        return forms.isEmpty ? nil : .either(forms)
    }

    /// Whether every value of this form is a path, or a list of them.
    package var isPath: Bool {
        alternatives.allSatisfy { form in
            switch form {
            case .path: true
            case .list(let element, _): element.isPath
            default: false
            }
        }
    }

    /// Whether a list or an object can have this form.
    func takesContainer(like value: ConfigValue) -> Bool {
        alternatives.contains { form in
            switch form {
            case .list: value.elements != nil
            case .table, .object: value.members != nil
            case .any, .special: true
            default: false
            }
        }
    }
}

/// Describes an object: its fields, in the order in which they are written.
package struct ObjectForm: Sendable {
    package var fields: [FieldForm]
    /// Whether it may have further fields, whose names the config itself decides.
    package var isOpen: Bool
    /// One sentence about the object, if there are several kinds where it stands.
    package var summary: String?

    package init(_ fields: [FieldForm], isOpen: Bool = false, summary: String? = nil) {
        self.fields = fields
        self.isOpen = isOpen
        self.summary = summary
    }

    /// The key by which an object of this kind is known: `dense` of `{dense: 64, bias: false}`.
    package var kind: String? { choices.isEmpty ? fields.first { $0.isRequired }?.key : nil }

    /// An object of this form: the fields that must be there, or else the first one that has an example.
    package var example: String? {
        let required = fields.filter { $0.isRequired && $0.example != nil }
        let shown = required.isEmpty ? fields.filter { $0.example != nil }.prefix(1) : required[...]
        let members = shown.compactMap { field in field.example.map { "\(field.key): \($0)" } }
        return members.isEmpty ? nil : "{\(members.joined(separator: ", "))}"
    }

    /// The keys of which exactly one must be there.
    package var choices: [String] { fields.filter { $0.choice != nil }.map(\.key) }
}

/// Describes one field of an object.
package struct FieldForm: Sendable {
    package var key: String
    package var form: Form
    package var isRequired: Bool
    /// The value that is meant if the field is absent; nil: `absence` says what happens.
    package var value: ConfigValue?
    /// The meaning of the field's absence: "none", or a few words.
    package var absence: String
    /// One sentence about what the field does.
    package var sentence: String
    /// A value as it is written in JSON5.
    package var example: String?
    package var resume: ResumeRule
    /// The name of the choice ("an optimizer") if exactly one of several fields must be there, and this is
    /// one of them.
    package var choice: String?

    /// The default as people write it.
    package var shownDefault: String {
        isRequired ? "required" : value.map(\.json5) ?? absence
    }
}

/// Whether a field may have another value when a run is resumed.
package enum ResumeRule: Sendable {
    case fixed
    /// It may change; all processes of one run still have the same value.
    case mayChange
    /// It may change, and it is no part of a job's identity.
    case free
}
