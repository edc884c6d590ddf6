/// What a field must hold: `.int(1...)`, `.number(.positive)`, `.oneOf(["relu", "tanh"])`, `.array(of: .string)`.
///
/// Reading reports what is wrong and returns nil; it never throws, so that all mistakes come to light at once.
package struct Expectation<Value> {
    /// The end of "must be …": `a whole number of at least 1`.
    package let description: String
    package let read: (ConfigValue, Diagnostics) -> Value?

    package init(_ description: String, read: @escaping (ConfigValue, Diagnostics) -> Value?) {
        self.description = description
        self.read = read
    }

    /// For values that fit or do not fit as a whole; `hint` may say how to put it right.
    package init(
        _ description: String, hint: @escaping (ConfigValue) -> String? = { _ in nil },
        accept: @escaping (ConfigValue) -> Value?
    ) {
        self.init(description) { value, diagnostics in
            if let accepted = accept(value) { return accepted }
            diagnostics.error(
                "\(value.path.name) must be \(description), found \(value.summary)", at: value,
                label: hint(value))
            return nil
        }
    }

    package func map<Mapped>(_ transform: @escaping (Value) -> Mapped) -> Expectation<Mapped> {
        Expectation<Mapped>(description) { value, diagnostics in read(value, diagnostics).map(transform) }
    }

    /// This or else the other. A mistake inside a list or an object is reported there.
    package func or(_ other: Expectation) -> Expectation {
        let description = "\(self.description) or \(other.description)"
        return Expectation(description) { value, diagnostics in
            let attempts = (Diagnostics(), Diagnostics())
            if let first = self.read(value, attempts.0) {
                diagnostics.add(contentsOf: attempts.0)
                return first
            }
            if let second = other.read(value, attempts.1) {
                diagnostics.add(contentsOf: attempts.1)
                return second
            }
            // A mistake further inside means that this alternative was meant.
            for attempt in [attempts.0, attempts.1]
            where attempt.sorted.contains(where: { $0.path != value.path }) {
                diagnostics.add(contentsOf: attempt)
                return nil
            }
            let label = (attempts.1.sorted + attempts.0.sorted).compactMap(\.label).first
            diagnostics.error(
                "\(value.path.name) must be \(description), found \(value.summary)", at: value, label: label)
            return nil
        }
    }

    /// This or else one word: `Expectation.int(1...).map(Size.samples).or("all", is: .all)`.
    package func or(_ word: String, is value: Value) -> Expectation {
        or(Expectation<String>.oneOf([word]).map { _ in value })
    }
}

extension Expectation where Value == ConfigValue {
    /// Anything, to be decoded later.
    package static var any: Self { Expectation("a value", read: { value, _ in value }) }
}

extension Expectation where Value == Bool {
    package static var bool: Self {
        Expectation("true or false") { value in
            if case .bool(let flag) = value.kind { flag } else { nil }
        }
    }
}

extension Expectation where Value == String {
    package static var string: Self {
        Expectation("a string", hint: Self.quotes) { value in
            if case .string(let text) = value.kind { text } else { nil }
        }
    }

    /// A name, a path: not empty.
    package static var nonEmptyString: Self {
        Expectation("a string that is not empty", hint: Self.quotes) { value in
            if case .string(let text) = value.kind, !text.isEmpty { text } else { nil }
        }
    }

    /// One of a few words.
    package static func oneOf(_ words: [String]) -> Self {
        let description = (words.count > 1 ? "one of " : "") + ForPeople.list(words)
        return Expectation(description, hint: { Self.nearest($0, among: words) }) { value in
            if case .string(let text) = value.kind, words.contains(text) { text } else { nil }
        }
    }

    private static func quotes(_ value: ConfigValue) -> String? {
        switch value.kind {
        case .number(let number): "put it in quotes: \(ForPeople.quoted(number.literal))"
        case .bool(let flag): "put it in quotes: \"\(flag)\""
        default: nil
        }
    }

    fileprivate static func nearest(_ value: ConfigValue, among words: [String]) -> String? {
        guard case .string(let text) = value.kind else { return nil }
        return Suggestion.nearest(to: text, among: words).map { "did you mean \(ForPeople.quoted($0))?" }
    }
}

extension Expectation where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    /// One case of an enumeration, by its raw value.
    package static func oneOf(_ type: Value.Type) -> Self {
        let words = Expectation<String>.oneOf(type.allCases.map(\.rawValue))
        return Expectation(words.description) { value, diagnostics in
            words.read(value, diagnostics).flatMap { Value(rawValue: $0) }
        }
    }
}

extension Expectation {
    /// A list, every element of which is read; nil if one of them is wrong.
    package static func array<Element>(
        of element: Expectation<Element>, count: ClosedRange<Int> = 0...Int.max
    ) -> Self where Value == [Element] {
        let description = "a list \(Self.size(count))(each \(element.description))"
        return Expectation(description) { value, diagnostics in
            guard let elements = value.elements, count.contains(elements.count) else {
                diagnostics.error(
                    "\(value.path.name) must be \(description), found \(value.summary)", at: value)
                return nil
            }
            let read = elements.map { element.read($0, diagnostics) }
            return read.contains { $0 == nil } ? nil : read.compactMap { $0 }
        }
    }

    /// An object with any keys, in the order of the text: `.table(of: .int(0...))`; nil if a value is wrong.
    package static func table<Element>(of element: Expectation<Element>) -> Self
    where Value == [(key: String, value: Element)] {
        Expectation("an object") { value, diagnostics in
            guard let members = value.members else {
                diagnostics.error("\(value.path.name) must be an object, found \(value.summary)", at: value)
                return nil
            }
            let read = members.map { (key: $0.key, value: element.read($0.value, diagnostics)) }
            let complete = read.compactMap { member in member.value.map { (key: member.key, value: $0) } }
            return complete.count == read.count ? complete : nil
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

    /// An object, whose unknown fields are reported when `decode` has asked for all that it knows.
    package static func object(_ decode: @escaping (ObjectDecoder) -> Value?) -> Self {
        Expectation("an object") { value, diagnostics in
            guard let object = ObjectDecoder(value, diagnostics) else { return nil }
            let decoded = decode(object)
            object.finish()
            return decoded
        }
    }
}
