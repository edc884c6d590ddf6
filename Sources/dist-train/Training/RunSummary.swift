import Runs
import System
import Training

/// The result of a run as people read it.
struct RunSummary {
    private let result: RunResult
    private let setup: RunSetup

    init(of result: RunResult, _ setup: RunSetup) {
        self.result = result
        self.setup = setup
    }

    var text: String {
        let lines: [String?] = [
            headline,
            values("train", result.train), objective, values("validation", result.validation),
            values("test", result.test),
            confusion("validation", result.validation), confusion("test", result.test),
            stopped, best,
            "  state_sha256 \(result.stateSHA256)",
            "  platform     \(result.platform)"
                + (result.isExact ? "" : " (not exact: workers of other platforms took part)"),
            "  results in   \(setup.directory.path)",
        ]
        return lines.compactMap { $0 }.joined(separator: "\n")
    }

    private var headline: String {
        let steps = TextFormat.count(result.steps, "step")
        let epochs = TextFormat.count(result.epochs, "epoch")
        let workers = TextFormat.count(result.workers, "worker")
        let part = result.secondsSinceResume.map {
            ", \(TextFormat.duration($0)) of it since it was resumed"
        }
        let recoveries =
            result.recoveries == 0
            ? "" : "; recovered \(TextFormat.count(result.recoveries, "time")) from the loss of a worker"
        let time = TextFormat.duration(result.seconds) + (part ?? "") + recoveries
        return "\(setup.job.job.name): \(steps) (\(epochs)) with \(workers) in \(time)"
    }

    private func values(_ name: String, _ totals: Totals?) -> String? {
        totals.map { "  \(TextFormat.left(name, 12)) \($0.line)" }
    }

    /// The value that is minimized: loss and penalty. Scikit-learn's regressions take half of it.
    private var objective: String? {
        guard let loss = result.train?.loss, let penalty = result.penalty else { return nil }
        let whole = TextFormat.measure(loss + penalty)
        let half =
            setup.job.job.loss.kind == .meanSquaredError
            ? ", in scikit-learn's scaling \(TextFormat.measure((loss + penalty) / 2))" : ""
        return "  objective    \(whole) with a penalty of \(TextFormat.measure(penalty))\(half)"
    }

    private var stopped: String? {
        guard result.stoppedEarly == true, let rule = setup.job.job.earlyStopping else { return nil }
        let evaluations = TextFormat.count(rule.patience, "evaluation")
        return "  stopped      early: \(rule.monitor.name) did not improve in \(evaluations)"
    }

    /// The checkpoint that is kept as the best: `evaluate` and `predict` use it.
    private var best: String? {
        guard let best = result.best else { return nil }
        let step = TextFormat.grouped(best.step)
        return "  best         \(best.monitor) \(TextFormat.measure(best.value)) in epoch"
            + " \(TextFormat.grouped(best.epoch)) (step \(step)), kept beside the last checkpoint"
    }

    private func confusion(_ name: String, _ totals: Totals?) -> String? {
        let classes = setup.data.train.classNames ?? []
        return totals?.confusionMatrix.map {
            "  \(name)'s confusion matrix:\n" + ConfusionTable.text($0, classNames: classes, indent: 4)
        }
    }
}
