import Platform
import System
import Telemetry

/// `metrics.csv`: a row for every epoch with all of its values, for spreadsheets and pandas. Belongs to the
/// coordinator's loop.
package final class MetricsTable {
    private let file: AppendFile
    private var hasHeader: Bool

    /// Opens the file of a run; a resumed run goes on in it.
    /// - Throws: `SystemError` if it cannot be opened.
    package init(_ path: String) throws {
        file = try AppendFile(path)
        hasHeader = ((try? File.size(path)) ?? 0) > 0
    }

    /// Adds the row of an epoch.
    /// - Throws: `SystemError` if it cannot be written.
    package func add(_ epoch: EpochSummary) throws {
        let columns =
            epoch.trainAndPenalty.map { ("train.\($0.name)", $0.value) }
            + epoch.validation.map { ("validation.\($0.name)", $0.value) }
        if !hasHeader {
            try file.append((["epoch", "step"] + columns.map(\.0) + ["seconds"]).joined(separator: ","))
            hasHeader = true
        }
        let values = columns.map { Self.text($0.1) } + [Self.text(epoch.seconds)]
        try file.append((["\(epoch.epoch)", "\(epoch.step)"] + values).joined(separator: ","))
    }

    /// A number; empty for what is not finite.
    private static func text(_ value: Double) -> String { value.isFinite ? "\(value)" : "" }
}
