import Configuration

/// Makes valid values of a form, so that every field and every alternative occurs: none of them is written
/// down here.
struct FormSamples {
    /// Values that the form alone does not tell, because other fields decide them, by the path of the field.
    var known: [String: ConfigValue] = [:]
    /// Members that a field needs beside it, by the path of the field.
    var companions: [String: [(String, ConfigValue)]] = [:]
    /// Forms with a name that are being sampled: inside themselves they have one sample alone.
    private var open: [String] = []

    init(known: [String: ConfigValue] = [:], companions: [String: [(String, ConfigValue)]] = [:]) {
        self.known = known
        self.companions = companions
    }

    /// A value that shows one field.
    struct Sample {
        var value: ConfigValue
        /// The same without the field; nil if it would not be valid.
        var without: ConfigValue?
        /// The path of the field, with the kind of an object where a form has several: `model{dense}.bias`.
        var path: String

        func map(_ change: (ConfigValue) -> ConfigValue) -> Sample {
            Sample(value: change(value), without: without.map(change), path: path)
        }
    }

    /// Values of the form, each of which shows something that the others do not; never empty.
    mutating func samples(_ form: Form, _ path: String) -> [Sample] {
        if let value = known[path] { return [Sample(value: value, path: path)] }
        func plain(_ values: [ConfigValue]) -> [Sample] { values.map { Sample(value: $0, path: path) } }
        switch form {
        case .any: return plain([["anything": [1]]])
        case .bool: return plain([true, false])
        case .integer(let least, let most): return plain([.int(min((least ?? 0) + 3, most ?? .max))])
        case .unsigned: return plain([.unsigned(UInt64.max - 1)])
        case .number(let interval): return plain([.number(Self.inside(interval))])
        case .string, .nonEmptyString: return plain(["unusual \"ü\""])
        case .path: return plain(["/unusual \"ü\""])
        case .words(let words): return plain(words.map { .string($0) })
        case .special(_, _, let samples): return plain(samples)
        case .table(let element): return samples(element, path).map { $0.map { ["some.key": $0] } }
        case .list(let element, let count):
            return samples(element, path).map { $0.map { Self.list($0, max(count.lowerBound, 1)) } }
        case .object(let object): return objects(object, path)
        case .variant, .either: return form.alternatives.flatMap { alternative($0, of: form, path) }
        case .named(let name, _, let inner):
            guard !open.contains(name) else { return [Sample(value: first(inner(), path), path: path)] }
            open.append(name)
            defer { open.removeLast() }
            return samples(inner(), path)
        }
    }

    private mutating func alternative(_ form: Form, of whole: Form, _ path: String) -> [Sample] {
        guard case .object(let object) = form else { return samples(form, path) }
        let kind = object.choices.isEmpty ? object.fields.first { $0.isRequired }?.key : nil
        return samples(form, path + (kind.map { "{\($0)}" } ?? ""))
    }

    /// A small valid value.
    private mutating func first(_ form: Form, _ path: String) -> ConfigValue {
        if let value = known[path] { return value }
        switch form {
        case .named(_, _, let inner): return first(inner(), path)
        case .variant, .either: return first(form.alternatives[0], path)
        case .list(let element, let count): return Self.list(first(element, path), max(count.lowerBound, 1))
        case .object(let object): return .object(required(object, path))
        default: return samples(form, path)[0].value
        }
    }

    /// The members that an object must have; of a choice the first.
    private mutating func required(_ object: ObjectForm, _ path: String) -> [(String, ConfigValue)] {
        let chosen = object.fields.first { $0.choice != nil }
        return object.fields.filter { $0.isRequired || $0.key == chosen?.key }.map {
            ($0.key, first($0.form, Self.join(path, $0.key)))
        }
    }

    /// The fields that must be there with each sample of every field, one at a time.
    private mutating func objects(_ object: ObjectForm, _ path: String) -> [Sample] {
        let required = required(object, path)
        var found = [Sample(value: .object(required), path: path)]
        for field in object.fields {
            let inner = Self.join(path, field.key)
            let isChoice = field.choice != nil
            var others = required.filter { member in
                member.0 != field.key && !(isChoice && object.choices.contains(member.0))
            }
            let companions = companions[inner] ?? []
            others.removeAll { member in companions.contains { $0.0 == member.0 } }
            others += companions
            for sample in samples(field.form, inner) + example(field, inner) {
                let without =
                    sample.without.map { others + [(field.key, $0)] }
                    ?? (field.isRequired || isChoice || sample.path != inner ? nil : others)
                found.append(
                    Sample(
                        value: .object(others + [(field.key, sample.value)]),
                        without: without.map { .object($0) }, path: sample.path))
            }
        }
        return found
    }

    /// The example that people are shown must be valid, too.
    private func example(_ field: FieldForm, _ path: String) -> [Sample] {
        guard known[path] == nil, let example = field.example,
            let value = JSON5.parse(example, name: "the example of \(path)", diagnostics: Diagnostics())
        else { return [] }
        return [Sample(value: value, path: path)]
    }

    private static func join(_ path: String, _ key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }

    /// A list whose elements differ; numbers rise, so that milestones and ranges are in order.
    private static func list(_ first: ConfigValue, _ count: Int) -> ConfigValue {
        .array(
            (0..<count).map { index in
                switch first.kind {
                case .number(let number):
                    number.integer.map { .int($0 + index) } ?? .number(number.value + Double(index) / 1024)
                case .string(let text): .string(text + String(repeating: "+", count: index))
                default: first
                }
            })
    }

    /// A number with many digits inside of an interval.
    private static func inside(_ interval: Interval) -> Double {
        let candidates = [0.30000000000000004, 0.7 / 3, 1.3, 50.1, 1e-29]
        return candidates.first(where: interval.contains) ?? interval.lower
    }
}
