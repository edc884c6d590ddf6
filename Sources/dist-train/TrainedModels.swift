import Checkpoints
import Configuration
import Datasets
import Kernels
import Runs
import System
import Telemetry
import Threads
import Training

/// The models that the command line names, loaded by a process that computes as their training did.
struct TrainedModels {
    let all: [TrainedModel]

    init(_ arguments: Arguments, _ command: String) throws {
        guard !arguments.positionals.isEmpty else {
            throw UsageError(
                "`dist-train \(command)` needs a run directory or a checkpoint: see `dist-train \(command) --help`"
            )
        }
        let overrides = arguments.all("--set")
        if let other = overrides.first(where: { !$0.hasPrefix("data.") }) {
            throw UsageError("--set \(other): of a trained model only data.… can be set")
        }
        let source = try EvaluationData.source(arguments.string("--data")).map { ["data.test=\($0)"] } ?? []
        let paths = arguments.positionals.map {
            $0.hasSuffix("/") && $0.count > 1 ? String($0.dropLast()) : $0
        }
        let checkpoints = try paths.flatMap {
            try TrainedModel.checkpoints(at: $0) { Console.standardError.writeLine("warning: \($0)") }
        }
        all = try checkpoints.map { try TrainedModel($0, overrides: overrides + source) }
        try Self.adoptCore(of: all[0].state.platform)
        establishFloatingPointMode()
    }

    /// Starts over with the OpenBLAS core of the training, if this machine has it and the user did not choose
    /// one.
    private static func adoptCore(of platform: String) throws {
        guard let core = Fingerprint.core(ofPlatform: platform), core != BLAS.coreName,
            Environment.value("OPENBLAS_CORETYPE") == nil,
            Processor.supports(core: core)
        else { return }
        try Executable.reexecute(adding: ["OPENBLAS_CORETYPE": core])
    }

    /// Throws unless the same samples make sense to all models.
    func requireSameSamples() throws { try EvaluationData.requireSameSamples(all) }
}

/// The data set that `--data` asks for.
struct EvaluationData {
    private let models: [TrainedModel]
    private let asked: String?

    private static let parts = ["train", "validation", "test"]

    init(_ models: [TrainedModel], asked: String?) { (self.models, self.asked) = (models, asked) }

    /// A source for the config's `data.test`, if the option names one and no part of the job's data.
    static func source(_ asked: String?) throws -> String? {
        guard let asked, !parts.contains(asked) else { return nil }
        if asked.first == "{" { return asked }
        if asked == "builtin:digits" { return "{builtin: \"digits\"}" }
        guard File.exists(asked) else {
            let nearest = Suggestion.nearest(to: asked, among: parts).map { "did you mean \($0)?" }
            throw UsageError(
                "--data \(asked): \(nearest ?? "there is no such file or directory; give train, validation, test, a path, or a source such as '{csv: {path: \"FILE\"}}'")"
            )
        }
        let path = ConfigValue.string(asked).compactJSON()
        if Directory.isDirectory(asked) { return "{image_folder: {path: \(path)}}" }
        let name = asked.lowercased()
        guard ![".npy", ".npy.gz", ".png", ".jpg", ".jpeg"].contains(where: { name.hasSuffix($0) }),
            !name.contains("idx")
        else {
            throw UsageError(
                "--data \(asked): the file has no targets; say which has, such as '{npy: {features: \"FILE\", targets: \"FILE\"}}'"
            )
        }
        return "{csv: {path: \(path)}}"
    }

    static func requireSameSamples(_ models: [TrainedModel]) throws {
        for other in models.dropFirst() {
            let (a, b) = (models[0].state, other.state)
            guard a.table == b.table, a.classNames == b.classNames, a.sampleShape == b.sampleShape else {
                throw CheckpointError(
                    "`\(models[0].path)` and `\(other.path)` cannot answer together: their training data have different shapes, columns or classes; use them one by one"
                )
            }
        }
    }

    /// The data set and what to call it.
    func read() throws -> (name: String, dataset: Dataset) {
        if let asked, !Self.parts.contains(asked) { return (asked, try other()) }
        return try ofJob(asked)
    }

    /// A source that the job does not know, read as the job's were.
    private func other() throws -> Dataset {
        try Self.requireSameSamples(models)
        guard let source = models[0].job.job.data.test else {
            preconditionFailure("the job was given this source as its test set")
        }
        return try DecodedData.read(
            source, table: models[0].state.table, classNames: models[0].state.classNames)
    }

    /// A part of the data of the first model's job, which all must have been trained with.
    private func ofJob(_ part: String?) throws -> (String, Dataset) {
        if let other = models.first(where: { $0.state.data != models[0].state.data }) {
            throw CheckpointError(
                "`\(models[0].path)` and `\(other.path)` were trained with different data, or different splits of them; say with --data on what to evaluate them"
            )
        }
        let data = try DecodedData(reading: models[0].job.job.data)
        let name = part ?? (data.test != nil ? "test" : "validation")
        let dataset =
            switch name {
            case "train": data.train
            case "validation": data.validation
            default: data.test
            }
        guard let dataset else {
            throw UsageError(
                part == nil
                    ? "the job has neither test nor validation data: say with --data on what to evaluate"
                    : "the job has no \(name) data: say with --data on what to evaluate")
        }
        if CheckpointState.identity(of: data) != models[0].state.data {
            Console.standardError.writeLine("note: the job's data are not those of the training any more")
        }
        return (name, dataset)
    }
}
