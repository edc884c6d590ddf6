import Checkpoints
import Configuration
import Datasets
import Runs
import System
import Telemetry
import Training

/// The data set that `--data` names.
struct EvaluationData {
    private let models: [TrainedModel]
    /// The option's value; nil if it is not given.
    private let name: String?

    private static let parts = DataPart.Name.allCases.map(\.rawValue)

    init(_ models: [TrainedModel], named name: String?) {
        self.models = models
        self.name = name
    }

    /// The source for the config's `data.test` that the option's value means; nil if it is a part of the
    /// job's data.
    static func source(_ name: String?) throws -> String? {
        guard let name, !parts.contains(name) else { return nil }
        if name.first == "{" { return name }
        if let set = EmbeddedDataset(word: name) { return "{builtin: \"\(set.rawValue)\"}" }
        guard File.exists(name) else {
            let nearest = Suggestion.nearest(to: name, among: parts).map { "did you mean \($0)?" }
            let advice =
                "there is no such file or directory; give train, validation, test, a path, or a source "
                + "such as '{csv: {path: \"FILE\"}}'"
            throw UsageError("--data \(name): \(nearest ?? advice)")
        }
        let path = ConfigValue.string(name).compactJSON()
        if Directory.isDirectory(name) { return "{image_folder: {path: \(path)}}" }
        guard !isFileOfFeatures(name) else {
            throw UsageError(
                "--data \(name): the file has no targets; say which has, such as "
                    + "'{npy: {features: \"FILE\", targets: \"FILE\"}}'")
        }
        return "{csv: {path: \(path)}}"
    }

    /// Whether a file holds features alone, by its name.
    private static func isFileOfFeatures(_ path: String) -> Bool {
        let name = path.lowercased()
        return [".npy", ".npy.gz", ".png", ".jpg", ".jpeg"].contains { name.hasSuffix($0) }
            || name.contains("idx")
    }

    /// Reads the data set; returns it with its name. Of a job's data only this set is read.
    func read() throws -> (name: String, data: DataPart) {
        if let name, !Self.parts.contains(name) { return (name, try foreignData()) }
        return try jobData()
    }

    /// Data that the job does not know, read as the job's were.
    private func foreignData() throws -> DataPart {
        try ModelEvaluation.requireSameSamples(models)
        guard let source = models[0].job.job.data.test else {
            preconditionFailure("the job was given this source as its test set")
        }
        let state = models[0].state
        return try DataPart(source, as: state.encoding)
    }

    /// A part of the data of the first model's job, with which all models must have been trained.
    private func jobData() throws -> (String, DataPart) {
        let state = models[0].state
        if let other = models.first(where: { $0.state.data != state.data }) {
            throw CheckpointError(
                "`\(models[0].path)` and `\(other.path)` were trained with different data, or different "
                    + "splits of them; say with --data on what to evaluate them")
        }
        let spec = models[0].job.job.data
        let hasTest = spec.test != nil || spec.split?.test != nil
        let part = name.flatMap { DataPart.Name(rawValue: $0) } ?? (hasTest ? .test : .validation)
        guard let data = try DataPart(part, of: spec, as: state.encoding) else {
            let missing = name == nil ? "neither test nor validation" : "no \(part.rawValue)"
            throw UsageError("the job has \(missing) data: say with --data on what to evaluate")
        }
        if !state.knows(data.dataset, as: part) {
            Console.standardError.writeLine(
                "note: the job's \(part.rawValue) data have changed since the training")
        }
        return (part.rawValue, data)
    }
}
