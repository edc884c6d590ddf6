extension Codec where Value == ConfigValue {
    /// Anything, to be read later.
    package static var any: Self { Codec(.any, read: { value, _ in value }, write: { $0 }) }
}

extension Codec where Value == Bool {
    package static var bool: Self {
        Codec(
            .bool, accept: { if case .bool(let flag) = $0.kind { flag } else { nil } }, write: { .bool($0) })
    }
}

extension Codec where Value == Int {
    package static var int: Self { whole(nil, nil) }

    package static func int(_ range: PartialRangeFrom<Int>) -> Self { whole(range.lowerBound, nil) }

    package static func int(_ range: PartialRangeThrough<Int>) -> Self { whole(nil, range.upperBound) }

    package static func int(_ range: ClosedRange<Int>) -> Self { whole(range.lowerBound, range.upperBound) }

    private static func whole(_ least: Int?, _ most: Int?) -> Self {
        Codec(
            .integer(least: least, most: most), hint: NumberHint.unquoted,
            accept: { value in
                guard case .number(let number) = value.kind, let integer = number.integer else { return nil }
                return integer >= least ?? Int.min && integer <= most ?? Int.max ? integer : nil
            }, write: { .int($0) })
    }
}

extension Codec where Value == UInt64 {
    /// Any 64 bits, exactly: seeds.
    package static var unsigned: Self {
        Codec(
            .unsigned, hint: NumberHint.unquoted,
            accept: { if case .number(let number) = $0.kind { number.unsigned } else { nil } },
            write: { .unsigned($0) })
    }
}

extension Codec where Value == Double {
    /// A finite number in an interval: `.number(.positive)`, `.number(.from(0, below: 1))`.
    package static func number(_ interval: Interval = .finite) -> Self {
        Codec(
            .number(interval), hint: NumberHint.unquoted,
            accept: { value in
                guard case .number(let number) = value.kind, interval.contains(number.value) else {
                    return nil
                }
                return number.value
            }, write: { .number($0) })
    }

    package static func number(_ range: ClosedRange<Double>) -> Self {
        number(.from(range.lowerBound, to: range.upperBound))
    }
}

extension Codec where Value == Float {
    /// A number that a `Float` holds, written with the few digits that tell it from its neighbours.
    package static var float: Self {
        Codec(
            .number(.finite), hint: NumberHint.unquoted,
            accept: { value in
                guard case .number(let number) = value.kind else { return nil }
                let float = Float(number.value)
                return float.isFinite ? float : nil
            }, write: { .number($0) })
    }
}

extension Codec where Value == String {
    package static var string: Self { text(.string) { _ in true } }

    /// A name: not empty.
    package static var nonEmptyString: Self { text(.nonEmptyString) { !$0.isEmpty } }

    /// A string for which `holds` is true.
    package static func text(_ form: Form, where holds: @escaping @Sendable (String) -> Bool) -> Self {
        Codec(
            form, hint: Self.quotes,
            accept: { if case .string(let text) = $0.kind, holds(text) { text } else { nil } },
            write: { .string($0) })
    }

    /// One of a few words.
    package static func oneOf(_ words: [String]) -> Self {
        Codec(
            .words(words), hint: { Self.nearest($0, among: words) },
            accept: { if case .string(let text) = $0.kind, words.contains(text) { text } else { nil } },
            write: { .string($0) })
    }

    private static func quotes(_ value: ConfigValue) -> String? {
        switch value.kind {
        case .number(let number): "put it in quotes: \(ForPeople.quoted(number.literal))"
        case .bool(let flag): "put it in quotes: \"\(flag)\""
        default: nil
        }
    }

    private static func nearest(_ value: ConfigValue, among words: [String]) -> String? {
        guard case .string(let text) = value.kind else { return nil }
        return Suggestion.nearest(to: text, among: words).map { "did you mean \(ForPeople.quoted($0))?" }
    }
}

extension Codec where Value: CaseIterable & RawRepresentable & Sendable, Value.RawValue == String {
    /// One case of an enumeration, by its raw value.
    package static func oneOf(_ type: Value.Type) -> Self {
        Codec<String>.oneOf(type.allCases.map(\.rawValue))
            .map(to: { Value(rawValue: $0) }, from: { $0.rawValue })
    }
}

extension Codec {
    /// A list, every element of which is read; nil if one of them is wrong.
    package static func array<Element>(
        of element: Codec<Element>, count: ClosedRange<Int> = 0...Int.max
    ) -> Self where Value == [Element] {
        let form = Form.list(of: element.form, count: count)
        return Codec(
            form,
            read: { value, diagnostics in
                guard let elements = value.elements, count.contains(elements.count) else {
                    diagnostics.error(
                        "\(value.path.name) must be \(form.sentence), found \(value.summary)", at: value)
                    return nil
                }
                let read = elements.map { element.read($0, diagnostics) }
                return read.contains { $0 == nil } ? nil : read.compactMap { $0 }
            },
            write: { elements in
                let written = elements.compactMap(element.write)
                guard written.count == elements.count else { return nil }
                return .array(written)
            })
    }

    /// An object with any keys, in the order of the text: `.table(of: .int(0...))`; nil if a value is wrong.
    package static func table<Element>(of element: Codec<Element>) -> Self
    where Value == [(key: String, value: Element)] {
        Codec(
            .table(of: element.form),
            read: { value, diagnostics in
                guard let members = value.members else {
                    diagnostics.error(
                        "\(value.path.name) must be an object, found \(value.summary)", at: value)
                    return nil
                }
                let read = members.map { (key: $0.key, value: element.read($0.value, diagnostics)) }
                let complete = read.compactMap { member in member.value.map { (key: member.key, value: $0) } }
                return complete.count == read.count ? complete : nil
            },
            write: { members in
                .object(members.map { ($0.key, element.encode($0.value)) })
            })
    }
}

private enum NumberHint {
    /// A number in quotes is the commonest slip.
    @Sendable static func unquoted(_ value: ConfigValue) -> String? {
        guard case .string(let text) = value.kind, let number = Double(text), number.isFinite else {
            return nil
        }
        return "write it without quotes"
    }
}
