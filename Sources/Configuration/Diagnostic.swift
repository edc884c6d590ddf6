/// One fault of a configuration, or something worth a warning, with its position.
///
///     if let rate = config["learning_rate"] {              // the value `-1`, read from a file
///         diagnostics.error("`learning_rate` must be positive", at: rate, label: "for example 1e-3")
///     }
///     try diagnostics.check()                              // throws all errors at once
///
/// See `rendered(width:)` for the text in a terminal.
package struct Diagnostic: Sendable {
    package enum Severity: String, Sendable {
        case error
        case warning
    }

    package let severity: Severity
    /// One sentence without a full stop that names the fault.
    package let message: String
    /// The text to underline; nil for values made by the program.
    package let range: SourceRange?
    /// The path of the value, or of the object that holds a wrong key.
    package let path: ConfigPath
    /// The text beside the underline, which says how to correct the fault.
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

/// Collects all faults of a configuration, so that they can be shown at once. It belongs to the code that
/// reads the configuration; parser, overrides and decoders add to it.
package final class Diagnostics {
    private var collected: [Diagnostic] = []
    private var reported: Set<Report> = []
    /// The number of errors that were added, repetitions included.
    package private(set) var errorReports = 0

    /// A message with its position.
    private struct Report: Hashable {
        let file: ObjectIdentifier
        let offsets: Range<Int>
        let message: String
    }

    package init() {}

    /// Adds a diagnostic. A message that was already given for the same position is dropped; a block that is
    /// used twice is decoded twice.
    package func add(_ diagnostic: Diagnostic) {
        if diagnostic.severity == .error { errorReports += 1 }
        if let range = diagnostic.range {
            let report = Report(
                file: ObjectIdentifier(range.file), offsets: range.offsets, message: diagnostic.message)
            guard reported.insert(report).inserted else { return }
        }
        collected.append(diagnostic)
    }

    /// Adds all diagnostics of another collection.
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

    /// All diagnostics by position: files first, then the `--set` options, then those without a position.
    /// Equal positions keep the order in which they were found.
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

    /// Renders all diagnostics for a terminal, with blank lines between, at most `limit` of them.
    package func rendered(limit: Int = 50) -> String { Self.rendered(sorted, limit: limit) }

    fileprivate static func rendered(_ diagnostics: [Diagnostic], limit: Int = 50, width: Int = 100) -> String
    {
        var blocks = diagnostics.prefix(limit).map { $0.rendered(width: width) }
        if diagnostics.count > limit { blocks.append("… and \(diagnostics.count - limit) more") }
        return blocks.joined(separator: "\n\n")
    }

    /// Throws if there are errors.
    /// - Throws: `ConfigurationError` with all diagnostics.
    package func check() throws(ConfigurationError) {
        if hasErrors { throw ConfigurationError(diagnostics: sorted) }
    }
}

/// The error of a configuration with faults. Its description shows them all.
package struct ConfigurationError: Error, CustomStringConvertible {
    package let diagnostics: [Diagnostic]

    fileprivate init(diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    package var description: String { Diagnostics.rendered(diagnostics) }

    /// The description for a terminal.
    /// - Parameter width: columns of the excerpts.
    package func rendered(width: Int) -> String { Diagnostics.rendered(diagnostics, width: width) }
}
