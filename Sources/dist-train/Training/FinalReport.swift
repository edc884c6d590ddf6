import Cluster
import Kernels
import Platform
import Reports
import Runs
import System
import Telemetry
import Training

/// The report at the end of a run. The run is over and its result is written: what happens here changes
/// neither the result nor the exit status.
struct FinalReport {
    private let directory: String
    private let data: DecodedData
    /// Seconds of training.
    private let seconds: Double

    /// More lanes would need much memory for large models.
    private static let mostLanes = 8

    init(of directory: String, _ data: DecodedData, seconds: Double) {
        self.directory = directory
        self.data = data
        self.seconds = seconds
    }

    /// Writes the report, and records where it is, or why there is none.
    func write(_ log: Log) {
        // The printed result is there before the report is begun.
        fflush(nil)
        let lanes = LanePool(lanes: min(Self.mostLanes, Processor.cores))
        defer { lanes.close() }
        do {
            let report = try RunReport(
                directory, data: .decoded(data), ReportLimits(training: seconds), lanes: lanes,
                program: Version.program)
            let (path, leftOut) = try report.write()
            log.record(.ending(.reportWritten(path: path, leftOut: leftOut)))
        } catch {
            log.record(.ending(.reportFailed(reason: "\(error)", directory: directory)))
        }
    }
}
