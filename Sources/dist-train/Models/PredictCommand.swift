import Datasets
import Kernels
import System

enum PredictCommand {
    static let command = Command(
        name: "predict", arguments: "RUN_OR_CHECKPOINT… --input FILE",
        summary: """
            Let a trained model answer: a line for every sample.
            Of a run directory the best checkpoint counts, or else the newest; several models answer by the \
            mean of their probabilities or values.
            """,
        options: [
            Option(
                name: "--input", value: "FILE",
                help: """
                    a table with the training table's columns in any order, texts (a .csv file with their
                    column, or a text on each line), - for such a table or lines from standard input, a PNG
                    or JPEG file, a directory of them, an .npy or IDX file, or builtin:digits (the
                    validation part)
                    """),
            Option(
                name: "--data", value: "WHICH",
                help: """
                    instead: train, validation or test of the job, or a source as in a config:
                    '{cifar10: "data/cifar"}'
                    """),
            Option(name: "--output", value: "FILE", help: "where the lines go (default: standard output)"),
            Option(name: "--format", value: "FORMAT", help: "csv or jsonl (default csv)"),
            Option(
                name: "--layer", value: "NAME",
                help: "the values of this layer (behind its activation) instead of the model's answer"),
            Option(
                name: "--top", value: "K",
                help: "the K most probable classes of each sample instead of the probability of all"),
            Option(
                name: "--keep", value: "COLUMN",
                help: "copy this column of the table in front of each line; may be repeated",
                isRepeated: true),
            .lanes, .set,
        ],
        example:
            "dist-train predict runs/digits-mlp-20260101-120000 --input builtin:digits --output digits.csv",
        run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let word = arguments.string("--format") ?? "csv"
        guard let format = PredictionWriter.Format(rawValue: word) else {
            throw UsageError("--format must be csv or jsonl, found `\(word)`")
        }
        guard arguments.has("--input") != arguments.has("--data") else {
            throw UsageError(
                "`dist-train predict` needs --input FILE or --data WHICH: see `dist-train predict --help`")
        }
        guard arguments.all("--keep").isEmpty || arguments.has("--input") else {
            throw UsageError("--keep copies columns of a table that --input names")
        }
        let models = try TrainedModels(arguments)
        let lanes = LanePool(lanes: try arguments.integer("--lanes", 1...1024) ?? Processor.cores)
        defer { lanes.close() }
        let predictions = try ModelPredictions(
            models, lanes: lanes, layer: arguments.string("--layer"),
            top: try arguments.integer("--top", 1...1_000_000))
        let input = try input(of: models, arguments)
        let writer = try PredictionWriter(path: arguments.string("--output"), format: format)
        let names = input is ImageFiles ? ["file"] : arguments.all("--keep")
        try predictions.write(of: input, namedBy: names, to: writer)
        return 0
    }

    /// The source that `--input` or `--data` names.
    private static func input(of models: TrainedModels, _ arguments: Arguments) throws -> any SampleBlocks {
        let (dataset, name): (Dataset, String)
        if let path = arguments.string("--input") {
            let blocks = try InputFile(path, of: models.all[0], names: arguments.all("--keep"))
                .blocks()
            guard let whole = blocks as? WholeDataset else { return blocks }
            (dataset, name) = (whole.dataset, path)
        } else {
            let read = try EvaluationData(models.all, named: arguments.string("--data")).read()
            (dataset, name) = (read.data.dataset, read.name)
        }
        _ = try models.all[0].plan(fitting: dataset)
        models.all[0].warnOfUnits(of: dataset, named: name)
        return WholeDataset(dataset)
    }
}
