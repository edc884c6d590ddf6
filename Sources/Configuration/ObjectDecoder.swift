/// Reads the fields of one object strictly: it remembers what was asked for, and `finish` reports every other
/// field.
///
///     let adam = ObjectDecoder(value, diagnostics)
///     let rate = adam.required("learning_rate", .number(.positive))
///     let beta = adam.optional("beta1", .number(.from(0, below: 1)), default: 0.9)
///     adam.finish()
///
/// Ask for every field that the object may have before `finish`, also for those that matter only sometimes.
/// Mistakes go to `diagnostics`; a getter then returns nil (or the default), and reading goes on.
/// `ObjectCodec` does this from a description.
package final class ObjectDecoder {
    package let value: ConfigValue
    package let diagnostics: Diagnostics
    private let members: [ConfigMember]
    private let indices: [String: Int]
    /// In the order of the questions.
    private var known: [String] = []
    private var isKnown: Set<String> = []
    private var missing: [(key: String, expected: String)] = []
    /// Choices of `exactlyOne` that were not made.
    private var missingChoices: [(keys: [String], what: String)] = []
    /// So many unknown fields of an object are told one by one.
    private static let mostUnknown = 100

    /// Nil, and a diagnostic, if the value is not an object.
    /// - Parameter example: an object that could stand here, for the diagnostic.
    package convenience init?(
        _ value: ConfigValue, example: String? = nil, _ diagnostics: Diagnostics
    ) {
        guard let members = value.members else {
            diagnostics.error(
                "\(value.path.name) must be an object, found \(value.summary)", at: value,
                label: example.map { "such as \($0)" })
            return nil
        }
        self.init(value, members: members, diagnostics)
    }

    /// The same for an object that may be written as the value of one of its fields.
    convenience init?(
        _ value: ConfigValue, shorthand: String?, example: String?, _ diagnostics: Diagnostics
    ) {
        guard value.members == nil, let shorthand else {
            self.init(value, example: example, diagnostics)
            return
        }
        switch value.kind {
        case .number, .string:
            self.init(value, members: [ConfigMember(key: shorthand, value: value)], diagnostics)
        default: self.init(value, example: example, diagnostics)
        }
    }

    init(_ value: ConfigValue, members: [ConfigMember], _ diagnostics: Diagnostics) {
        self.value = value
        self.members = members
        self.indices = Dictionary(
            members.indices.map { (members[$0].key, $0) }, uniquingKeysWith: { first, _ in first })
        self.diagnostics = diagnostics
    }

    package var path: ConfigPath { value.path }

    /// The keys that were written, in order.
    package var keys: [String] { members.map(\.key) }

    /// Whether a field was written and is not null. Does not count as a question.
    package func contains(_ key: String) -> Bool { member(key).map { !$0.value.isNull } ?? false }

    /// A field that must be there.
    package func required<Value>(_ key: String, _ codec: Codec<Value>) -> Value? {
        guard let member = ask(key) else {
            missing.append((key, codec.form.sentence))
            return nil
        }
        return codec.read(member.value, diagnostics)
    }

    /// A field that may be absent or null.
    package func optional<Value>(_ key: String, _ codec: Codec<Value>) -> Value? {
        guard let member = ask(key), !member.value.isNull else { return nil }
        return codec.read(member.value, diagnostics)
    }

    /// The same with a value for its absence (and for a mistake, which is reported).
    package func optional<Value>(_ key: String, _ codec: Codec<Value>, default value: Value)
        -> Value
    {
        optional(key, codec) ?? value
    }

    /// The one field of `keys` that must be there, for objects that are told apart by it: `{conv: 32, kernel:
    /// 3}`, `{csv: …}`.
    /// `what` names the object in a sentence: "a layer".
    package func exactlyOne(of keys: [String], what: String) -> ConfigMember? {
        keys.forEach(know)
        let present = members.filter { keys.contains($0.key) && !$0.value.isNull }
        if let first = present.first {
            for other in present.dropFirst() {
                error(
                    "\(what) must have only one of \(ForPeople.list(keys))", atKey: other.key,
                    label: "it already has \(ForPeople.code(first.key))")
            }
            return present.count == 1 ? first : nil
        }
        missingChoices.append((keys, what))
        return nil
    }

    /// Reports a mistake at a field's value, or at the object if the field is absent.
    package func error(_ message: String, atValueOf key: String, label: String? = nil) {
        diagnostics.error(message, at: member(key)?.value ?? value, label: label)
    }

    /// Reports that a field should not stand here.
    package func error(_ message: String, atKey key: String, label: String? = nil) {
        let range = member(key)?.keyRange ?? value.range
        diagnostics.add(Diagnostic(.error, message, range: range, path: path, label: label))
    }

    /// Whether a choice of `exactlyOne` was not made, so that it is unknown which other fields belong here.
    var isUndecided: Bool { !missingChoices.isEmpty }

    /// Reports missing fields and every field that nobody asked for. A missing field whose misspelling is
    /// found is reported once.
    package func finish() { report(isComplete: true) }

    /// For an object that cannot be read further: fields that look like nothing known may be in order.
    func giveUp() { report(isComplete: false) }

    private func report(isComplete: Bool) {
        let unknown = members.filter { !isKnown.contains($0.key) }
        for member in unknown.prefix(Self.mostUnknown) {
            // `--set epoch=3` means the `epochs` that the file has; in a file a field that is there already
            // is not meant again.
            let isOverride = member.keyRange?.file.origin == .commandLine
            let open = isOverride ? known : known.filter { indices[$0] == nil }
            let meant = EcosystemWords.meaning(of: member.key, among: known).map { [$0.name] } ?? open
            let suggestion = Suggestion.nearest(to: member.key, among: meant)
            if suggestion == nil && !isComplete { continue }
            missing.removeAll { $0.key == suggestion }
            missingChoices.removeAll { choice in suggestion.map(choice.keys.contains) ?? false }
            error(
                "unknown field \(ForPeople.code(member.key))", atKey: member.key,
                label: Suggestion.question(for: member.key, among: meant) ?? knownFields)
        }
        if let next = unknown.dropFirst(Self.mostUnknown).first, isComplete {
            error("\(unknown.count - Self.mostUnknown) more unknown fields", atKey: next.key)
        }
        for field in missing {
            diagnostics.add(
                Diagnostic(
                    .error, "missing field \(ForPeople.code(field.key))", range: openingRange, path: path,
                    label: "\(ForPeople.code(field.key)) must be \(field.expected)"))
        }
        for choice in missingChoices {
            diagnostics.error("\(choice.what) must have one of \(ForPeople.list(choice.keys))", at: value)
        }
        missing = []
        missingChoices = []
    }

    private var knownFields: String {
        known.isEmpty
            ? "no fields are known here"
            : "known fields: \(known.map(ForPeople.code).joined(separator: ", "))"
    }

    /// The brace of an object, or the whole of a value that stands for one.
    private var openingRange: SourceRange? {
        guard let range = value.range, value.members != nil, range.offsets.count > 1 else {
            return value.range
        }
        return SourceRange(file: range.file, offsets: range.offsets.lowerBound..<range.offsets.lowerBound + 1)
    }

    private func member(_ key: String) -> ConfigMember? { indices[key].map { members[$0] } }

    private func ask(_ key: String) -> ConfigMember? {
        know(key)
        return member(key)
    }

    private func know(_ key: String) {
        if isKnown.insert(key).inserted { known.append(key) }
    }
}
