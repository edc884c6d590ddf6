import Configuration
import Kernels
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
            """,
        options: [
            Option(
                name: "--data", value: "WHICH",
                help: """
                    train, validation or test of the job (default: test, or else validation);
                    a file or directory; or a source as in a config: '{csv: {path: "x.csv"}}'
                    """),
            .lanes, .set, .json,
        ],
        example: "dist-train evaluate runs/digits-mlp-20260101-120000 --data validation", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let models = try TrainedModels(arguments).all
        let lanes = LanePool(lanes: try arguments.integer("--lanes", 1...1024) ?? Processor.cores)
        defer { lanes.close() }
        let (name, dataset) = try EvaluationData(models, named: arguments.string("--data")).read()
        let result = try ModelEvaluation(models, lanes: lanes).run(on: dataset)
        print(
            arguments.has("--json") ? json(result, models, name).prettyJSON() : text(result, models, name))
        return 0
    }

    private static func json(_ result: ModelEvaluation.Result, _ models: [TrainedModel], _ name: String)
        -> ConfigValue
    {
        let members = zip(models, result.members).map { model, totals in
            ConfigValue.object([
                ("checkpoint", .string(model.path)), ("step", .int(model.step)),
                ("metrics", RunResult.metrics(totals)),
            ])
        }
        return .object([
            ("data", .string(name)), ("samples", .int(result.samples)),
            ("metrics", RunResult.metrics(result.whole)), ("members", .array(members)),
        ])
    }

    private static func text(_ result: ModelEvaluation.Result, _ models: [TrainedModel], _ name: String)
        -> String
    {
        var rows = zip(models, result.members).map { (name: $0.path, totals: $1) }
        if models.count > 1 { rows.append(("all \(models.count) together", result.whole)) }
        let width = rows.map(\.name.count).max() ?? 0
        var lines = ["\(name): \(TextFormat.count(result.samples, "sample"))"]
        lines += rows.map { "  \(TextFormat.left($0.name, width))  \($0.totals.line)" }
        if let matrix = result.whole.confusionMatrix {
            let classes = models[0].state.classNames ?? []
            lines += ["  confusion matrix:", ConfusionTable.text(matrix, classNames: classes, indent: 4)]
        }
        return lines.joined(separator: "\n")
    }
}

extension Totals {
    /// The values on one line: `loss 0.1234   accuracy 0.9500`.
    var line: String { values.map { "\($0.name) \(TextFormat.measure($0.value))" }.joined(separator: "   ") }
}
