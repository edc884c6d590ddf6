/// Reads and writes one value of a configuration: `.int(1...)`, `.number(.positive)`, `.oneOf(["relu",
/// "tanh"])`, `.array(of: .string)`.
///
/// Reading reports what is wrong and returns nil; it never throws, so that all mistakes come to light at
/// once. Reading what was written gives an equal value.
package struct Codec<Value>: Sendable {
    package let form: Form
    package let read: @Sendable (ConfigValue, Diagnostics) -> Value?
    /// Nil: the value has no text in this form, but perhaps in another one (see `or`).
    package let write: @Sendable (Value) -> ConfigValue?

    package init(
        _ form: Form, read: @escaping @Sendable (ConfigValue, Diagnostics) -> Value?,
        write: @escaping @Sendable (Value) -> ConfigValue?
    ) {
        self.form = form
        self.read = read
        self.write = write
    }

    /// Makes the codec of a value that fits or does not fit as a whole; `hint` may say how to put it right.
    package init(
        _ form: Form, hint: @escaping @Sendable (ConfigValue) -> String? = { _ in nil },
        accept: @escaping @Sendable (ConfigValue) -> Value?,
        write: @escaping @Sendable (Value) -> ConfigValue?
    ) {
        self.init(
            form,
            read: { value, diagnostics in
                if let accepted = accept(value) { return accepted }
                diagnostics.error(
                    "\(value.path.name) must be \(form.sentence), found \(value.summary)", at: value,
                    label: hint(value))
                return nil
            }, write: write)
    }

    /// The text of a value. A codec that cannot write a value of its type is a mistake of the program.
    package func encode(_ value: Value) -> ConfigValue {
        guard let written = write(value) else {
            preconditionFailure("\(value) cannot be written as \(form.sentence)")
        }
        return written
    }

    /// Converts what is read (nil: a mistake, which `to` has reported) and what is written (nil: it has no
    /// text in this form).
    package func map<Mapped>(
        to: @escaping @Sendable (Value) -> Mapped?, from: @escaping @Sendable (Mapped) -> Value?
    ) -> Codec<Mapped> {
        Codec<Mapped>(
            form, read: { [read] in read($0, $1).flatMap(to) }, write: { [write] in from($0).flatMap(write) })
    }

    /// A form that is read and never written, because another one says the same.
    package func shorthand<Mapped>(_ to: @escaping @Sendable (Value) -> Mapped) -> Codec<Mapped> {
        map(to: to, from: { _ in nil })
    }

    /// Describes the same values in another way.
    package func described(_ form: Form) -> Codec { Codec(form, read: read, write: write) }

    /// Gives the form a name, under which it is described once.
    package func named(_ name: String) -> Codec {
        described(.named(name, sentence: nil) { [form] in form })
    }

    /// Checks what was read; `problem` is the end of a sentence that begins with the field's name, and a
    /// label.
    package func checked(_ problem: @escaping @Sendable (Value) -> (String, label: String?)?) -> Codec {
        Codec(
            form,
            read: { [read] value, diagnostics in
                guard let decoded = read(value, diagnostics) else { return nil }
                guard let (message, label) = problem(decoded) else { return decoded }
                diagnostics.error("\(value.path.name) \(message)", at: value, label: label)
                return nil
            }, write: write)
    }

    /// This form or else another one. A mistake inside a list or an object is reported there.
    package func or(_ other: Codec) -> Codec {
        let form = Form.either([self.form, other.form])
        return Codec(
            form, read: { value, diagnostics in readEither(self, or: other, form: form, value, diagnostics) },
            write: { [write] in write($0) ?? other.write($0) })
    }
}

extension Codec where Value: Equatable & Sendable {
    /// This form or else one word: `Codec.int(1...).map(…).or("all", is: .all)`.
    package func or(_ word: String, is value: Value) -> Codec {
        or(Codec<String>.oneOf([word]).map(to: { _ in value }, from: { $0 == value ? word : nil }))
    }
}

/// Reads the form of the two that fits; `form` is both.
private func readEither<Value>(
    _ first: Codec<Value>, or second: Codec<Value>, form: Form, _ value: ConfigValue,
    _ diagnostics: Diagnostics
) -> Value? {
    // A list or an object that only one form takes is told what is wrong with that form.
    if value.members != nil || value.elements != nil {
        switch (first.form.takesContainer(like: value), second.form.takesContainer(like: value)) {
        case (true, false): return first.read(value, diagnostics)
        case (false, true): return second.read(value, diagnostics)
        default: break
        }
    }
    var labels: [String] = []
    var inner: Diagnostics?
    for codec in [first, second] {
        let attempt = Diagnostics()
        if let read = codec.read(value, attempt) {
            diagnostics.add(contentsOf: attempt)
            return read
        }
        labels = attempt.sorted.compactMap(\.label) + labels
        // A mistake further inside means that this form was meant.
        if inner == nil, attempt.sorted.contains(where: { $0.path != value.path }) { inner = attempt }
    }
    if let inner {
        diagnostics.add(contentsOf: inner)
    } else {
        diagnostics.error(
            "\(value.path.name) must be \(form.sentence), found \(value.summary)", at: value,
            label: labels.first { !$0.hasPrefix("such as ") } ?? labels.first)
    }
    return nil
}
