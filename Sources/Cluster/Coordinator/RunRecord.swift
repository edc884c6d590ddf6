import System
import Telemetry
import Training

/// Writes the progress of a run into `metrics.jsonl`, and records it as events. Belongs to the coordinator's
/// loop.
package final class RunRecord {
    private let plan: TrainingPlan
    private let metrics: MetricsLog
    /// Nil where nobody reads it.
    private let table: MetricsTable?
    private let log: Log
    /// True if an audit may take back everything after the newest snapshot.
    private let isAudited: Bool
    /// Seconds of training before this run was resumed.
    private let earlierSeconds: Double
    /// When the first generation formed: waiting for workers is not training.
    private var started: Double?

    package init(
        plan: TrainingPlan, metrics: MetricsLog, table: MetricsTable? = nil, log: Log,
        isAudited: Bool = false, earlierSeconds: Double = 0
    ) {
        self.plan = plan
        self.metrics = metrics
        self.table = table
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
            try record(.training(.stepLogged(StepSummary(step, plan))), isCertain: !isAudited)
        case .epochDone(let epoch):
            let summary = EpochSummary(epoch, epochs: plan.job.epochs, seconds: seconds)
            if try record(.training(.epochFinished(summary))) { try table?.add(summary) }
            try metrics.synchronize()
        case .confirmed(let step):
            try metrics.confirm(through: step)
            metrics.forget(before: step)
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
    package func retract() { metrics.retract() }

    /// Records an event that is a line of `metrics.jsonl`, unless a replay has come to it again. Returns
    /// whether it was recorded.
    ///
    /// - Parameter isCertain: false: an audit may still take the line back.
    /// - Throws: `ReplayDiffers`, or an error of the file.
    @discardableResult
    func record(_ event: RunEvent, isCertain: Bool = true) throws -> Bool {
        if let line = MetricsLine.line(of: event) {
            guard try metrics.write(line, isCertain: isCertain) else { return false }
        }
        log.record(event)
        return true
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
