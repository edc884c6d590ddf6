import Configuration
import Datasets
import Kernels
import Metrics
import Runs
import System
import Training

enum EvaluateCommand {
    static let command = Command(
        name: "evaluate", arguments: "RUN_OR_CHECKPOINT…",
        summary: """
            Measure trained models on a data set.
            The values have the same bits as during the training.
            Of a run directory the best checkpoint counts, or else the newest; of several, also what they \
            answer together.
            For classes it reports precision, recall and F1 of each class, areas under curves, log-loss, \
            Brier score and calibration; for values R², errors and residuals; all with 95 % intervals.
            """,
        options: [
            Option(
                name: "--data", value: "WHICH",
                help: """
                    train, validation or test of the job (default: test, or else validation);
                    a file or directory; or a source as in a config: '{csv: {path: "x.csv"}}'
                    """),
            Option(
                name: "--metrics", value: "LIST",
                help: """
                    only these, such as f1,confusion_matrix,auc; a wrong name shows all that there are
                    """),
            Option(
                name: "--mistakes", value: "FILE",
                help: """
                    write a CSV of the samples that are predicted wrong, the worst first;
                    of values, all samples, by the absolute error
                    """),
            Option(
                name: "--importance", value: "[N]",
                help: """
                    for tables: what shuffling each column, N times (default 5), costs of the accuracy,
                    or of R²
                    """),
            Option(
                name: "--stride", value: "N",
                help: """
                    of a text: score N tokens with each window, and let it read those before them; the
                    smaller, the more context each token has (default: as the job says, or else windows
                    that lie side by side)
                    """),
            .lanes, .set, .json,
        ],
        example: "dist-train evaluate runs/digits-mlp-20260101-120000 --data validation", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let models = try TrainedModels(arguments).all
        let requested = try requestedMetrics(arguments, models[0])
        let lanes = LanePool(lanes: try arguments.integer("--lanes", 1...1024) ?? Processor.cores)
        defer { lanes.close() }
        let stride = try arguments.integer("--stride", 1...TextData.mostPositions)
        let (name, data) = try EvaluationData(models, named: arguments.string("--data"), stride: stride)
            .read()
        models[0].warnOfUnits(of: data.dataset, named: name)
        let result = try ModelEvaluation(models, lanes: lanes).run(on: data.dataset)
        if let path = arguments.string("--mistakes") { try writeMistakes(result, models[0], data, to: path) }
        let importance = try repeats(arguments).map {
            let importance = try PermutationImportance(models, repeats: $0, lanes: lanes)
            return ImportanceTable(importance, try importance.measure(on: data.dataset, result))
        }
        let evaluation = Evaluation(
            models: models, name: name, result: result, requested: requested,
            text: scoredText(data.dataset, models[0]), importance: importance)
        print(arguments.has("--json") ? evaluation.json.prettyJSON() : evaluation.lines)
        return 0
    }

    /// The text that a language model was measured on; nil for other models, and for words, which do not have
    /// what is between them.
    private static func scoredText(_ data: Dataset, _ model: TrainedModel) -> ScoredText? {
        guard data.form.targets == .nextToken, let tokenizer = model.state.encoding.tokenizer,
            tokenizer.kind != .words, model.job.job.loss.labelSmoothing == 0, !model.job.job.loss.isWeighted
        else { return nil }
        return ScoredText(data, tokenizer)
    }

    /// The value of `--metrics`, checked before anything is computed; nil for a job that trains no network.
    private static func requestedMetrics(_ arguments: Arguments, _ model: TrainedModel) throws
        -> RequestedMetrics?
    {
        let plan = model.job.job.task == .training ? try model.plan() : nil
        guard let plan, let kind = RecordedPredictions.Kind(plan) else {
            guard !arguments.has("--metrics") else {
                throw UsageError("--metrics is for models that predict classes or values")
            }
            return nil
        }
        return try RequestedMetrics(
            arguments.string("--metrics"), for: kind, areProbabilities: plan.predictsProbabilities)
    }

