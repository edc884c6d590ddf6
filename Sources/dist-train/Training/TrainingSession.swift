import Cluster
import Telemetry
import Transport

/// The parts that the trainings of one command have in common: an ensemble trains several, one after the
/// other. Belongs to the main thread.
final class TrainingSession {
    let token: SharedToken
    /// The workers that this program starts; nil: others start them.
    let local: WorkerProcessOptions?
    let log: Log
    let signals: StopSignals
    let console: Console
    /// Shows the trainings; nil: nothing does.
    let display: RunDisplay?
    /// The workers that were started, which the next training on the same address uses too.
    var workers: WorkerProcesses?

    init(
        token: SharedToken, local: WorkerProcessOptions?, log: Log, signals: StopSignals,
        console: Console, display: RunDisplay? = nil
    ) {
        self.token = token
        self.local = local
        self.log = log
        self.signals = signals
        self.console = console
        self.display = display
    }

    /// Ends the workers that were started. Returns the ends of those that failed at the very end.
    func finishWorkers() -> [RunEvent.Process] {
        defer { workers = nil }
        return workers?.finish(within: signals.secondsForWorkers) ?? []
    }
}
