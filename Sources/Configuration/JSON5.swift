/// Reads JSON5 (https://spec.json5.org): JSON with comments, unquoted keys, single quotes, trailing commas
/// and more forms of numbers.
///
///     let diagnostics = Diagnostics()
///     let file = try SourceFile(contentsOf: "config/digits-mlp.json5")
///     let value = JSON5.parse(file, diagnostics: diagnostics)
///     try diagnostics.check()                              // throws everything that is wrong
///     value?["optimizer"]?["adam"]?.range?.start           // line and column
package enum JSON5 {
    /// The largest text that is read; a larger one is refused.
    package struct Limits: Sendable {
        /// Bytes of the text.
        package var bytes: Int
        /// Nested objects and arrays.
        package var depth: Int
        /// Values in the whole text.
        package var values: Int

        package init(bytes: Int, depth: Int, values: Int) {
            self.bytes = bytes
            self.depth = depth
            self.values = values
        }

        /// 16 MiB, 64 levels, a million values.
        package static let standard = Limits(bytes: 16 << 20, depth: 64, values: 1_000_000)
    }

    /// Parses a whole text. Every fault is reported, also duplicate keys and invalid UTF-8. Returns nil if no
    /// value can be read; a value may come with errors (a missing comma, a duplicate key), so that decoding
    /// finds the other faults too.
    package static func parse(_ file: SourceFile, limits: Limits = .standard, diagnostics: Diagnostics)
        -> ConfigValue?
    {
        guard file.text.count <= limits.bytes else {
            let message =
                "\(ForPeople.code(file.name)) has \(file.text.count) bytes,"
                + " more than the \(limits.bytes) that are read"
            diagnostics.add(
                Diagnostic(.error, message, range: nil, path: .root, label: "is this the right file?"))
            return nil
        }
        if let invalid = UTF8Text.firstInvalidOffset(in: file.text) {
            let range = SourceRange(file: file, offsets: invalid..<invalid + 1)
            let byte = "0x" + String(file.text[invalid], radix: 16, uppercase: true)
            diagnostics.add(
                Diagnostic(
                    .error, "the byte \(byte) is not valid UTF-8", range: range, path: .root,
                    label: "save the file as UTF-8"))
            return nil
        }
        var parser = JSON5Parser(file, from: 0, limits: limits, diagnostics: diagnostics)
        return parser.parseDocument(at: .root)
    }

    /// Parses a text that is not a file, like a line of `metrics.jsonl`.
    package static func parse(_ text: String, name: String, diagnostics: Diagnostics) -> ConfigValue? {
        parse(SourceFile(name: name, text: text), diagnostics: diagnostics)
    }
}
