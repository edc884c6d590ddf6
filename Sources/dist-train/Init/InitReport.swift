import Datasets
import System
import Telemetry

/// The account that `init` gives of the data and its choices: a comment in the config, and the terminal.
struct InitReport {
    private let path: String
    private let facts: DatasetReport
    private let source: InitSource

    init(_ path: String, _ facts: DatasetReport, _ source: InitSource) {
        self.path = path
        self.facts = facts
        self.source = source
    }

    /// The comment at the beginning of the config.
    var header: [String] {
        (["Made by: dist-train init \(path)", size] + choices).map {
            LogFormat.printable($0, lineBreak: " ")
        }
    }

    private var size: String {
        let samples = TextFormat.count(facts.form.count, "sample")
        if let text = source.text { return sequences(samples, text.task) }
        let features =
            facts.isImage
            ? "images of \(facts.form.sampleShape[1]) × \(facts.form.sampleShape[0]) pixels"
                + (facts.form.sampleShape[2] == 1 ? "" : ", \(facts.form.sampleShape[2]) channels")
            : TextFormat.count(facts.form.sampleShape.reduce(1, *), "feature")
        return "\(samples), \(features), \(outputs)"
    }

    private func sequences(_ samples: String, _ task: TextDraft.Task) -> String {
        let stream = facts.form.stream
        let tokens = TextFormat.count(stream?.positions ?? 0, "token")
        let kinds = TextFormat.count(stream?.vocabulary ?? 0, "different one")
        let length = facts.form.sampleShape[0]
        switch task {
        case .continuation: return "\(tokens), \(kinds); \(samples) of \(length)"
        case .answers, .classes:
            let classes = task == .classes ? ", \(outputs)" : ""
            return "\(samples) of at most \(length) tokens; \(tokens), \(kinds)\(classes)"
        }
    }

    private var outputs: String {
        guard facts.isClassification else {
            return facts.target.map {
                "a target with mean \(TextFormat.measure($0.mean)) and standard deviation"
                    + " \(TextFormat.measure($0.deviation))"
            } ?? TextFormat.count(facts.form.targets.width, "target")
        }
        let classes = TextFormat.count(facts.classes.count, "class", plural: "classes")
        guard facts.classes.count <= 10 else { return classes }
        return "\(classes) (\(facts.classes.map { "\($0.name): \($0.count)" }.joined(separator: ", ")))"
    }

    /// The choices about a table, each with the way to change it.
    private var choices: [String] {
        if let text = source.text { return text.choices }
        guard let table = source.table else { return [] }
        var lines: [String] = []
        if let reason = table.targetReason {
            lines.append("target: `\(table.target)` (\(reason)); another one: --target NAME")
        }
        let other = table.isClassification ? "regression" : "classification"
        let task = table.isClassification ? "classes" : "a value"
        lines.append(
            "task: \(task) (\(table.taskReason)); the other: task: \"\(other)\", and a loss that suits it")
        lines += table.ignored.prefix(10).map { "left out: `\($0.name)`, which \($0.reason)" }
        if table.ignored.count > 10 { lines.append("left out: \(table.ignored.count - 10) more columns") }
        switch table.missingCells {
        case .mean: lines.append("missing cells: the column's mean, or the most frequent category")
        case .drop: lines.append("rows with a missing cell are left out, because some have no target")
        case .error: break
        }
        return lines
    }

    /// The lines for the terminal.
    func lines(writing output: String, _ draft: ConfigDraft) -> [String] {
        let name = InitCommand.baseName(output == "-" ? path : output)
        let config = output == "-" ? "CONFIG" : Self.word(output)
        let run = "runs/\(name)"
        return ["\(output == "-" ? "" : "wrote \(output): ")\(size)"] + choices.map { "  \($0)" } + [
            "next:", "  dist-train run \(config) --run-dir \(run)", "  dist-train evaluate \(run)",
            "  dist-train \(use(run))",
        ]
    }

    /// The command that uses the model.
    private func use(_ run: String) -> String {
        switch source.text?.task {
        case .continuation: "generate \(run)"
        case .answers: "generate \(run) --prompt …"
        case .classes, nil:
            "predict \(run) \(source.input.map { "--input \(Self.word($0))" } ?? "--data test")"
        }
    }

    /// A word for a shell.
    private static func word(_ text: String) -> String { ShellWords.quoted(text) }
}
