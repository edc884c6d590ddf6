import Datasets
import System

/// The text of a first config.
package struct ConfigDraft {
    package let text: String
    /// The job's model, in words.
    let model: ModelDraft
    /// Samples that are left for training.
    let trainCount: Int

    /// A set that is split off has about this part of the samples.
    private static let fraction = 0.15

    /// - Parameter header: lines of the comment at the beginning.
    init(header: [String], _ source: InitSource, _ facts: DatasetReport) {
        let missing = [source.validation, source.test].count { $0 == nil }
        let count = facts.form.count - Int((Double(missing * facts.form.count) * Self.fraction).rounded())
        let model =
            source.text.map { ModelDraft($0.task, facts, samples: count) }
            ?? ModelDraft(facts, samples: count, isPhotographs: source.isPhotographs)
        (trainCount, self.model) = (count, model)
        var lines = header.map { "// \($0)" } + ["{", "  data: {", "    train: \(source.train),"]
        lines += [("validation", source.validation), ("test", source.test)].compactMap { name, source in
            source.map { "    \(name): \($0)," }
        }
        lines += Self.split(model, source, facts)
        if source.text == nil { lines += Self.preparation(facts) }
        lines += model.augmentation.map { "    " + $0 } + ["  },", "  model: ["]
        lines += model.layers.map { "    " + $0 } + ["  ],"]
        lines += Self.objective(facts, model.metrics) + ["  optimizer: \(model.optimizer),"]
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
        _ model: ModelDraft, _ source: InitSource, _ facts: DatasetReport
    ) -> [String] {
        var fields: [String] = []
        if source.validation == nil { fields.append("validation: \(model.validation)") }
        if source.test == nil { fields.append("test: \(model.test)") }
        guard !fields.isEmpty else { return [] }
        if facts.isClassification { fields.append("stratify: true") }
        let remark =
            facts.isClassification
            ? "    // of every class the same part"
            : source.text?.task == .continuation ? "    // the end of the text" : ""
        return ["    split: {\(fields.joined(separator: ", "))},\(remark)"]
    }

    private static func preparation(_ facts: DatasetReport) -> [String] {
        let what = facts.isImage ? "channel" : "column"
        return ["    normalize: \"z_score\",    // every \(what): mean 0, variance 1"]
    }

    private static func objective(_ facts: DatasetReport, _ metrics: [String]?) -> [String] {
        if let metrics {
            let list = metrics.map { "\"\($0)\"" }.joined(separator: ", ")
            return ["  loss: \"cross_entropy\",", "  metrics: [\(list)],"]
        }
        guard facts.isClassification else {
            return ["  loss: \"mse\",", "  metrics: [\"r2\", \"mae\", \"rmse\"],"]
        }
        let balanced = "  // To make all classes count alike: {cross_entropy: {class_weights: \"balanced\"}}"
        let remark = facts.classes.imbalance > 3 ? [balanced] : []
        let matrix = facts.classes.count <= 20 ? ", \"confusion_matrix\"" : ""
        return remark + ["  loss: \"cross_entropy\",", "  metrics: [\"accuracy\", \"f1\"\(matrix)],"]
    }
}
