import Platform
import Synchronization
import System
import Telemetry

/// `metrics.csv`: a row for every epoch with all of its values, for spreadsheets and pandas.
package final class MetricsTable: EventSink {
    private struct State {
        let file: AppendFile
        var hasHeader: Bool
    }

    private let state: Mutex<State>
    package let losses: SinkLosses? = SinkLosses(of: "metrics.csv")

    /// Opens the file of a run; a resumed run goes on in it.
    /// - Throws: `SystemError` if it cannot be opened.
    package init(_ path: String) throws {
        let file = try AppendFile(path)
        state = Mutex(State(file: file, hasHeader: ((try? File.size(path)) ?? 0) > 0))
    }

    package func receive(_ event: RunEvent, at time: Double, from source: String) {
        guard case .training(.epochFinished(let epoch)) = event else { return }
        do { try add(epoch) } catch { losses?.add(because: "\(error)") }
    }

    private func add(_ epoch: EpochSummary) throws {
        let columns =
            epoch.trainAndPenalty.map { ("train.\($0.name)", $0.value) }
            + epoch.validation.map { ("validation.\($0.name)", $0.value) }
        let header = (["epoch", "step"] + columns.map(\.0) + ["seconds"]).joined(separator: ",")
        let values = columns.map { Self.text($0.1) } + [Self.text(epoch.seconds)]
        let row = (["\(epoch.epoch)", "\(epoch.step)"] + values).joined(separator: ",")
        try state.withLock { state in
            if !state.hasHeader { try state.file.append(header) }
            state.hasHeader = true
            try state.file.append(row)
        }
    }

    /// A number; empty for what is not finite.
    private static func text(_ value: Double) -> String { value.isFinite ? "\(value)" : "" }
}
