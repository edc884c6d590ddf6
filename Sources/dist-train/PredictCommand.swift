import Checkpoints
import Configuration
import Datasets
import Kernels
import Runs
import System
import Telemetry
import Training

extension Commands {
    static let predict = Command(
        name: "predict", arguments: "RUN_OR_CHECKPOINT… --input FILE",
        summary:
            "Let a trained model answer: a line for every sample.\nOf a run directory the best checkpoint counts, or else the newest; several models answer by the mean of their probabilities or values.",
        options: [
            Option(
                name: "--input", value: "FILE",
                help:
                    "a table with the training table's columns in any order, a PNG or JPEG file, a directory of\nthem, an .npy or IDX file, or builtin:digits (the validation part)"
            ),
            Option(
                name: "--data", value: "WHICH",
                help:
                    "instead: train, validation or test of the job, or a source as in a config:\n'{cifar10: \"data/cifar\"}'"
            ),
            Option(name: "--output", value: "FILE", help: "where the lines go (default: standard output)"),
            Option(name: "--format", value: "FORMAT", help: "csv or jsonl (default csv)"),
            Option(
                name: "--layer", value: "NAME",
                help: "the values of this layer (behind its activation) instead of the model's answer"),
            .lanes, .set,
        ],
        example:
            "dist-train predict runs/digits-mlp-20260101-120000 --input builtin:digits --output digits.csv"
    ) { arguments in
        let format = arguments.string("--format") ?? "csv"
        guard ["csv", "jsonl"].contains(format) else {
            throw UsageError("--format must be csv or jsonl, found `\(format)`")
        }
        guard (arguments.string("--input") == nil) != (arguments.string("--data") == nil) else {
            throw UsageError(
                "`dist-train predict` needs --input FILE or --data WHICH: see `dist-train predict --help`")
        }
        let models = try TrainedModels(arguments, "predict")
        let lanes = LanePool(lanes: try arguments.integer("--lanes", 1...1024) ?? Processor.cores)
        defer { lanes.close() }
        let answers = try Answers(models, lanes, layer: arguments.string("--layer"))
        let input = try models.blocks(arguments)
        let writer = try AnswerWriter(arguments.string("--output"), isJSON: format == "jsonl")
        try answers.write(input, to: writer)
        return 0
    }
}

extension TrainedModels {
    /// A k-means or PCA job, which answers alone; nil for models.
    func measured(_ lanes: LanePool) throws -> MeasuredModel? {
        guard all.contains(where: { $0.job.job.task != .training }) else { return nil }
        guard all.count == 1 else {
            throw UsageError("jobs that train no model answer alone: name one of them")
        }
        return try all[0].measured(all[0].plan(), lanes: lanes)
    }

    /// - Parameter kept: the boundaries of a model whose values are asked for, besides the outputs.
    func ensemble(_ lanes: LanePool, keeping kept: (TrainingPlan) throws -> Set<Int>) throws
        -> EnsemblePredictor
    {
        try requireSameSamples()
        let plans = try all.map { try $0.plan() }
        try ModelEvaluation.requireSameOutputs(all, plans)
        return EnsemblePredictor(
            try zip(all, plans).map { try $0.predictor($1, lanes: lanes, keeping: kept($1)) })
    }

    /// The source that `--input` or `--data` names.
    func blocks(_ arguments: Arguments) throws -> any SampleBlocks {
        let dataset: Dataset
        if let path = arguments.string("--input") {
            let blocks = try InputFile(path, all[0]).blocks()
            guard let whole = blocks as? WholeDataset else { return blocks }
            dataset = whole.dataset
        } else {
            dataset = try EvaluationData(all, asked: arguments.string("--data")).read().dataset
        }
        _ = try all[0].plan(fitting: dataset)
        return WholeDataset(dataset)
    }
}

/// The source that `--input` names.
private struct InputFile {
    private let path: String
    private let model: TrainedModel

    init(_ path: String, _ model: TrainedModel) { (self.path, self.model) = (path, model) }

    func blocks() throws -> any SampleBlocks {
        if path == "builtin:digits" { return WholeDataset(try Digits.load().validation) }
        guard File.exists(path) else {
            throw DatasetError("there is no `\(path)`; give a file, a directory of images, or builtin:digits")
        }
        let name = Path.name(of: path).lowercased()
        let plain = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
        if Directory.isDirectory(path) || ImageFiles.isImage(name) {
            return try ImageFiles(path, shape: model.plan().facts.sampleShape, note: note)
        }
        if plain.hasSuffix(".npy") {
            var layout = Dataset.ImageLayout.nhwc
            if case .npy(let files) = model.job.job.data.train { layout = files.layout }
            return WholeDataset(try Dataset.npy(features: path, targets: nil, layout: layout))
        }
        if plain.contains("idx") && !plain.hasSuffix(".csv") {
            return WholeDataset(try Dataset.idx(images: path))
        }
        guard let table = model.state.table else {
            throw DatasetError(
                "`\(path)` is no image, .npy or IDX file by its name, and the model was not trained with a table; rename the file, or give a source with --data"
            )
        }
        return try TableRows(path: path, format: table.format, encoding: table, note: note)
    }

    private func note(_ text: String) { Console.standardError.writeLine("note: \(text)") }
}
