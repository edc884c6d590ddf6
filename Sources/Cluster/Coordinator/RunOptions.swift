import Runs
import Transport

/// What `dist-train coordinator` and `dist-train run` were asked for, beside the job.
package struct CoordinatorOptions: Sendable {
    package var listen: Endpoint
    package var minimumWorkers: Int
    package var maximumWorkers: Int
    /// Seconds of silence that count as death.
    package var peerTimeout: Double
    package var allowInexact: Bool
    /// Seconds between the snapshots that a death goes back to, at least.
    package var snapshotInterval = SnapshotPacer.usualInterval
    /// Another run follows on the same address: workers are told to come again.
    package var isFollowed = false
    package var protection = Protection.tls
    /// Of the steps in which every worker's gradients are computed by another one too; 0: none.
    package var auditFraction = 0.0
    /// Where a trace of the first steps is written when the run ends.
    package var trace: String?

    package init(
        listen: Endpoint, minimumWorkers: Int = 1, maximumWorkers: Int = .max, peerTimeout: Double = 5,
        allowInexact: Bool = false
    ) {
        (self.listen, self.minimumWorkers, self.maximumWorkers) = (listen, minimumWorkers, maximumWorkers)
        (self.peerTimeout, self.allowInexact) = (peerTimeout, allowInexact)
    }
}

/// How a run ended.
package struct RunOutcome: Sendable {
    package enum End: Sendable {
        /// The job's end, with `result.json`'s content.
        case finished
        /// Stopped as asked; a checkpoint of this step is on the disk.
        case stopped(step: Int)
        case failed(String)
    }

    package var end: End
    /// Everything that `result.json` says, if the job has reached its end.
    package var result: RunResult?
}
