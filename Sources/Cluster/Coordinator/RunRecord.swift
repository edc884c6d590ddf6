import Configuration
import NeuralNetwork
import Runs
import System
import Telemetry
import Training

/// Writes the progress of a run into `metrics.jsonl`, and records it as events. Belongs to the coordinator's
/// loop.
package final class RunRecord {
    private let plan: TrainingPlan
    private let metrics: MetricsLog
    private let log: Log
    /// True if an audit may take back everything after the newest snapshot.
    private let isAudited: Bool
    /// When the first generation formed: waiting for workers is not training.
    private var started: Double?

    package init(plan: TrainingPlan, metrics: MetricsLog, log: Log, isAudited: Bool = false) {
        self.plan = plan
        self.metrics = metrics
        self.log = log
        self.isAudited = isAudited
    }

    /// Seconds since the first generation formed, to the millisecond.
    package var seconds: Double {
        let now = Clock.monotonicSeconds()
        return ((now - (started ?? now)) * 1000).rounded() / 1000
    }

    /// A generation forms.
    package func begin() { started = started ?? Clock.monotonicSeconds() }

    /// Carries out what an effect asks of the metrics and the log.
    package func take(_ effect: RunProgress.Effect) throws {
        switch effect {
        case .stepDone(let step): log.record(.training(.stepFinished(StepSummary(step))))
        case .stepLogged(let step): try metrics.write(line(step), isCertain: !isAudited)
        case .epochDone(let epoch): try write(epoch)
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

    /// Writes a line about the times of an epoch. Such lines are never compared.
    func write(timing line: ConfigValue) throws { try metrics.write(line) }

    private func write(_ epoch: RunProgress.EpochDone) throws {
        let isNew = try metrics.write(line(epoch))
        try metrics.synchronize()
        guard isNew else { return }
        log.record(
            .training(
                .epochFinished(
                    EpochSummary(
                        epoch: epoch.epoch, epochs: plan.job.epochs, step: epoch.step,
                        train: epoch.train.named, validation: epoch.validation?.named ?? [],
                        stoppedEarly: epoch.stoppedEarly, seconds: seconds))))
    }

    // MARK: Lines

    private func line(_ step: RunProgress.StepDone) -> ConfigValue {
        .object(
            [("step", .int(step.step)), ("epoch", .int(step.epoch))] + step.report.members
                + (step.learningRate.map { [("learning_rate", .number($0))] } ?? [])
                + diagnosticMembers(step.diagnostics) + [("seconds", .number(step.seconds))])
    }

    private func line(_ epoch: RunProgress.EpochDone) -> ConfigValue {
        let penalty = epoch.penalty.map { [("penalty", ConfigValue.number($0))] } ?? []
        return .object(
            [
                ("epoch", .int(epoch.epoch)), ("step", .int(epoch.step)),
                ("train", .object(epoch.train.members + penalty)),
                ("validation", epoch.validation.map { .object($0.members) } ?? .null),
            ]
                + (epoch.stoppedEarly ? [("stopped_early", .bool(true))] : [])
                + [("seconds", .number(seconds))])
    }

    private func diagnosticMembers(_ diagnostics: [Double]) -> [(String, ConfigValue)] {
        guard !diagnostics.isEmpty else { return [] }
        let (gradients, deadUnits) = plan.named(diagnostics)
        let norms = gradients.map { name, norms in
            (name, ConfigValue.object(zip(["l1", "l2", "linf"], norms).map { ($0, .number($1)) }))
        }
        return [
            ("gradients", .object(norms)),
            ("dead_units", .object(deadUnits.map { ($0.name, .number($0.fraction)) })),
        ]
    }
}

extension StepSummary {
    init(_ step: RunProgress.StepDone) {
        self.init(
            step: step.step, epoch: step.epoch, samples: Int(step.report.samples), values: step.report.named,
            learningRate: step.learningRate, seconds: step.seconds)
    }
}

extension Totals {
    /// Loss and metrics, as events carry them.
    fileprivate var named: [NamedValue] { values.map { NamedValue($0.name, $0.value) } }
}
