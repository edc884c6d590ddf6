import Cluster
import Kernels
import Platform
import Reports
import Runs
import System
import Telemetry
import TensorBoard
import Training

/// The report at the end of a run. The run is over and its result is written: what happens here changes
/// neither the result nor the exit status.
struct FinalReport {
    private let directory: String
    private let data: DecodedData
    /// Seconds of training.
    private let seconds: Double
    /// The directory of TensorBoard's event files, which get the confusion matrix; nil: there is none.
    private let board: String?

    /// More lanes would need much memory for large models.
    private static let mostLanes = 8

    init(of directory: String, _ data: DecodedData, seconds: Double, board: String? = nil) {
        self.directory = directory
        self.data = data
        self.seconds = seconds
        self.board = board
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
            let written = try report.write()
            log.record(.ending(.reportWritten(path: written.path, leftOut: written.leftOut)))
            if let board, let confusion = written.confusion { add(confusion, to: board, log) }
        } catch {
            log.record(.ending(.reportFailed(reason: "\(error)", directory: directory)))
        }
    }

    private func add(_ confusion: ReportedConfusion, to board: String, _ log: Log) {
        do {
            try ConfusionPicture(classNames: confusion.classNames, counts: confusion.counts)
                .add(set: confusion.set, step: confusion.step, to: board)
        } catch { log.record(.records(.dropping(sink: "tensorboard", reason: "\(error)"))) }
    }
}
