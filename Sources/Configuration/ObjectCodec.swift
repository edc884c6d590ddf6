/// Reads and writes an object from one description of its fields:
///
///     static let codec = ObjectCodec(EarlyStopping()) {
///         Field("patience", \.patience, .int(1...), "Evaluations without an improvement.", example: "10")
///         Field("minimum_delta", \.minimumDelta, .number(.nonNegative), "An improvement is more than this.")
///     }
///
/// Defaults are the values of `blank`. Reading fills a copy of it, field by field in the order of the
/// description, so that the codec of a later field can depend on an earlier one.
package struct ObjectCodec<Root: Sendable>: Sendable {
    package let blank: Root
    package let form: ObjectForm
    private let fields: [Field<Root>]
    private let check: @Sendable (Root, ObjectDecoder) -> Void

    /// - Parameters:
    ///   - summary: one sentence, if there are several kinds of objects where it stands
    ///   - isOpen: whether there may be further fields, for which the caller asks
    ///   - check: reports what is wrong between fields; it also runs if a field is wrong, which then has its
    /// default
    package init(
        _ blank: Root, summary: String? = nil, isOpen: Bool = false,
        check: @escaping @Sendable (Root, ObjectDecoder) -> Void = { _, _ in },
        @FieldBuilder<Root> _ fields: () -> [Field<Root>]
    ) {
        self.blank = blank
        self.check = check
        self.fields = fields()
        form = ObjectForm(self.fields.flatMap { $0.forms(blank) }, isOpen: isOpen, summary: summary)
    }

    /// Reads the fields into `root`; false if one that must be there is missing or wrong. The caller calls
    /// `finish`.
    package func read(_ decoder: ObjectDecoder, into root: inout Root) -> Bool {
        var isComplete = true
        for field in fields where !field.read(decoder, &root) { isComplete = false }
        check(root, decoder)
        return isComplete
    }

    package func write(_ root: Root) -> [(String, ConfigValue)] {
        fields.flatMap { $0.write(root, blank) }
    }
}

extension Codec where Value: Sendable {
    package static func object(_ object: ObjectCodec<Value>) -> Self {
        Codec(
            .object(object.form),
            read: { value, diagnostics in
                guard let decoder = ObjectDecoder(value, example: object.form.example, diagnostics) else {
                    return nil
                }
                var root = object.blank
                let isComplete = object.read(decoder, into: &root)
                decoder.finish()
                return isComplete ? root : nil
            }, write: { .object(object.write($0)) })
    }

    /// The same with the description in place.
    package static func object(
        _ blank: Value, check: @escaping @Sendable (Value, ObjectDecoder) -> Void = { _, _ in },
        @FieldBuilder<Value> _ fields: () -> [Field<Value>]
    ) -> Self {
        .object(ObjectCodec(blank, check: check, fields))
    }
}

/// Collects the fields of an object.
@resultBuilder
package enum FieldBuilder<Root: Sendable> {
    package static func buildExpression(_ field: Field<Root>) -> [Field<Root>] { [field] }
    package static func buildExpression(_ fields: [Field<Root>]) -> [Field<Root>] { fields }
    package static func buildBlock(_ fields: [Field<Root>]...) -> [Field<Root>] { fields.flatMap { $0 } }
    package static func buildOptional(_ fields: [Field<Root>]?) -> [Field<Root>] { fields ?? [] }
    package static func buildEither(first fields: [Field<Root>]) -> [Field<Root>] { fields }
    package static func buildEither(second fields: [Field<Root>]) -> [Field<Root>] { fields }
}
