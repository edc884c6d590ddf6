import Cluster
import Runs
import System
import Telemetry

/// The sinks of one training beside the terminal and `log.jsonl`, from its beginning to its end. None of them
/// stops a run.
struct RunSinks {
    private let log: Log
    private let table: MetricsTable

    /// Opens the sinks of a run and adds them to its log.
    /// - Throws: `SystemError` if `metrics.csv` cannot be opened.
    init(_ setup: RunSetup, _ log: Log) throws {
        self.log = log
        table = try MetricsTable(setup.directory.tablePath)
        log.add(table)
    }

    /// The training has ended: everything that was recorded is written, and what could not be is told.
    func close() {
        log.recordLosses()
        log.remove(table)
    }
}
