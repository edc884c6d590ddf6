import Checkpoints
import Cluster
import Configuration
import Datasets
import Kernels
import System
import Telemetry
import Training

/// The models that the command line names, loaded by a process that computes as their training did.
struct TrainedModels {
    let all: [TrainedModel]

    init(_ arguments: Arguments, _ command: String) throws {
        guard !arguments.positionals.isEmpty else {
            throw UsageError("`dist-train \(command)` needs a run directory or a checkpoint: see `dist-train \(command) --help`")
        }
        let overrides = arguments.all("--set")
        if let other = overrides.first(where: { !$0.hasPrefix("data.") }) {
            throw UsageError("--set \(other): of a trained model only data.… can be set")
        }
        let paths = arguments.positionals.map { $0.hasSuffix("/") && $0.count > 1 ? String($0.dropLast()) : $0 }
        let checkpoints = try paths.flatMap { try TrainedModel.checkpoints(at: $0) { Console.standardError.writeLine("warning: \($0)") } }
        all = try checkpoints.map { try TrainedModel($0, overrides: overrides) }
        try Self.adoptCore(of: all[0].state.platform)
        establishFloatingPointMode()
    }

    /// Starts over with the OpenBLAS core of the training, if this machine has it and the user did not choose one.
    private static func adoptCore(of platform: String) throws {
        guard let core = Fingerprint.core(ofPlatform: platform), core != BLAS.coreName, Environment.value("OPENBLAS_CORETYPE") == nil,
            Processor.supports(core: core)
        else { return }
        try Executable.reexecute(adding: ["OPENBLAS_CORETYPE": core])
    }
}

/// What `--data` asks for.
struct EvaluationData {
    private let models: [TrainedModel]
    private let asked: String?

    init(_ models: [TrainedModel], asked: String?) { (self.models, self.asked) = (models, asked) }

    /// The data set and what to call it.
    func read() throws -> (name: String, dataset: Dataset) {
        try ofJob(asked)
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
            Console.standardError.writeLine("note: the job's data have changed since the training")
        }
        return (name, dataset)
    }
}
