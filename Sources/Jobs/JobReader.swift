import Configuration
import Datasets
import NeuralNetwork

/// Reads a job from a parsed config, strictly; every mistake goes to the diagnostics, with its place.
struct JobReader {
    let diagnostics: Diagnostics
    /// Each layer's value in the config, by its name.
    private(set) var layerLocations: [String: ConfigValue] = [:]

    init(_ diagnostics: Diagnostics) { self.diagnostics = diagnostics }

    /// Reads the job; nil if something is missing or wrong, which was reported.
    mutating func read(_ value: ConfigValue, defaultName: String) -> Job? {
        guard let decoder = ObjectDecoder(value, diagnostics) else { return nil }
        let isUnsupervised = ["kmeans", "pca"].contains(where: decoder.contains)
        let object = isUnsupervised ? JobFields.unsupervised : JobFields.training
        var fields = object.blank
        fields.job.name = defaultName
        let isComplete = object.read(decoder, into: &fields)
        let model = ModelReader(diagnostics, definitions: fields.definitions)
        fields.job.layers = model.layers(fields.model)
        layerLocations = model.locations
        decoder.finish()
        guard isComplete, !diagnostics.hasErrors else { return nil }
        if isUnsupervised { fields.job.epochs = fields.job.task.steps }
        return fields.job
    }
}

extension Job {
    /// The job as a config with every default filled in and every layer named: what `job.json5` holds and
    /// what travels to workers.
    package var resolved: ConfigValue {
        let object = task == .training ? JobFields.training : JobFields.unsupervised
        return .object(object.write(JobFields(self)))
    }

    /// The config of a job: one with a model, or one with `kmeans` or `pca`.
    package static let form = Form.either([
        .object(JobFields.training.form), .object(JobFields.unsupervised.form),
    ])
}

// Mistakes between the fields of a job.
extension JobFields {
    static func checkCuts(_ job: Job, _ decoder: ObjectDecoder) {
        guard let cuts = job.forcedCuts else { return }
        let rises = cuts.first == 0 && zip(cuts, cuts.dropFirst()).allSatisfy { $0 <= $1 } && cuts.count >= 2
        guard rises, let microbatches = job.microbatches, cuts.last == microbatches else {
            decoder.error(
                "the cuts must begin at 0, never fall, and end at `batch.microbatches`",
                atValueOf: "assignment",
                label: job.microbatches.map { "for \($0) microbatches and 2 workers: [0, \($0 / 2), \($0)]" }
                    ?? "give batch.microbatches too")
            return
        }
    }

    static func checkUnsupervised(_ job: Job, _ decoder: ObjectDecoder) {
        let kind = decoder.contains("kmeans") ? "kmeans" : "pca"
        if decoder.contains("kmeans"), decoder.contains("pca") {
            decoder.error(
                "a job has `kmeans` or `pca`, not both", atKey: "pca", label: "make it a job of its own")
        }
        for key in ["model", "loss", "optimizer", "epochs"]
        where decoder.optional(key, Codec<ConfigValue>.any) != nil {
            decoder.error(
                "a job with `\(kind)` has no `\(key)`", atKey: key, label: "remove it, or remove `\(kind)`")
        }
        if job.data.whitening != nil || job.data.augmentation != nil {
            decoder.error(
                "a job with `\(kind)` sees the samples as they are: it has no whitening and no augmentation",
                atValueOf: "data",
                label: "remove `augment`, and normalize by \"z_score\", \"min_max\" or \"none\"")
        }
    }
}
