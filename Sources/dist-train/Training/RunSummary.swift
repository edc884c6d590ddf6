import Configuration
import Jobs
import Runs
import System
import Telemetry
import Training

/// The result of a run as people read it. It is made of what `result.json` says, so that it is the same
/// whenever it is shown.
struct RunSummary {
    /// The content of `result.json`.
    private let result: ConfigValue
    private let job: Job
    /// The run directory.
    private let directory: String
    private let style: TerminalStyle

    init(
        of result: ConfigValue, _ job: Job, in directory: String, style: TerminalStyle = .standardOutput
    ) {
        self.result = result
        self.job = job
        self.directory = directory
        self.style = style
    }

    /// - Parameter width: the columns of the terminal; nil: it goes into a file, which has no curve.
    func text(width: Int? = Console.standardOutputWidth) -> String {
        let lines: [String?] = [
            style.painted(headline, .bold), resumed, recovered,
            values("train"), objective, values("validation"), values("test"),
            confusion("validation"), confusion("test"),
            stopped, best, checkpoint, missed, width.flatMap(curve),
            "  state_sha256 \(result["state_sha256"]?.text ?? "")",
            "  platform     \(result["platform"]?.text ?? "")"
                + (result["exact"] == .bool(false)
                    ? " (not exact: workers of other platforms took part)" : ""),
            "  results in   \(directory)",
        ]
        return lines.compactMap { $0 }.joined(separator: "\n")
    }

    private func count(_ field: String) -> Int { result[field]?.integer ?? 0 }

    private var seconds: Double { result["seconds"]?.double ?? 0 }

    private var headline: String {
        let steps = TextFormat.count(count("steps"), "step")
        let epochs = TextFormat.count(count("epochs"), "epoch")
        let workers = TextFormat.count(count("workers"), "worker")
        return "\(job.name): \(steps) (\(epochs)) with \(workers) in \(TextFormat.duration(seconds))"
    }

    private var resumed: String? {
        result["seconds_since_resume"]?.double.map {
            "  resumed      after \(TextFormat.duration(max(0, seconds - $0))); it took"
                + " \(TextFormat.duration($0)) from there"
        }
    }

    private var recovered: String? {
        let recoveries = count("recoveries")
        guard recoveries > 0 else { return nil }
        let times = recoveries == 1 ? "once" : TextFormat.count(recoveries, "time")
        return "  recovered    \(times) from the loss of a worker"
    }

    /// The loss and the metrics of a set that are numbers; the penalty has a line of its own.
    private func values(_ set: String) -> String? {
        guard let members = result[set]?.members else { return nil }
        let values = members.compactMap { member in
            member.key == "penalty"
                ? nil : member.value.double.map { "\(member.key) \(TextFormat.measure($0))" }
        }
        return "  \(TextFormat.left(set, 12)) \(values.joined(separator: "   "))"
    }

    /// The value that is minimized: loss and penalty. Scikit-learn's regressions take half of it.
    private var objective: String? {
        guard let loss = result["train"]?["loss"]?.double, let penalty = result["train"]?["penalty"]?.double
        else { return nil }
        let whole = TextFormat.measure(loss + penalty)
        let half =
            job.loss.kind == .meanSquaredError
            ? ", in scikit-learn's scaling \(TextFormat.measure((loss + penalty) / 2))" : ""
        return "  objective    \(whole) with a penalty of \(TextFormat.measure(penalty))\(half)"
    }

    private var stopped: String? {
        guard result["stopped_early"] == .bool(true), let rule = job.earlyStopping else { return nil }
        let evaluations = TextFormat.count(rule.patience, "evaluation")
        return "  stopped      early: \(rule.monitor.name) did not improve in \(evaluations)"
    }

    private var best: String? {
        guard let best = result["best"], let monitor = best["monitor"]?.text,
            let value = best["value"]?.double, let epoch = best["epoch"]?.integer,
            let step = best["step"]?.integer
        else { return nil }
        let text =
            "  best         \(monitor) \(TextFormat.measure(value)) in epoch"
            + " \(TextFormat.grouped(epoch)) (step \(TextFormat.grouped(step)))"
        return style.painted(text, .green)
    }

    /// The checkpoint that is kept as the best: `evaluate` and `predict` use it.
    private var checkpoint: String? { result["best"]?["checkpoint"]?.text.map { "  checkpoint   \($0)" } }

    /// Whether there is a validation set.
    private var isValidated: Bool { result["validation"]?.members != nil }

    /// The metric that counts: that of the best checkpoint, or else a loss.
    private var monitor: MetricMonitor? {
        MetricMonitor.parse(
            result["best"]?["monitor"]?.text ?? (isValidated ? "validation.loss" : "train.loss"))
    }

    /// The best epoch of a job that keeps no best checkpoint, if the end is worse.
    private var missed: String? {
        guard result["best"] == nil, isValidated, let monitor else { return nil }
        var best: (epoch: Int, value: Double)?
        let course = RunEntry.course(of: monitor, path: directory)
        for point in course where monitor.isBetter(point.value, than: best?.value) { best = point }
        guard let best, best.epoch < count("epochs") else { return nil }
        let value = TextFormat.measure(best.value)
        return "  best         \(monitor.name) \(value) in epoch \(TextFormat.grouped(best.epoch)), which is"
            + " not kept:\n               `checkpoint.best=\(monitor.name)` keeps it"
    }

    /// The course of the metric that counts, an epoch or some of them a character.
    private func curve(width: Int) -> String? {
        guard style.canRedraw, let monitor else { return nil }
        let values = RunEntry.course(of: monitor, path: directory).map(\.value)
        guard values.count > 1, let first = values.first, let last = values.last else { return nil }
        let text = " \(monitor.name) \(TextFormat.measure(first)) to \(TextFormat.measure(last))"
        let room = width - 1 - 15
        let fits = room - text.count >= 8
        let spark = Sparkline.text(
            values, width: min(40, fits ? room - text.count : room), isUnicode: style.isUnicode)
        return "  curve        " + style.painted(spark, .cyan) + (fits ? text : "")
    }

    private func confusion(_ set: String) -> String? {
        guard let rows = result[set]?["confusion_matrix"]?.elements else { return nil }
        let matrix = rows.map { ($0.elements ?? []).map { $0.integer ?? 0 } }
        guard matrix.allSatisfy({ $0.count == matrix.count }) else { return nil }
        let names = (result["class_names"]?.elements ?? []).compactMap(\.text)
        return "  \(set)'s confusion matrix:\n" + ConfusionTable.text(matrix, classNames: names, indent: 4)
    }
}
