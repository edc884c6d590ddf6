import Configuration
import System

/// The command line that started a run: the content of `run.json`.
package struct RunOrigin: Equatable, Sendable {
    /// The config file as it was named.
    package var config: String
    /// The fields that the command line set in it, each as `path=value`.
    package var overrides: [String]
    /// When the run was started, as UTC in ISO 8601.
    package var started: String

    package init(config: String, overrides: [String], started: String = Clock.timestamp()) {
        self.config = config
        self.overrides = overrides
        self.started = started
    }

    /// Reads the file of a run directory; nil if there is none that can be read.
    package init?(reading path: String) {
        guard let value = RunEntry.object(path) else { return nil }
        config = value["config"]?.text ?? ""
        overrides = (value["overrides"]?.elements ?? []).compactMap(\.text)
        started = value["started"]?.text ?? ""
    }

    package var value: ConfigValue {
        .object([
            ("config", .string(config)), ("overrides", .array(overrides.map { .string($0) })),
            ("started", .string(started)),
        ])
    }
}
