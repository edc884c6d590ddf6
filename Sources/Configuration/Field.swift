/// One field of an object: its key, where its value is kept, its codec, and what people are told about it.
/// Everything else follows:
/// reading, writing, errors, the reference.
package struct Field<Root: Sendable>: Sendable {
    /// The descriptions, with the defaults that the blank object gives.
    let forms: @Sendable (_ blank: Root) -> [FieldForm]
    /// False if it must be there and is not, or is wrong.
    let read: @Sendable (ObjectDecoder, inout Root) -> Bool
    let write: @Sendable (_ root: Root, _ blank: Root) -> [(String, ConfigValue)]

    fileprivate init(
        forms: @escaping @Sendable (Root) -> [FieldForm],
        read: @escaping @Sendable (ObjectDecoder, inout Root) -> Bool,
        write: @escaping @Sendable (Root, Root) -> [(String, ConfigValue)]
    ) {
        self.forms = forms
        self.read = read
        self.write = write
    }

    /// A field that may be absent: its default is the blank object's value.
    ///
    /// - Parameters:
    ///   - absence: the default in words, where it depends on other fields
    ///   - omitsDefault: whether the default is left out of what is written
    ///   - given: the codec in an object whose earlier fields have been read, if it depends on them
    package init<Value>(
        _ key: String, _ path: WritableKeyPath<Root, Value> & Sendable, _ codec: Codec<Value>,
        _ sentence: String, example: String? = nil, default absence: String? = nil,
        omitsDefault: Bool = false,
        resume: ResumeRule = .fixed, given: (@Sendable (Root) -> Codec<Value>)? = nil
    ) {
        self.init(
            forms: { blank in
                [
                    FieldForm(
                        key: key, form: codec.form, isRequired: false,
                        value: absence == nil ? codec.write(blank[keyPath: path]) : nil,
                        absence: absence ?? "none", sentence: sentence, example: example, resume: resume)
                ]
            },
            read: { decoder, root in
                if let value = decoder.optional(key, given?(root) ?? codec) { root[keyPath: path] = value }
                return true
            },
            write: { root, blank in
                let value = codec.encode(root[keyPath: path])
                return omitsDefault && value == codec.write(blank[keyPath: path]) ? [] : [(key, value)]
            })
    }

    /// A field whose absence is a value of its own, nil.
    package init<Value>(
        _ key: String, _ path: WritableKeyPath<Root, Value?> & Sendable, _ codec: Codec<Value>,
        _ sentence: String, example: String? = nil, default absence: String = "none",
        resume: ResumeRule = .fixed, given: (@Sendable (Root) -> Codec<Value>)? = nil
    ) {
        self.init(
            forms: { blank in
                [
                    FieldForm(
                        key: key, form: codec.form, isRequired: false,
                        value: blank[keyPath: path].flatMap(codec.write), absence: absence,
                        sentence: sentence, example: example, resume: resume)
                ]
            },
            read: { decoder, root in
                if let value = decoder.optional(key, given?(root) ?? codec) { root[keyPath: path] = value }
                return true
            },
            write: { root, _ in root[keyPath: path].map { [(key, codec.encode($0))] } ?? [] })
    }

    /// A field that must be there.
    package init<Value>(
        required key: String, _ path: WritableKeyPath<Root, Value> & Sendable, _ codec: Codec<Value>,
        _ sentence: String, example: String? = nil, resume: ResumeRule = .fixed,
        given: (@Sendable (Root) -> Codec<Value>)? = nil
    ) {
        self.init(
            forms: { _ in
                [
                    FieldForm(
                        key: key, form: codec.form, isRequired: true, absence: "", sentence: sentence,
                        example: example, resume: resume)
                ]
            },
            read: { decoder, root in
                guard let value = decoder.required(key, given?(root) ?? codec) else { return false }
                root[keyPath: path] = value
                return true
            },
            write: { root, _ in [(key, codec.encode(root[keyPath: path]))] })
    }

    /// A field that must be there if its object is, of a property that may be nil.
    package init<Value>(
        required key: String, _ path: WritableKeyPath<Root, Value?> & Sendable, _ codec: Codec<Value>,
        _ sentence: String, example: String? = nil
    ) {
        self.init(
            forms: { _ in
                [
                    FieldForm(
                        key: key, form: codec.form, isRequired: true, absence: "", sentence: sentence,
                        example: example, resume: .fixed)
                ]
            },
            read: { decoder, root in
                root[keyPath: path] = decoder.required(key, codec)
                return root[keyPath: path] != nil
            },
            write: { root, _ in root[keyPath: path].map { [(key, codec.encode($0))] } ?? [] })
    }

    /// An object whose fields are properties of the same value: `batch: {size: 256, microbatches: 8}`.
    ///
    /// - Parameter shorthand: the field that is meant by a value that is no object: `batch: 256`
    package static func group(
        _ key: String, _ sentence: String, example: String? = nil, isRequired: Bool = false,
        shorthand: String? = nil, resume: ResumeRule = .fixed,
        @FieldBuilder<Root> _ fields: () -> [Field<Root>]
    ) -> Self {
        let fields = fields()
        @Sendable func object(_ blank: Root) -> ObjectForm { ObjectForm(fields.flatMap { $0.forms(blank) }) }
        @Sendable func form(_ blank: Root) -> Form {
            let object = object(blank)
            let short = object.fields.first { $0.key == shorthand }.map { [$0.form] } ?? []
            return short.isEmpty ? .object(object) : .either(short + [.object(object)])
        }
        return Field(
            forms: { blank in
                let members = isRequired ? [] : fields.flatMap { $0.write(blank, blank) }
                return [
                    FieldForm(
                        key: key, form: form(blank), isRequired: isRequired,
                        value: members.isEmpty ? ConfigValue?.none : .object(members), absence: "none",
                        sentence: sentence, example: example, resume: resume)
                ]
            },
            read: { decoder, root in
                let any = Codec<ConfigValue>.any.described(form(root))
                guard
                    let value = isRequired ? decoder.required(key, any) : decoder.optional(key, any),
                    let inner = ObjectDecoder(
                        value, shorthand: shorthand, example: object(root).example, decoder.diagnostics)
                else { return !isRequired }
                var isComplete = true
                for field in fields where !field.read(inner, &root) { isComplete = false }
                inner.finish()
                return isComplete
            },
            write: { root, blank in
                let members = fields.flatMap { $0.write(root, blank) }
                return members.isEmpty ? [] : [(key, .object(members))]
            })
    }

    /// The fields of a part, side by side with the others.
    package static func inline<Part>(
        _ path: WritableKeyPath<Root, Part> & Sendable, _ part: ObjectCodec<Part>
    ) -> Self {
        Field(
            forms: { _ in part.form.fields },
            read: { decoder, root in
                var value = part.blank
                let isComplete = part.read(decoder, into: &value)
                root[keyPath: path] = value
                return isComplete
            },
            write: { root, _ in part.write(root[keyPath: path]) })
    }

    /// Exactly one of several fields: `every_epochs: 30` or `every_steps: 1000`.
    ///
    /// - Parameter what: names the choice in a sentence: "an interval"
    package static func choice<Value>(
        _ what: String, _ path: WritableKeyPath<Root, Value> & Sendable, _ choices: [Choice<Value>]
    ) -> Self {
        Field(
            forms: { _ in choices.map { $0.field(of: what) } },
            read: { decoder, root in
                guard let member = decoder.exactlyOne(of: choices.map(\.name), what: what),
                    let choice = choices.first(where: { $0.name == member.key }),
                    let value = choice.read(
                        Variant(name: member.key, argument: member.value, fields: decoder))
                else { return false }
                root[keyPath: path] = value
                return true
            },
            write: { root, _ in [choices.encode(root[keyPath: path])] })
    }

    /// A key that is known, so that it is no error, and means nothing.
    package static func ignored(_ key: String, _ sentence: String, example: String) -> Self {
        Field(
            forms: { _ in
                [
                    FieldForm(
                        key: key, form: .any, isRequired: false, absence: "none", sentence: sentence,
                        example: example, resume: .free)
                ]
            },
            read: { decoder, _ in
                _ = decoder.optional(key, Codec<ConfigValue>.any)
                return true
            }, write: { _, _ in [] })
    }
}
