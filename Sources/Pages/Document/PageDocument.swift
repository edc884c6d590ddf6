import Configuration

/// The document that the script of pages and reports draws: the runs, and what compares them.
package enum PageDocument {
    package enum Kind: String, Sendable { case live, report, comparison }

    /// - Parameters:
    ///   - program: the program's name and version.
    ///   - made: seconds since 1970-01-01 UTC.
    ///   - runs: see `RunDocument`.
    ///   - plots: of a comparison. A plot has a kind, a section, a title, a note or null, a text alternative,
    ///     and what its kind needs.
    package static func value(
        _ kind: Kind, program: String, made: Double, runs: [ConfigValue], plots: [ConfigValue] = []
    ) -> ConfigValue {
        .object([
            ("kind", .string(kind.rawValue)), ("program", .string(program)), ("made", .number(made)),
            ("runs", .array(runs)), ("plots", .array(plots)),
        ])
    }
}
