import Configuration

/// The diagnostics of a text that is read as the file `job.json5`.
func read(_ text: String, name: String = "job.json5") -> (value: ConfigValue?, diagnostics: Diagnostics) {
    let diagnostics = Diagnostics()
    let value = JSON5.parse(SourceFile(name: name, text: text), diagnostics: diagnostics)
    return (value, diagnostics)
}

/// The value of a text; nil if it has mistakes.
func valid(_ text: String) -> ConfigValue? {
    let (value, diagnostics) = read(text)
    return diagnostics.isEmpty ? value : nil
}

/// The messages about a text, in order.
func messages(_ text: String) -> [String] { read(text).diagnostics.sorted.map(\.message) }
