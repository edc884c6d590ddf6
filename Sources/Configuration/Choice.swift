/// The text of a choice: its name alone, or its name with an argument.
enum WrittenChoice {
    case word
    case argument(ConfigValue)
}

/// One of several named kinds of a value: `"relu"`, `{leaky_relu: 0.1}`, `{adam: {learning_rate: 1e-3}}`.
package struct Choice<Value: Sendable>: Sendable {
    package let name: String
    package let sentence: String
    package let example: String?
    /// The form of the argument behind the name; nil: the choice is a word alone.
    package let form: Form?
    /// Whether the name may stand alone.
    package let isWord: Bool
    let read: @Sendable (Variant) -> Value?
    let write: @Sendable (Value) -> WrittenChoice?

    /// A kind with one argument.
    ///
    /// - Parameters:
    ///   - word: what the name alone means, if it means something
    ///   - from: the argument of a value of this kind; nil for other kinds
    package init<Argument>(
        _ name: String, _ codec: Codec<Argument>, _ sentence: String, example: String? = nil,
        word: Value? = nil, to: @escaping @Sendable (Argument) -> Value?,
        from: @escaping @Sendable (Value) -> Argument?
    ) {
        self.init(
            name, sentence, example: example, form: codec.form, isWord: word != nil,
            read: { variant in
                if let argument = variant.argument {
                    return codec.read(argument, variant.fields.diagnostics).flatMap(to)
                }
                if word == nil { variant.reportMissingArgument(example) }
                return word
            }, write: { value in from(value).flatMap(codec.write).map { .argument($0) } })
    }

    /// A kind with fields: `{adam: {learning_rate: 1e-3}}`; the name alone is `{adam: {}}`. For
    /// `Codec.variant` only.
    package init<Fields>(
        _ name: String, _ sentence: String, example: String? = nil, _ object: ObjectCodec<Fields>,
        to: @escaping @Sendable (Fields) -> Value, from: @escaping @Sendable (Value) -> Fields?
    ) {
        self.init(
            name, sentence, example: example, form: .object(object.form),
            isWord: !object.form.fields.contains { $0.isRequired || $0.choice != nil },
            read: { variant in
                var fields = object.blank
                return object.read(variant.fields, into: &fields) ? to(fields) : nil
            },
            write: { value in
                guard let members = from(value).map(object.write) else { return nil }
                return members.isEmpty ? .word : .argument(.object(members))
            })
    }

    private init(
        _ name: String, _ sentence: String, example: String?, form: Form?, isWord: Bool,
        read: @escaping @Sendable (Variant) -> Value?, write: @escaping @Sendable (Value) -> WrittenChoice?
    ) {
        self.name = name
        self.sentence = sentence
        self.example = example
        self.form = form
        self.isWord = isWord
        self.read = read
        self.write = write
    }

    /// An argument that is an object, for messages.
    fileprivate var objectExample: String? {
        if case .object(let object)? = form { example ?? object.example } else { nil }
    }

    /// The same choice of a value that may be absent.
    fileprivate var optional: Choice<Value?> {
        Choice<Value?>(
            name, sentence, example: example, form: form, isWord: isWord, read: { [read] in read($0) },
            write: { [write] in $0.flatMap(write) })
    }

    /// As a field of the object that the choice makes: `{adam: {…}}`.
    func field(of what: String) -> FieldForm {
        FieldForm(
            key: name, form: form ?? .object(ObjectForm([])), isRequired: false, absence: "",
            sentence: sentence, example: example, resume: .fixed, choice: what)
    }
}

extension Choice where Value: Equatable {
    /// A kind without an argument.
    package init(_ name: String, _ sentence: String, is value: Value) {
        self.init(
            name, sentence, example: nil, form: nil, isWord: true,
            read: { variant in
                // In `{adam: {…}}` the fields are the argument's own, and those that are unknown are reported
                // with them.
                if let argument = variant.argument, argument.members?.isEmpty != true,
                    argument.path != variant.fields.path
                {
                    variant.fields.diagnostics.error(
                        "\(ForPeople.code(name)) has no parameters", at: argument, label: "write \"\(name)\"")
                }
                return value
            }, write: { $0 == value ? .word : nil })
    }
}

