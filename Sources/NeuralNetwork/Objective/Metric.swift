/// A measure of a model besides its loss.
package enum Metric: Hashable, Sendable {
    /// The fraction of samples with the right class, or of positions with the right token. With several
    /// yes-or-no targets, all of them must be right.
    case accuracy
    /// The fraction of samples whose class is among the `k` largest outputs.
    case top(Int)
    /// Precision = TP / (TP + FP), 0 without a prediction. Two classes: of class 1. More: the mean over the
    /// classes that occur in targets or predictions (scikit-learn's "macro").
    case precision
    /// Recall = TP / (TP + FN), averaged like precision.
    case recall
    /// The harmonic mean of precision and recall of each class, averaged like precision.
    case f1
    /// The number of samples of each class (rows) that were predicted to be of each class (columns).
    case confusionMatrix
    /// The mean of (y − t)², over samples and outputs; its root; the mean of |y − t|.
    case mse
    case rmse
    case mae
    /// 1 − Σ(y − t)² / Σ(t − mean t)², the mean over outputs (https://scikit-learn.org, r2_score).
    case r2
    /// The exponential of the mean cross-entropy of a token: among so many tokens a fair guess would do as
    /// well.
    case perplexity
    /// The mean cross-entropy of a token in bits.
    case bitsPerToken
    /// The fraction of sequences all of whose tokens that count are predicted. A model that is given so many
    /// answers word for word in training would write them too, if it always took the most probable token.
    case exactMatch
    /// The fraction of samples whose class is the most frequent one of their cluster. For jobs without a
    /// model only.
    case purity
    /// The fraction of the variance that the principal components explain. For jobs without a model only.
    case explainedVarianceRatio

    /// Metrics with a fixed name; there is `top_K` besides.
    private static let named: [(name: String, metric: Metric)] = [
        ("accuracy", .accuracy), ("precision", .precision), ("recall", .recall), ("f1", .f1),
        ("confusion_matrix", .confusionMatrix),
        ("mse", .mse), ("rmse", .rmse), ("mae", .mae), ("r2", .r2),
        ("perplexity", .perplexity), ("bits_per_token", .bitsPerToken),
        ("exact_match", .exactMatch),
    ]

    /// Metrics of jobs without a model, which a config cannot name.
    private static let measured: [(name: String, metric: Metric)] = [
        ("purity", .purity), ("explained_variance_ratio", .explainedVarianceRatio),
    ]

    /// All names, for suggestions; `top_5` stands for all of its kind.
    package static let names = named.map(\.name) + ["top_5"]

    package var name: String {
        if case .top(let k) = self { return "top_\(k)" }
        return (Self.named + Self.measured).first { $0.metric == self }?.name ?? ""
    }

    package init?(name: String) {
        if let found = (Self.named + Self.measured).first(where: { $0.name == name }) {
            self = found.metric
        } else if name.hasPrefix("top_"), let k = Int(name.dropFirst(4)), k > 0, name == "top_\(k)" {
            self = .top(k)
        } else {
            return nil
        }
    }

    /// False for metrics that are counted per class or output: they are measured in evaluations only.
    var isMeasuredInTraining: Bool {
        switch self {
        case .accuracy, .top, .mse, .rmse, .mae, .perplexity, .bitsPerToken, .exactMatch: true
        default: false
        }
    }

    /// The metrics of a job that names none.
    package static func defaults(_ loss: Loss, _ targets: TargetForm, areInputs: Bool) -> [Metric] {
        if areInputs { return [] }
        return switch (targets, loss.kind) {
        case (.classes, _): [.accuracy]
        case (.tokens, _): [.perplexity, .accuracy]
        case (.values, .binaryCrossEntropy): [.accuracy, .f1]
        case (.values, _): [.rmse, .r2]
        }
    }

    /// The most classes of a confusion matrix.
    package static let mostConfused = 100

    /// The reason why the metric does not fit; nil if it does.
    package func misfit(_ loss: Loss, _ targets: TargetForm) -> String? {
        switch (self, targets) {
        case (.purity, _), (.explainedVarianceRatio, _): "is for jobs with `kmeans` or `pca`"
        case (.accuracy, .values) where loss.kind != .binaryCrossEntropy,
            (.precision, .values) where loss.kind != .binaryCrossEntropy,
            (.recall, .values) where loss.kind != .binaryCrossEntropy,
            (.f1, .values) where loss.kind != .binaryCrossEntropy,
            (.top, .values), (.confusionMatrix, .values):
            "is for classes, but the targets are values; use rmse, mae, mse or r2"
        case (.perplexity, .classes), (.perplexity, .values), (.bitsPerToken, .classes),
            (.bitsPerToken, .values), (.exactMatch, .classes), (.exactMatch, .values):
            "is for the tokens of a language model"
        case (.precision, .tokens), (.recall, .tokens), (.f1, .tokens), (.confusionMatrix, .tokens),
            (.mse, .tokens), (.rmse, .tokens), (.mae, .tokens), (.r2, .tokens):
            "is not for tokens; use accuracy, exact_match, top_5, perplexity or bits_per_token"
        case (.top(let k), .classes(let classes)) where k >= classes:
            "is always 1 for \(classes) classes; use \(classes > 2 ? "top_\(classes - 1) or " : "")accuracy"
        case (.confusionMatrix, .classes(let classes)) where classes > Self.mostConfused:
            "is for at most \(Self.mostConfused) classes, the data has \(classes); "
                + "use precision, recall or f1"
        case (.mse, .classes), (.rmse, .classes), (.mae, .classes), (.r2, .classes):
            loss.kind == .crossEntropy
                ? "is for values, but the targets are classes; use accuracy, precision, recall or f1" : nil
        default: nil
        }
    }
}
