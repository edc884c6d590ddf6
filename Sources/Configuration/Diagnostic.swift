/// One thing that is wrong with a configuration (or worth a warning), and where.
package struct Diagnostic: Sendable {
    package enum Severity: String, Sendable {
        case error
        case warning
    }

    package let severity: Severity
    /// One sentence without a full stop: what is wrong.
    package let message: String
    /// The text to underline; nil for values made by the program.
    package let range: SourceRange?
    /// The value, or the object that holds a wrong key.
    package let path: ConfigPath
    /// What stands beside the underline: how to put it right.
    package let label: String?

    package init(
        _ severity: Severity, _ message: String, range: SourceRange?, path: ConfigPath, label: String? = nil
    ) {
        self.severity = severity
        self.message = message
        self.range = range
        self.path = path
        self.label = label
    }
}

/// Collects everything that is wrong with a configuration, so that it can be shown at once. It belongs to the one who reads the
/// configuration; parser, overrides and decoders add to it.
package final class Diagnostics {
    private var collected: [Diagnostic] = []
    private var said: Set<Saying> = []
    /// How often an error was added, said before or not.
    package private(set) var errorReports = 0

    /// What is said, and where.
    private struct Saying: Hashable {
        let file: ObjectIdentifier
        let offsets: Range<Int>
        let message: String
    }

    package init() {}

    /// What has been said of a place already (in a block that is used twice) is not said again.
    package func add(_ diagnostic: Diagnostic) {
        if diagnostic.severity == .error { errorReports += 1 }
        if let range = diagnostic.range {
            let saying = Saying(
                file: ObjectIdentifier(range.file), offsets: range.offsets, message: diagnostic.message)
            guard said.insert(saying).inserted else { return }
        }
        collected.append(diagnostic)
    }

    package func add(contentsOf other: Diagnostics) { other.collected.forEach(add) }

    /// Reports that a value is wrong.
    package func error(_ message: String, at value: ConfigValue, label: String? = nil) {
        add(Diagnostic(.error, message, range: value.range, path: value.path, label: label))
    }

    /// Reports that a value is allowed but probably not what was meant.
    package func warning(_ message: String, at value: ConfigValue, label: String? = nil) {
        add(Diagnostic(.warning, message, range: value.range, path: value.path, label: label))
    }

    package var isEmpty: Bool { collected.isEmpty }

    package var hasErrors: Bool { collected.contains { $0.severity == .error } }

    /// By position: the file first, then the `--set` options, then what has no place; equal places in the order of their finding.
    package var sorted: [Diagnostic] {
        var files: [ObjectIdentifier: Int] = [:]
        for case let range? in collected.map(\.range) where files[ObjectIdentifier(range.file)] == nil {
            files[ObjectIdentifier(range.file)] = files.count
        }
        return collected.enumerated()
            .map { (order: Self.order($1, $0, files), diagnostic: $1) }
            .sorted { $0.order.lexicographicallyPrecedes($1.order) }
            .map(\.diagnostic)
    }

    private static func order(_ diagnostic: Diagnostic, _ index: Int, _ files: [ObjectIdentifier: Int])
        -> [Int]
    {
        guard let range = diagnostic.range else { return [2, index] }
        let file = files[ObjectIdentifier(range.file)] ?? 0
        return [range.file.origin == .file ? 0 : 1, file, range.offsets.lowerBound, index]
    }

    /// All of them for a terminal, blank lines between, at most `limit`.
    package func rendered(limit: Int = 50) -> String {
        var blocks = sorted.prefix(limit).map { $0.rendered() }
        if collected.count > limit { blocks.append("… and \(collected.count - limit) more") }
        return blocks.joined(separator: "\n\n")
    }

    /// Ends here if there are errors.
    package func check() throws(ConfigurationError) {
        if hasErrors { throw ConfigurationError(diagnostics: sorted, rendered: rendered()) }
    }
}

/// A configuration with errors; its description shows them all.
package struct ConfigurationError: Error, CustomStringConvertible {
    package let diagnostics: [Diagnostic]
    private let rendered: String

    fileprivate init(diagnostics: [Diagnostic], rendered: String) {
        self.diagnostics = diagnostics
        self.rendered = rendered
    }

    package var description: String { rendered }
}
