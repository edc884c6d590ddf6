import Datasets
import System

/// The text of a first config.
package struct ConfigDraft {
    package let text: String
    /// The job's model, in words.
    let model: ModelDraft
    /// Samples that are left for training.
    let trainCount: Int

    /// The fraction of the samples for testing; that for validation is the model's.
    private static let fraction = 0.15

    /// - Parameters:
    ///   - header: lines of the comment at the beginning.
    ///   - train, validation, test: sources as a config writes them; nil: the set is a part of the training
    ///     set.
    init(
        header: [String], train: String, validation: String?, test: String?, _ facts: DatasetReport,
        isPhotographs: Bool
    ) {
        let missing = [validation, test].count { $0 == nil }
        trainCount = facts.form.count - Int((Double(missing * facts.form.count) * Self.fraction).rounded())
        model = ModelDraft(facts, samples: trainCount, isPhotographs: isPhotographs)
        var lines = header.map { "// \($0)" } + ["{", "  data: {", "    train: \(train),"]
        lines += [("validation", validation), ("test", test)].compactMap { name, source in
            source.map { "    \(name): \($0)," }
        }
        lines += Self.split(model, validation, test, facts) + Self.preparation(facts)
        lines += model.augmentation.map { "    " + $0 } + ["  },", "  model: ["]
        lines += model.layers.map { "    " + $0 } + ["  ],"]
        lines += Self.objective(facts) + ["  optimizer: {adam: {learning_rate: \(model.learningRate)}},"]
        lines += model.settings.map { "  " + $0 }
        let isUsual = model.monitor == "validation.loss"
        let reason = isUsual ? "" : "    // the validation set is too small to choose by"
        lines += [
            "  batch: {size: \(model.batchSize)},", "  epochs: \(model.epochs),    // at most",
            "  early_stopping: {monitor: \"\(model.monitor)\", patience: \(model.patience)},\(reason)",
            "  checkpoint: {best: \"\(model.monitor)\", keep: 1},    // what `evaluate` and `predict` use",
            "}",
        ]
        text = lines.joined(separator: "\n") + "\n"
    }

    private static func split(
        _ model: ModelDraft, _ validation: String?, _ test: String?, _ facts: DatasetReport
    ) -> [String] {
        var fields: [String] = []
        if validation == nil { fields.append("validation: \(model.validation)") }
        if test == nil { fields.append("test: \(fraction)") }
        guard !fields.isEmpty else { return [] }
        if facts.isClassification { fields.append("stratify: true") }
        let remark = facts.isClassification ? "    // of every class the same part" : ""
        return ["    split: {\(fields.joined(separator: ", "))},\(remark)"]
    }

    private static func preparation(_ facts: DatasetReport) -> [String] {
        let what = facts.isImage ? "channel" : "column"
        return ["    normalize: \"z_score\",    // every \(what): mean 0, variance 1"]
    }

    private static func objective(_ facts: DatasetReport) -> [String] {
        guard facts.isClassification else {
            return ["  loss: \"mse\",", "  metrics: [\"r2\", \"mae\", \"rmse\"],"]
        }
        let balanced = "  // To make all classes count alike: {cross_entropy: {class_weights: \"balanced\"}}"
        let remark = facts.classes.imbalance > 3 ? [balanced] : []
        let matrix = facts.classes.count <= 20 ? ", \"confusion_matrix\"" : ""
        return remark + ["  loss: \"cross_entropy\",", "  metrics: [\"accuracy\", \"f1\"\(matrix)],"]
    }
}
