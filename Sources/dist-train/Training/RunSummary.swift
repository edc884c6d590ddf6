import Jobs
import Runs
import System
import Telemetry
import Training

/// The result of a run as people read it.
struct RunSummary {
    private let result: RunResult
    private let setup: RunSetup
    private let style: TerminalStyle

    init(of result: RunResult, _ setup: RunSetup, style: TerminalStyle = .standardOutput) {
        self.result = result
        self.setup = setup
        self.style = style
    }

    /// - Parameter width: the columns of the terminal; nil: it goes into a file, which has no curve.
    func text(width: Int? = Console.standardOutputWidth) -> String {
        let lines: [String?] = [
            style.painted(headline, .bold), resumed, recovered,
            values("train", result.train), objective, values("validation", result.validation),
            values("test", result.test),
            confusion("validation", result.validation), confusion("test", result.test),
            stopped, best, checkpoint, missed, width.flatMap(curve),
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
        let time = TextFormat.duration(result.seconds)
        return "\(setup.job.job.name): \(steps) (\(epochs)) with \(workers) in \(time)"
    }

    private var resumed: String? {
        result.secondsSinceResume.map {
            "  resumed      after \(TextFormat.duration(max(0, result.seconds - $0))); it took"
                + " \(TextFormat.duration($0)) from there"
        }
    }

    private var recovered: String? {
        guard result.recoveries > 0 else { return nil }
        let times = result.recoveries == 1 ? "once" : TextFormat.count(result.recoveries, "time")
        return "  recovered    \(times) from the loss of a worker"
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

    private var best: String? {
        guard let best = result.best else { return nil }
        let text =
            "  best         \(best.monitor) \(TextFormat.measure(best.value)) in epoch"
            + " \(TextFormat.grouped(best.epoch)) (step \(TextFormat.grouped(best.step)))"
        return style.painted(text, .green)
    }

    /// The checkpoint that is kept as the best: `evaluate` and `predict` use it.
    private var checkpoint: String? { result.best.map { "  checkpoint   \($0.checkpoint)" } }

    /// The metric that counts: that of the best checkpoint, or else a loss.
    private var monitor: MetricMonitor? {
        let usual = result.validation == nil ? "train.loss" : "validation.loss"
        return MetricMonitor.parse(result.best?.monitor ?? usual)
    }

    /// The best epoch of a job that keeps no best checkpoint, if the end is worse.
    private var missed: String? {
        guard result.best == nil, result.validation != nil, let monitor else { return nil }
        var best: (epoch: Int, value: Double)?
        let course = RunEntry.course(of: monitor, path: setup.directory.path)
        for point in course where monitor.isBetter(point.value, than: best?.value) { best = point }
        guard let best, best.epoch < result.epochs else { return nil }
        let value = TextFormat.measure(best.value)
        return "  best         \(monitor.name) \(value) in epoch \(TextFormat.grouped(best.epoch)), which is"
            + " not kept:\n               `checkpoint.best=\(monitor.name)` keeps it"
    }

    /// The course of the metric that counts, an epoch or some of them a character.
    private func curve(width: Int) -> String? {
        guard style.canRedraw, let monitor else { return nil }
        let values = RunEntry.course(of: monitor, path: setup.directory.path).map(\.value)
        guard values.count > 1, let first = values.first, let last = values.last else { return nil }
        let text = " \(monitor.name) \(TextFormat.measure(first)) to \(TextFormat.measure(last))"
        let room = width - 1 - 15
        let fits = room - text.count >= 8
        let spark = Sparkline.text(
            values, width: min(40, fits ? room - text.count : room), isUnicode: style.isUnicode)
        return "  curve        " + style.painted(spark, .cyan) + (fits ? text : "")
    }

    private func confusion(_ name: String, _ totals: Totals?) -> String? {
        let classes = setup.data.train.classNames ?? []
        return totals?.confusionMatrix.map {
            "  \(name)'s confusion matrix:\n" + ConfusionTable.text($0, classNames: classes, indent: 4)
        }
    }
}
