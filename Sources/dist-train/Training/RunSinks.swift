import Cluster
import Datasets
import Runs
import System
import Telemetry
import TensorBoard

/// The sinks of one training beside the terminal and `log.jsonl`, from its beginning to its end. Once they
/// are open, none of them stops a run.
struct RunSinks {
    private let log: Log
    private let table: MetricsTable
    private let board: TensorBoardSink?

    /// Opens the sinks of a run and adds them to its log.
    /// - Throws: `SystemError` if `metrics.csv` cannot be opened.
    init(_ setup: RunSetup, _ log: Log) throws {
        self.log = log
        table = try MetricsTable(setup.directory.tablePath)
        board = setup.job.job.logsTensorBoard ? Self.board(setup, log) : nil
        log.add(table)
        if let board { log.add(board) }
    }

    private static func board(_ setup: RunSetup, _ log: Log) -> TensorBoardSink? {
        do { return try TensorBoardSink(TensorBoardSink.Facts(setup)) } catch {
            log.record(.records(.dropping(sink: "tensorboard", reason: "\(error)")))
            return nil
        }
    }

    /// The training has ended: everything that was recorded is written, and what could not be is told.
    func close() {
        board?.close()
        log.recordLosses()
        log.remove(table)
        if let board { log.remove(board) }
    }
}

extension TensorBoardSink.Facts {
    /// Samples, and variants of each, in the picture of the training set.
    private static let (samples, variants) = (8, 3)

    fileprivate init(_ setup: RunSetup) {
        let (job, data) = (setup.job.job, setup.data)
        self.init(
            directory: setup.directory.tensorBoardPath, metricsPath: setup.directory.metricsPath,
            checkpoints: setup.directory.checkpoints,
            config: setup.job.resolved.prettyJSON(nonFinite: .json5),
            batchSize: setup.plan.geometry.batchSize, firstStep: setup.start.step,
            pictures: [
                (
                    tag: "samples",
                    image: {
                        let preview = try? AugmentationPreview(
                            of: data.train, job.data.augmentation, seed: job.seed)
                        return try? preview?.sheet(
                            samples: preview?.samples(Self.samples) ?? [], variants: Self.variants)
                    }
                )
            ])
    }
}