extension Array {
    /// The first choice that can write a value, as a member of an object.
    func encode<Value>(_ value: Value) -> (String, ConfigValue) where Element == Choice<Value> {
        for choice in self {
            switch choice.write(value) {
            case .word: return (choice.name, .object([]))
            case .argument(let argument): return (choice.name, argument)
            case nil: continue
            }
        }
        preconditionFailure("No choice among \(map(\.name)) writes \(value)")
    }

    /// The first choice that can write a value, as a word or as an object with one member.
    fileprivate func written<Value>(_ value: Value) -> ConfigValue? where Element == Choice<Value> {
        for choice in self {
            switch choice.write(value) {
            case .word: return .string(choice.name)
            case .argument(let argument): return .object([(choice.name, argument)])
            case nil: continue
            }
        }
        return nil
    }

    fileprivate func read<Value>(_ variant: Variant?) -> Value? where Element == Choice<Value> {
        variant.flatMap { variant in first { $0.name == variant.name }?.read(variant) }
    }
}

extension Codec where Value: Sendable {
    /// A choice with fields of its own: `"adam"` or `{adam: {learning_rate: 1e-3}}`; `what` names it: "an
    /// optimizer".
    package static func variant(_ what: String, _ choices: [Choice<Value>]) -> Self {
        let names = choices.map(\.name)
        let examples = Dictionary(
            uniqueKeysWithValues: choices.compactMap { choice in
                choice.objectExample.map { (choice.name, $0) }
            })
        return Codec(
            .variant(
                what, words: choices.filter(\.isWord).map(\.name),
                ObjectForm(choices.map { $0.field(of: what) })),
            read: { value, diagnostics in
                guard
                    let variant = Variant.read(value, what, among: names, examples: examples, diagnostics)
                else { return nil }
                let decoded = choices.read(variant)
                variant.fields.finish()
                return decoded
            }, write: { choices.written($0) })
    }

    /// A choice with an argument: `"relu"` or `{leaky_relu: 0.1}`.
    package static func choice(_ what: String, _ choices: [Choice<Value>]) -> Self {
        let codec = Codec<Value?>.choice(what, blank: nil, \.self, choices.map(\.optional)) {}
        return codec.map(to: { $0 }, from: { $0 })
    }

    /// The same among the fields of an object, beside others: `{csv: {…}, limit: 1000}`.
    ///
    /// - Parameters:
    ///   - path: where the chosen value is kept
    ///   - others: the fields beside it
    package static func choice<Chosen: Sendable>(
        _ what: String, blank: Value, _ path: WritableKeyPath<Value, Chosen> & Sendable,
        _ choices: [Choice<Chosen>], @FieldBuilder<Value> others: () -> [Field<Value>]
    ) -> Self {
        let others = others()
        let object = ObjectCodec(blank) {
            Field.choice(what, path, choices)
            others
        }
        let names = choices.map(\.name)
        return Codec(
            .variant(what, words: choices.filter(\.isWord).map(\.name), object.form),
            read: { value, diagnostics in
                var root = object.blank
                guard value.members != nil, let decoder = ObjectDecoder(value, diagnostics) else {
                    let word = Variant.read(value, what, among: names, diagnostics)
                    guard let chosen = choices.read(word) else { return nil }
                    root[keyPath: path] = chosen
                    return root
                }
                let isComplete = object.read(decoder, into: &root)
                if decoder.isUndecided { decoder.giveUp() } else { decoder.finish() }
                return isComplete ? root : nil
            },
            write: { root in
                let members = object.write(root)
                let word = choices.written(root[keyPath: path])
                return members.count == 1 ? word : .object(members)
            })
    }
}
