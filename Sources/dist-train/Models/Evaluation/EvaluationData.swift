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
    /// Tokens between the windows of a text; nil as the job says.
    private let stride: Int?

    private static let parts = DataPart.Name.allCases.map(\.rawValue)

    /// - Throws: `UsageError` if there is a stride, but no text that is continued.
    init(_ models: [TrainedModel], named name: String?, stride: Int? = nil) throws {
        self.models = models
        self.name = name
        self.stride = stride
        guard let stride else { return }
        guard models[0].job.job.data.train.text?.isStream == true else {
            throw UsageError("--stride is for models that continue a text")
        }
        guard name != DataPart.Name.train.rawValue else {
            throw UsageError("--stride is for validation, test and other texts: give no --data train with it")
        }
        let context = try models[0].plan().facts.sampleShape[0]
        guard stride <= context else {
            throw UsageError("--stride must be at most the context of \(context) tokens, found \(stride)")
        }
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
        guard var source = models[0].job.job.data.test else {
            preconditionFailure("the job was given this source as its test set")
        }
        if let stride { source.setStride(stride) }
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
        var spec = models[0].job.job.data
        if let stride {
            spec.train.setStride(stride)
            spec.validation?.setStride(stride)
            spec.test?.setStride(stride)
        }
        let hasTest = spec.test != nil || spec.split?.test != nil
        let part = name.flatMap { DataPart.Name(rawValue: $0) } ?? (hasTest ? .test : .validation)
        guard let data = try DataPart(part, of: spec, as: state.encoding) else {
            let missing = name == nil ? "neither test nor validation" : "no \(part.rawValue)"
            throw UsageError("the job has \(missing) data: say with --data on what to evaluate")
        }
        if stride == nil, !state.knows(data.dataset, as: part) {
            Console.standardError.writeLine(
                "note: the job's \(part.rawValue) data have changed since the training")
        }
        return (part.rawValue, data)
    }
}