    /// The number of repeats that `--importance` asks for; nil without the option.
    private static func repeats(_ arguments: Arguments) throws -> Int? {
        guard let text = arguments.string("--importance") else { return nil }
        return text.isEmpty
            ? PermutationImportance.defaultRepeats : try arguments.integer("--importance", 1...1000)
    }

    private static func writeMistakes(
        _ result: ModelEvaluation.Result, _ model: TrainedModel, _ data: DataPart, to path: String
    ) throws {
        guard let predictions = result.predictions else {
            throw UsageError(
                "--mistakes is for models that predict classes or values, of at most "
                    + "\(TextFormat.grouped(RecordedPredictions.mostNumbers)) numbers in all")
        }
        let names = RecordedPredictions.names(predictions.kind, model.state)
        try Mistakes(predictions, named: names, of: data, offsets: model.state.encoding.targetOffsets)
            .write(to: path)
    }

    /// The results of models on a data set.
    private struct Evaluation {
        let models: [TrainedModel]
        let name: String
        let result: ModelEvaluation.Result
        let requested: RequestedMetrics?
        /// The text that a language model was measured on.
        let text: ScoredText?
        let importance: ImportanceTable?

        /// The report of one model, or of all together; nil without predictions.
        private func report(_ predictions: RecordedPredictions?) -> EvaluationReport? {
            guard let predictions, let requested else { return nil }
            let names = RecordedPredictions.names(predictions.kind, models[0].state)
            return EvaluationReport(predictions, named: names, requested)
        }

        var json: ConfigValue {
            let whole = report(result.predictions)
            let members = models.indices.map { index in
                let named =
                    models.count == 1 ? whole : isAsked ? report(result.memberPredictions[index]) : nil
                return ConfigValue.object([
                    ("checkpoint", .string(models[index].path)), ("step", .int(models[index].step)),
                    ("metrics", metrics(result.members[index], named)),
                ])
            }
            return .object(
                [
                    ("data", .string(name)), ("samples", .int(result.samples)),
                    ("metrics", metrics(result.whole, whole)), ("members", .array(members)),
                ] + (whole.map { [("report", $0.value)] } ?? [])
                    + (importance.map { [("importance", $0.value)] } ?? []))
        }

        private var isAsked: Bool { requested?.named.isEmpty == false }

        /// The job's metrics, and those of the command line that it does not have.
        private func metrics(_ totals: Totals, _ report: EvaluationReport?) -> ConfigValue {
            let known = RunResult.metricMembers(totals) + bits(totals).map { ($0.name, .number($0.value)) }
            let more = report?.namedMembers.filter { member in !known.contains { $0.0 == member.0 } } ?? []
            return .object(known + more)
        }

        /// Bits for each byte and character of a text.
        private func bits(_ totals: Totals) -> [(name: String, value: Double)] {
            guard let bits = text?.bits(ofNats: totals.loss) else { return [] }
            return [("bits_per_byte", bits.perByte), ("bits_per_character", bits.perCharacter)]
        }

        var lines: String {
            var rows = zip(models, result.members).map { (name: $0.path, totals: $1) }
            if models.count > 1 { rows.append(("all \(models.count) together", result.whole)) }
            let width = rows.map(\.name.count).max() ?? 0
            var lines = ["\(name): \(TextFormat.count(result.samples, "sample"))"]
            lines += rows.map { row in
                let values = row.totals.values + bits(row.totals)
                return "  \(TextFormat.left(row.name, width))  \(Self.line(values))"
            }
            if !isAsked, let matrix = result.whole.confusionMatrix {
                let classes = models[0].state.classNames ?? []
                lines += ["  confusion matrix:", ConfusionTable.text(matrix, classNames: classes, indent: 4)]
            }
            if let report = report(result.predictions) { lines += ["", report.text(indent: 2)] }
            if let importance { lines += ["", importance.text(indent: 2)] }
            return lines.joined(separator: "\n")
        }

        /// The values on one line: `loss 0.1234   accuracy 0.9500`.
        private static func line(_ values: [(name: String, value: Double)]) -> String {
            values.map { "\($0.name) \(TextFormat.measure($0.value))" }.joined(separator: "   ")
        }
    }
}
