/// A measure of predicted classes that is one number.
package enum ClassMetric: Hashable, Sendable {
    /// The way from one number for each class to a single one.
    package enum Average: String, CaseIterable, Sendable {
        /// Two classes: the number of the second class. Otherwise: `macro`.
        case standard
        /// The mean over the classes that occur in the targets or the predictions, or over all yes-or-no
        /// targets.
        case macro
        /// The number that follows from the counts of all classes together.
        case micro
        /// The mean over the classes, weighted with their samples.
        case weighted
    }

    /// The fraction of samples of which everything is predicted right.
    case accuracy
    /// The fraction of samples whose class is among the k largest scores.
    case top(Int)
    /// The mean of the recall over the classes that have samples.
    case balancedAccuracy
    case precision(Average)
    case recall(Average)
    case f1(Average)
    /// The area under the ROC curve of a class against the rest. Its average is over the classes for which
    /// it is defined: those with samples of it and samples of others.
    case rocAUC(Average)
    /// The average precision Σ (Rₙ − Rₙ₋₁) Pₙ of a class against the rest, over the thresholds n.
    case prAUC(Average)
    /// The mean of −ln p of the true class, with p clipped to 2⁻⁵² … 1 − 2⁻⁵².
    case logLoss
    /// The mean of Σ (p − y)² over the classes; half of it for two classes, as usual there.
    case brier
    /// The expected calibration error: Σ over 15 equal bins of confidence of (share of the samples in the
    /// bin) · |accuracy − mean confidence|.
    case calibrationError

    /// False for measures that need scores of any scale, or none at all.
    package var needsProbabilities: Bool {
        switch self {
        case .logLoss, .brier, .calibrationError: true
        default: false
        }
    }

    /// Whether it takes samples with one class each.
    package var needsOneClass: Bool {
        switch self {
        case .top, .balancedAccuracy: true
        default: false
        }
    }

    /// Whether it is a fraction of samples, whose interval is exact.
    var isFraction: Bool {
        switch self {
        case .accuracy, .top: true
        default: false
        }
    }

    /// Whether it needs the order of the scores.
    var isArea: Bool {
        switch self {
        case .rocAUC, .prAUC: true
        default: false
        }
    }
}

// MARK: - Names

extension ClassMetric {
    private static let averaged:
        [(name: String, make: @Sendable (Average) -> ClassMetric, averages: [Average])] = [
            ("precision", { .precision($0) }, Average.allCases),
            ("recall", { .recall($0) }, Average.allCases),
            ("f1", { .f1($0) }, Average.allCases),
            ("roc_auc", { .rocAUC($0) }, [.standard, .macro, .weighted]),
            ("pr_auc", { .prAUC($0) }, [.standard, .macro, .weighted]),
        ]

    /// All metrics with a fixed name; there is `top_K` besides.
    private static let named: [(name: String, metric: ClassMetric)] =
        [("accuracy", .accuracy), ("balanced_accuracy", .balancedAccuracy)]
        + averaged.flatMap { family in
            family.averages.map {
                ($0 == .standard ? family.name : "\(family.name)_\($0.rawValue)", family.make($0))
            }
        } + [("log_loss", .logLoss), ("brier", .brier), ("ece", .calibrationError)]

    /// Other usual names.
    private static let aliases = [
        "auc": "roc_auc", "auroc": "roc_auc", "average_precision": "pr_auc", "auprc": "pr_auc",
        "expected_calibration_error": "ece", "brier_score": "brier", "brier_score_loss": "brier",
        "cross_entropy": "log_loss", "nll": "log_loss", "f1_score": "f1", "roc_auc_score": "roc_auc",
    ]

    /// The names without aliases.
    package static let names = named.map(\.name) + ["top_5"]
    /// All words that `init(name:)` takes; `top_5` stands for all of its kind.
    package static let words = names + aliases.keys.sorted()

    package init?(name: String) {
        let name = Self.aliases[name] ?? name
        if let found = Self.named.first(where: { $0.name == name }) {
            self = found.metric
        } else if name.hasPrefix("top_"), let k = Int(name.dropFirst(4)), k > 0, name == "top_\(k)" {
            self = .top(k)
        } else {
            return nil
        }
    }

    package var name: String {
        if case .top(let k) = self { return "top_\(k)" }
        return Self.named.first { $0.metric == self }?.name ?? ""
    }
}
