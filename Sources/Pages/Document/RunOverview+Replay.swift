import Configuration
import System
import Telemetry

extension RunOverview {
    /// Takes what the files of a run directory tell: its log, and the steps, epochs and times of its metrics.
    /// A file that is missing, and lines that cannot be read, are passed over.
    package mutating func replay(log: String, metrics: String) {
        Self.eachLine(of: log) { line in
            LogLine.facts(of: line).map { take($0.facts, at: $0.time) }
        }
        Self.eachLine(of: metrics) { line in
            MetricsLine.event(of: line).map { take($0, at: newest ?? 0) }
        }
    }

    private static func eachLine(of path: String, _ take: (ConfigValue) -> Void) {
        guard let text = try? File.readText(path, limit: 1 << 30) else { return }
        for line in text.split(separator: "\n") {
            JSON5.parse(String(line), name: path, diagnostics: Diagnostics()).map(take)
        }
    }
}
