import Configuration
import Datasets
import Pages
import Runs
import System
import Training

/// `README.md` of a run directory: what the model is, what it learned from, how good it is and where it may
/// fail, how to use it and how to make it again. Readable as plain text.
package struct ModelCard {
    package static let fileName = "README.md"
    /// The first line of a card. A file without it is somebody's own, and stays.
    package static let marker =
        "<!-- Written by dist-train. It is written anew with the report, unless this line is missing. -->"

    private let entry: RunEntry
    private let models: ReportModels
    private let content: ReportContent
    private let facts: RunFacts
    private let program: String

    init(
        _ entry: RunEntry, _ models: ReportModels, _ content: ReportContent, _ facts: RunFacts,
        program: String
    ) {
        self.entry = entry
        self.models = models
        self.content = content
        self.facts = facts
        self.program = program
    }

    /// - Throws: `SystemError` if the file cannot be written.
    func write(to path: String) throws {
        if File.exists(path) {
            guard let text = try? File.readText(path, limit: 1 << 20), text.hasPrefix(Self.marker) else {
                return
            }
        }
        try File.writeAtomically(text, to: path, mode: 0o600)
    }

    var text: String {
        let parts = [
            [Self.marker, "# \(Markdown.text(facts.name))", introduction], chapter("What it is", identity),
            chapter("Data", data), chapter("Results", results), chapter("Limits", limits.map { "* \($0)" }),
            chapter("Use it", use), chapter("Make it again", again),
        ]
        return parts.map { $0.joined(separator: "\n\n") }.filter { !$0.isEmpty }.joined(separator: "\n\n")
            + "\n"
    }

    private func chapter(_ title: String, _ lines: [String]) -> [String] {
        lines.isEmpty ? [] : ["## \(title)", lines.joined(separator: "\n")]
    }

    private var plan: TrainingPlan? { models.plan }
    private var state: CheckpointState? { models.all.first?.state }

    private var introduction: String {
        let state =
            switch entry.ending {
            case .finished: "It was trained by dist-train to the end."
            case .running: "Its training by dist-train has not ended yet."
            case .stopped: "Its training by dist-train was stopped before its end."
            case .failed: "Its training by dist-train failed."
            case .interrupted: "Its training by dist-train was interrupted."
            }
        return "\(task) \(state)"
    }

    // MARK: What it is

    private var task: String {
        guard let plan, let state else { return "A run of dist-train that has no checkpoint." }
        let input = "from \(inputs)"
        switch plan.job.task {
        case .kMeans(let spec):
            return "\(TextFormat.count(spec.clusters, "cluster")) of samples with \(inputs), by k-means."
        case .principalComponents: return "The principal components of \(inputs)."
        case .training: break
        }
        if plan.job.data.target == .input { return "An autoencoder of \(inputs)." }
        switch RecordedPredictions.Kind(plan) {
        case .classes(let count):
            return "A classifier: one of \(TextFormat.count(count, "class", plural: "classes")) \(input)."
        case .answers(let count):
            return "A classifier: \(TextFormat.count(count, "yes-or-no answer")) \(input)."
        case .values(let count):
            let names = state.table?.target.columns.map(Markdown.text).joined(separator: ", ")
            return "A regression: \(names ?? TextFormat.count(count, "value")) \(input)."
        case nil:
            return "A language model: the next one of "
                + "\(TextFormat.count(plan.network.outputShape.channels, "token")) at every position."
        }
    }

    private var inputs: String {
        guard let shape = state?.sampleShape else { return "samples" }
        if shape.count == 3 {
            return "images of \(shape[0]) × \(shape[1]) pixels with \(TextFormat.count(shape[2], "channel"))"
        }
        if let table = state?.table { return TextFormat.count(table.columns.count, "column") + " of a table" }
        return shape.count == 1
            ? TextFormat.count(shape[0], "number")
            : "arrays of \(shape.map { "\($0)" }.joined(separator: " × "))"
    }

    private var identity: [String] {
        var rows: [[String]] = []
        if let model = facts.model {
            rows.append([
                "model",
                TextFormat.count(model.rows.count, "layer") + ", "
                    + TextFormat.count(model.parameters, "parameter"),
            ])
        }
        if models.all.count > 1 { rows.append(["ensemble", TextFormat.count(models.all.count, "member")]) }
        if let plan, plan.job.task == .training {
            rows.append(["loss", Markdown.text(plan.job.loss.kind.rawValue)])
        }
        if let best = entry.best {
            rows.append([
                "chosen by",
                "the best \(Markdown.text(best.metric)), \(TextFormat.measure(best.value)) in epoch"
                    + " \(TextFormat.grouped(best.epoch))",
            ])
        }
        rows += facts.environment.filter { Self.shown.contains($0.name) }.map {
            [Markdown.text($0.name), Markdown.text($0.value)]
        }
        return Markdown.table(["", ""], rows)
    }

    private static let shown = [
        "state_sha256", "numeric platform", "exact", "workers", "checkpoint", "started", "ended",
        "report made by",
    ]

    // MARK: Data

    private var data: [String] {
        guard let state else { return [] }
        var lines = content.sizes.map { "* \($0.set): \(TextFormat.count($0.samples, "sample"))" }
        if let names = state.classNames {
            lines.append(
                "* \(TextFormat.count(names.count, "class", plural: "classes")): \(Self.list(names))")
        }
        if let table = state.table {
            lines.append("* columns: \(Self.list(table.columns.map(\.name)))")
            if state.classNames == nil { lines.append("* predicted: \(Self.list(table.target.columns))") }
        }
        return lines + ["* content hash: \(state.data)"]
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(20).map(Markdown.text).joined(separator: ", ")
        return names.count > 20 ? "\(shown), … (\(TextFormat.grouped(names.count)))" : shown
    }

    // MARK: Results

    private var results: [String] {
        let measured = content.measured.flatMap { part in
            part.figures.map { figure in
                [
                    part.set, Markdown.text(figure.name), TextFormat.measure(figure.value),
                    figure.interval.map {
                        "\(TextFormat.measure($0.lowerBound)) … \(TextFormat.measure($0.upperBound))"
                    } ?? "",
                ]
            }
        }
        let known =
            measured.isEmpty
            ? content.figures(of: entry).map {
                [$0.set, Markdown.text($0.name), TextFormat.measure($0.value), ""]
            }
            : measured
        guard !known.isEmpty else { return [] }
        let basis = content.measured.map { "Measured on \($0.samples)." }
        return Markdown.table(["set", "measure", "value", "95 % interval"], known)
            + (basis.isEmpty ? [] : [""] + basis)
    }

    // MARK: Limits

    private var limits: [String] {
        guard !models.all.isEmpty else { return [] }
        var limits: [String] = []
        let sets = content.measured.map(\.set)
        if !sets.contains("test") {
            limits.append(
                sets.contains("validation")
                    ? "It was not measured on a test set. The validation set may have been used to choose it,"
                        + " so that the figures may be too good."
                    : "It was not measured on data that it has not seen.")
        }
        limits.append(
            "The figures hold for data of the same origin. On other data, measure it first:"
                + " `dist-train evaluate` with `--data`.")
        limits.append("It expects \(inputs), in the unit of the training data.")
        if let imbalance = content.imbalance {
            limits.append(
                "The largest class of the training set has \(TextFormat.fixed(imbalance, 1)) times the"
                    + " samples of the smallest, so that it may know small classes badly.")
        }
        limits += content.dataNotes.map(Markdown.text)
        if entry.result?["exact"] == .bool(false) {
            limits.append(
                "Machines of different numeric platforms took part: a repetition may differ in the last bits."
            )
        }
        return limits
    }

    // MARK: Use

    private var path: String { ShellWords.quoted(facts.directory) }

    private var use: [String] {
        guard plan != nil else { return [] }
        let isNetwork = plan?.job.task == .training
        let served = ["dist-train serve \(path)"]
        let exported = ["dist-train export \(path) --onnx model.onnx"]
        let lines =
            ["dist-train predict \(path) --input FILE"] + (isNetwork ? served : [])
            + (isNetwork && models.all.count == 1 ? exported : [])
        return lines.map(Markdown.code)
    }

    private var again: [String] {
        var lines = [Markdown.code(facts.command ?? "")]
        if let hash = entry.result?["state_sha256"]?.text {
            lines += [
                "", "On the numeric platform above it ends with state\\_sha256", "",
                Markdown.code(hash), "", "however many workers take part.",
            ]
        }
        return lines + ["", "The job as it was, with all defaults: job.json5 beside this file."]
    }
}
