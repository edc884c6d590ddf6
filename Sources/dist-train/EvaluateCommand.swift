import Checkpoints
import Configuration
import Datasets
import Kernels
import Runs
import System
import Training

extension Commands {
    static let evaluate = Command(
        name: "evaluate", arguments: "RUN_OR_CHECKPOINT…",
        summary:
            "Measure trained models on a data set, with the same bits as during the training.\nOf a run directory the best checkpoint counts, or else the newest; of several, also what they answer together.",
        options: [
            Option(
                name: "--data", value: "WHICH",
                help:
                    "train, validation or test of the job (default: test, or else validation);\na file or directory; or a source as in a config: '{csv: {path: \"x.csv\"}}'"
            ),
            .lanes, .set, .json,
        ],
        example: "dist-train evaluate runs/digits-mlp-20260101-120000 --data validation"
    ) { arguments in
        let models = try TrainedModels(arguments, "evaluate")
        let lanes = LanePool(lanes: try arguments.integer("--lanes", 1...1024) ?? Processor.cores)
        defer { lanes.close() }
        let (name, dataset) = try EvaluationData(models.all, asked: arguments.string("--data")).read()
        let result = try ModelEvaluation(models.all, lanes: lanes).run(on: dataset)
        print(
            arguments.has("--json")
                ? json(result, models.all, name).prettyJSON() : text(result, models.all, name))
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
            ("metrics", RunResult.metrics(result.whole)),
            ("members", .array(members)),
        ])
    }

    private static func text(_ result: ModelEvaluation.Result, _ models: [TrainedModel], _ name: String)
        -> String
    {
        var rows = zip(models, result.members).map { ("\($0.path)", $1) }
        if models.count > 1 { rows.append(("all \(models.count) together", result.whole)) }
        let width = rows.map { $0.0.count }.max() ?? 0
        let lines = rows.map { "  \(TextFormat.left($0.0, width))  \(metrics($0.1))" }
        let confusion = result.whole.confusionMatrix.map {
            [
                "  confusion matrix:",
                ConfusionTable.text($0, classNames: models[0].state.classNames ?? [], indent: 4),
            ]
        }
        return (["\(name): \(TextFormat.count(result.samples, "sample"))"] + lines + (confusion ?? []))
            .joined(separator: "\n")
    }

    private static func metrics(_ totals: Totals) -> String {
        totals.values.map { "\($0.name) \(TextFormat.measure($0.value))" }.joined(separator: "   ")
    }
}

extension Option {
    static let lanes = Option(name: "--lanes", value: "L", help: "compute threads (default: all cores)")
}
