import Runs
import Transport

/// The options of `dist-train coordinator` and `dist-train run`, beside the job.
package struct CoordinatorOptions: Sendable {
    package var listen: Endpoint
    /// The number of ports behind that of `listen` which are tried in turn, if it is in use.
    package var furtherPorts: UInt16 = 0
    /// The name of the job; a worker that names another one is refused.
    package var rendezvous: String?
    package var minimumWorkers: Int
    package var maximumWorkers: Int
    /// Seconds of silence that count as death.
    package var peerTimeout: Double
    package var allowInexact: Bool
    /// Seconds between the snapshots that a death goes back to, at least.
    package var snapshotInterval = SnapshotPacer.usualInterval
    /// Another run follows on the same address: workers are told to come again.
    package var isFollowed = false
    /// The same command line starts the coordinator again after a stop: workers are told to look for it.
    package var isRepeated = false
    package var protection = Protection.tls
    /// Seconds in which workers of a run that was stopped must have read the last word.
    package var farewell = 2.0
    /// The fraction of steps, from 0 to 1, in which every worker's gradients are computed by another one too.
    package var auditFraction = 0.0
    /// The path to which a trace of the first steps is written when the run ends.
    package var trace: String?

    package init(
        listen: Endpoint, minimumWorkers: Int = 1, maximumWorkers: Int = .max, peerTimeout: Double = 5,
        allowInexact: Bool = false
    ) {
        self.listen = listen
        self.minimumWorkers = minimumWorkers
        self.maximumWorkers = maximumWorkers
        self.peerTimeout = peerTimeout
        self.allowInexact = allowInexact
    }
}

/// The end of a run.
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
