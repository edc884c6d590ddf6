import Metrics

extension ClassMetric {
    /// The reason why a metric does not fit what is predicted; nil if it does.
    package func misfit(_ kind: RecordedPredictions.Kind, areProbabilities: Bool) -> String? {
        if needsProbabilities && !areProbabilities {
            return "needs probabilities, which this model does not give (its loss compares values)"
        }
        guard case .classes(let count) = kind else {
            return needsOneClass ? "needs one class for each sample" : nil
        }
        if case .top(let k) = self, k >= count { return "is always 1 for \(count) classes" }
        return nil
    }

    /// The metrics of a report for which none was named.
    package static func usual(_ kind: RecordedPredictions.Kind, areProbabilities: Bool) -> [ClassMetric] {
        let all: [ClassMetric] = [
            .accuracy, .balancedAccuracy, .precision(.standard), .recall(.standard), .f1(.standard),
            .rocAUC(.standard), .prAUC(.standard), .logLoss, .brier, .calibrationError,
        ]
        return all.filter { $0.misfit(kind, areProbabilities: areProbabilities) == nil }
    }
}
