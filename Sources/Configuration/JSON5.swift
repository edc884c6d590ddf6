/// Reads JSON5 (https://spec.json5.org): JSON with comments, unquoted keys, single quotes, trailing commas and more number forms.
package enum JSON5 {
    /// What a text may ask of this process before it is refused.
    package struct Limits: Sendable {
        package var bytes: Int
        /// Objects and arrays inside one another.
        package var depth: Int
        /// Values altogether.
        package var values: Int

        package init(bytes: Int, depth: Int, values: Int) {
            self.bytes = bytes
            self.depth = depth
            self.values = values
        }

        /// 16 MB, 64 levels, a million values.
        package static let standard = Limits(bytes: 16 << 20, depth: 64, values: 1_000_000)
    }

    /// The value of a whole text, or nil if its syntax leaves none. Everything wrong is reported, duplicate keys and invalid UTF-8
    /// included; a value can come with errors (a forgotten comma, a duplicate key), so that decoding finds the other mistakes too.
    package static func parse(_ file: SourceFile, limits: Limits = .standard, diagnostics: Diagnostics)
        -> ConfigValue?
    {
        guard file.text.count <= limits.bytes else {
            let message =
                "\(ForPeople.code(file.name)) has \(file.text.count) bytes, more than the \(limits.bytes) that are read"
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

    /// The same for a text that is not a file, like a line of `metrics.jsonl`.
    package static func parse(_ text: String, name: String, diagnostics: Diagnostics) -> ConfigValue? {
        parse(SourceFile(name: name, text: text), diagnostics: diagnostics)
    }
}
