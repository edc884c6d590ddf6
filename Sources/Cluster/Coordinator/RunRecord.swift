import Configuration
import NeuralNetwork
import Runs
import System
import Telemetry
import Training

/// Writes the progress of a run into `metrics.jsonl` and shows it on the console. Belongs to the coordinator's
/// loop.
package final class RunRecord {
    private let plan: TrainingPlan
    private let metrics: MetricsLog
    private let reporter: ProgressReporter
    /// True if an audit may take back everything after the newest snapshot.
    private let isAudited: Bool
    /// When the first generation formed: waiting for workers is not training.
    private var started: Double?

    package init(plan: TrainingPlan, metrics: MetricsLog, reporter: ProgressReporter, isAudited: Bool = false)
    {
        self.plan = plan
        self.metrics = metrics
        self.reporter = reporter
        self.isAudited = isAudited
    }

    /// Seconds since the first generation formed, to the millisecond.
    package var seconds: Double {
        let now = Clock.monotonicSeconds()
        return ((now - (started ?? now)) * 1000).rounded() / 1000
    }

    /// A generation forms.
    package func begin() { started = started ?? Clock.monotonicSeconds() }

    /// Carries out what an effect asks of metrics and console.
    package func take(_ effect: RunProgress.Effect) throws {
        switch effect {
        case .stepDone(let step): show(step)
        case .stepLogged(let step): try metrics.write(line(step), isCertain: !isAudited)
        case .epochDone(let epoch): try write(epoch)
        case .confirmed(let step):
            try metrics.confirm(through: step)
            metrics.forget(before: step)
        case .evaluated, .decided, .snapshotTaken: break
        }
    }

    /// Drops the lines of steps after the newest snapshot, which were computed wrongly.
    package func retract() { metrics.retract() }

    /// Writes a line about the times of an epoch. Such lines are never compared.
    func write(timing line: ConfigValue) throws { try metrics.write(line) }

    /// Names the worker that is slow from now on, and its part of the others' speed; nil: nobody is.
    func straggler(_ name: String?, speed: Double) { reporter.straggler(name, speed: speed) }

    /// Ends what the console shows.
    func finish() { reporter.finish() }

    private func show(_ step: RunProgress.StepDone) {
        reporter.update(
            epoch: step.epoch, step: step.step, samples: Int(step.report.samples), loss: step.report.loss,
            metrics: step.report.shown)
    }

    private func write(_ epoch: RunProgress.EpochDone) throws {
        let isNew = try metrics.write(line(epoch))
        try metrics.synchronize()
        guard isNew else { return }
        reporter.endEpoch(
            EpochSummary(
                epoch: epoch.epoch, epochs: plan.job.epochs, loss: epoch.train.loss,
                metrics: epoch.train.shown,
                validation: epoch.validation.map { [NamedValue("loss", $0.loss)] + $0.shown } ?? [],
                samplesPerSecond: nil, seconds: seconds))
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

extension Totals {
    /// The metrics without the loss, as the console shows them.
    fileprivate var shown: [NamedValue] { values.dropFirst().map { NamedValue($0.name, $0.value) } }
}
