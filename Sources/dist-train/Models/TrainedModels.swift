import Checkpoints
import Datasets
import Kernels
import Runs
import System
import Telemetry
import Training

/// The models that the command line names, loaded by a process that computes as their training did.
struct TrainedModels {
    let all: [TrainedModel]

    /// - Throws: `UsageError`, or `CheckpointError` for a path that is no model.
    init(_ arguments: Arguments) throws {
        let command = arguments.command
        guard !arguments.positionals.isEmpty else {
            throw UsageError(
                "`dist-train \(command)` needs a run directory or a checkpoint: "
                    + "see `dist-train \(command) --help`")
        }
        try Self.requireDataSettings(arguments)
        let overrides = arguments.overrides
        let source = try EvaluationData.source(arguments.string("--data"))
        let paths = try arguments.positionals.map { try RunCatalog().path(of: $0) }
        let checkpoints = try paths.flatMap {
            try TrainedModel.checkpoints(at: $0) { Console.standardError.write(message: "warning: \($0)") }
        }
        all = try checkpoints.map { try Self.model($0, overrides, testedOn: source) }
        try Self.adoptCore(of: all[0].state.platform)
    }

    /// Refuses `--set` of anything but the data.
    static func requireDataSettings(_ arguments: Arguments) throws {
        guard let other = arguments.overrides.first(where: { !$0.hasPrefix("data.") }) else { return }
        let isMetric = other.hasPrefix("metrics") && arguments.command == "evaluate"
        throw UsageError(
            "--set \(other): of a trained model only data.… can be set"
                + (isMetric ? "; --metrics f1,auc names metrics" : ""))
    }

    /// - Parameter source: the source that takes the place of the job's test set; nil keeps that.
    private static func model(_ checkpoint: Checkpoint, _ overrides: [String], testedOn source: String?)
        throws -> TrainedModel
    {
        let model = try TrainedModel(checkpoint, overrides: overrides)
        guard let source else { return model }
        let split = model.job.job.data.split
        let withoutTest = split?.validation == nil ? "data.split=null" : "data.split.test=null"
        let more = split?.test == nil ? [] : [withoutTest]
        return try TrainedModel(checkpoint, overrides: overrides + more + ["data.test=\(source)"])
    }

    /// Starts the program over with the OpenBLAS core of the training, if this processor can use it and the
    /// user did not choose one.
    static func adoptCore(of platform: String) throws {
        guard let core = Fingerprint.core(ofPlatform: platform), core != BLAS.coreName,
            Environment.value("OPENBLAS_CORETYPE") == nil, Processor.supports(core: core)
        else { return }
        try Executable.reexecute(adding: ["OPENBLAS_CORETYPE": core])
    }

    /// The model of a k-means or PCA job, which predicts alone; nil for models that are networks.
    func measured(_ lanes: LanePool) throws -> MeasuredModel? {
        guard all.contains(where: { $0.job.job.task != .training }) else { return nil }
        guard all.count == 1 else {
            throw UsageError("jobs that train no model answer alone: name one of them")
        }
        return try all[0].measured(all[0].plan(), lanes: lanes)
    }

    /// - Parameter kept: returns the boundaries of a model whose values are needed, besides the outputs.
    func ensemble(_ lanes: LanePool, keeping kept: (TrainingPlan) throws -> Set<Int>) throws
        -> EnsemblePredictor
    {
        try TrainedModel.ensemble(all, lanes: lanes, keeping: kept)
    }
}

extension TrainedModel {
    /// Warns on standard error if data are in another unit than those of the training.
    func warnOfUnits(of dataset: Dataset, named name: String) {
        guard let note = state.normalization.unitNote(on: dataset, named: name) else { return }
        Console.standardError.write(message: "warning: \(note.sentence)")
    }
}
