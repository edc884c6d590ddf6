import System
import Telemetry
import Training

/// Writes the progress of a run into `metrics.jsonl`, and records it as events. Belongs to the coordinator's
/// loop.
package final class RunRecord {
    private let plan: TrainingPlan
    private let metrics: MetricsLog
    private let log: Log
    /// Events of steps whose lines may still be taken back.
    private var held: [(step: Int, event: RunEvent)] = []
    /// True while lines wait for room on the disk.
    private var isWaiting = false
    /// True if an audit may take back everything after the newest snapshot.
    private let isAudited: Bool
    /// Seconds of training before this run was resumed.
    private let earlierSeconds: Double
    /// When the first generation formed: waiting for workers is not training.
    private var started: Double?

    package init(
        plan: TrainingPlan, metrics: MetricsLog, log: Log, isAudited: Bool = false, earlierSeconds: Double = 0
    ) {
        self.plan = plan
        self.metrics = metrics
        self.log = log
        self.isAudited = isAudited
        self.earlierSeconds = earlierSeconds
    }

    /// Seconds of training, over all interruptions, to the millisecond.
    package var seconds: Double { ((earlierSeconds + sessionSeconds) * 1000).rounded() / 1000 }

    /// Seconds since the first generation formed, to the millisecond.
    package var sessionSeconds: Double {
        let now = Clock.monotonicSeconds()
        return ((now - (started ?? now)) * 1000).rounded() / 1000
    }

    /// A generation forms.
    package func begin() { started = started ?? Clock.monotonicSeconds() }

    /// Carries out what an effect asks of the metrics and the log.
    package func take(_ effect: RunProgress.Effect) throws {
        switch effect {
        case .stepDone(let step):
            var summary = StepSummary(step)
            summary.epochValues = step.epochTotals.named
            log.record(.training(.stepFinished(summary)))
        case .stepLogged(let step):
            let event = RunEvent.training(.stepLogged(StepSummary(step, plan)))
            try record(event, heldAt: isAudited ? step.step : nil)
        case .epochDone(let epoch):
            let summary = EpochSummary(epoch, epochs: plan.job.epochs, seconds: seconds)
            try record(.training(.epochFinished(summary)))
        case .confirmed(let step):
            try metrics.confirm(through: step)
            metrics.forget(before: step)
            for (_, event) in held.prefix(while: { $0.step <= step }) { log.record(event) }
            held.removeAll { $0.step <= step }
        case .evaluated(let evaluation):
            log.record(
                .training(
                    .evaluationFinished(
                        set: "\(evaluation.set)", step: evaluation.step, values: evaluation.totals.named)))
        case .snapshotTaken(let snapshot):
            log.record(.checkpoint(.snapshotCompleted(step: snapshot.step)))
        case .decided: break
        }
    }

    /// Drops the lines of steps after the newest snapshot, which were computed wrongly.
    package func retract() {
        metrics.retract()
        held = []
    }

    /// Records an event that is a line of `metrics.jsonl`, unless a replay has come to it again.
    ///
    /// - Parameter step: an audit may still take back the line of this step, and the event waits; nil: it is
    ///   certain.
    /// - Throws: `ReplayDiffers`, or `SystemError` if too many lines wait for room on the disk.
    package func record(_ event: RunEvent, heldAt step: Int? = nil) throws {
        defer { tellOfWaiting() }
        if let line = MetricsLine.line(of: event) {
            guard try metrics.write(line, isCertain: step == nil) else { return }
        }
        if let step { held.append((step, event)) } else { log.record(event) }
    }

    /// Tries to write the lines that wait for room on the disk. Returns the reason if they still do.
    @discardableResult
    package func writeWaiting() -> String? {
        defer { tellOfWaiting() }
        do { try metrics.file.flush() } catch { return "\(error)" }
        return nil
    }

    /// Returns when all lines are on the disk, or the reason why they are not.
    package func synchronize() -> String? {
        defer { tellOfWaiting() }
        do { try metrics.file.synchronize() } catch { return "\(error)" }
        return nil
    }

    /// Tells that lines begin to wait, and that they are written.
    private func tellOfWaiting() {
        let backlog = metrics.file.backlog
        guard (backlog != nil) != isWaiting else { return }
        isWaiting = backlog != nil
        let file = Path.name(of: metrics.file.path)
        let event: RunEvent.Records =
            if let backlog {
                .waiting(file: file, limitBytes: metrics.file.limit, reason: backlog.reason)
            } else { .caughtUp(file: file) }
        log.record(.records(event))
    }

    /// The run has ended: what still waits is lost.
    package func end() {
        guard writeWaiting() != nil, let backlog = metrics.file.backlog else { return }
        let file = Path.name(of: metrics.file.path)
        log.record(.records(.lost(file: file, lines: backlog.lines, reason: backlog.reason)))
    }
}

extension StepSummary {
    init(_ step: RunProgress.StepDone) {
        self.init(
            step: step.step, epoch: step.epoch, samples: Int(step.report.samples), values: step.report.named,
            learningRate: step.learningRate, seconds: step.seconds)
    }

    /// The summary of a logged step, with the diagnostics that the job asks for.
    fileprivate init(_ step: RunProgress.StepDone, _ plan: TrainingPlan) {
        self.init(step)
        guard !step.diagnostics.isEmpty else { return }
        let (gradients, deadUnits) = plan.named(step.diagnostics)
        self.gradients = gradients.map {
            GradientNorms($0.name, l1: $0.norms[0], l2: $0.norms[1], linf: $0.norms[2])
        }
        self.deadUnits = deadUnits.map { NamedValue($0.name, $0.fraction) }
    }
}

extension EpochSummary {
    fileprivate init(_ epoch: RunProgress.EpochDone, epochs: Int, seconds: Double) {
        self.init(
            epoch: epoch.epoch, epochs: epochs, step: epoch.step, train: epoch.train.named,
            penalty: epoch.penalty, validation: epoch.validation?.named ?? [],
            stoppedEarly: epoch.stoppedEarly, isBest: epoch.isBest, seconds: seconds)
    }
}

extension Totals {
    /// Loss and metrics, as events carry them.
    fileprivate var named: [NamedValue] { values.map { NamedValue($0.name, $0.value) } }
}
