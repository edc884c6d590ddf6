import Configuration
import Metrics
import Runs
import Training

/// The metrics that `--metrics` names, or those of a report by default.
package struct RequestedMetrics {
    package enum Item: Equatable, Sendable {
        case classMetric(ClassMetric)
        case valueMetric(ValueMetric)
        case confusionMatrix
        /// A line for each class or output.
        case report
        case residualQuantiles
    }

    /// The metrics that were asked for, under the words that were used; empty: nothing in particular.
    package let named: [(word: String, item: Item)]

    /// - Parameters:
    ///   - text: the option's value; nil if it is not given.
    ///   - areProbabilities: whether the scores of classes are.
    /// - Throws: `UsageError` for a name that is no metric of what is predicted.
    package init(_ text: String?, for kind: RecordedPredictions.Kind, areProbabilities: Bool) throws {
        guard let text else {
            named = []
            return
        }
        var named: [(word: String, item: Item)] = []
        for part in text.split(separator: ",") {
            let word = String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()).lowercased()
            guard !word.isEmpty, !named.contains(where: { $0.word == word }) else { continue }
            named.append((word, try Self.item(word, kind, areProbabilities: areProbabilities)))
        }
        guard !named.isEmpty else {
            throw UsageError("--metrics names none: there are \(Self.list(kind, areProbabilities))")
        }
        self.named = named
    }

    /// The measures to compute, each once.
    package func classMetrics(_ kind: RecordedPredictions.Kind, areProbabilities: Bool) -> [ClassMetric] {
        guard named.isEmpty else {
            return Self.unique(
                named.compactMap { if case .classMetric(let metric) = $0.item { metric } else { nil } })
        }
        return ClassMetric.usual(kind, areProbabilities: areProbabilities)
    }

    package var valueMetrics: [ValueMetric] {
        guard named.isEmpty else {
            return Self.unique(
                named.compactMap { if case .valueMetric(let metric) = $0.item { metric } else { nil } })
        }
        return ValueMetric.allCases
    }

    /// Whether the text shows the line for each class or output.
    package var showsLines: Bool { named.isEmpty || named.contains { $0.item == .report } }
    /// Whether the text shows the quantiles of the residuals.
    package var showsResiduals: Bool { named.isEmpty || named.contains { $0.item == .residualQuantiles } }

    private static func unique<Metric: Hashable>(_ metrics: [Metric]) -> [Metric] {
        metrics.enumerated().filter { !metrics[..<$0.offset].contains($0.element) }.map(\.element)
    }
}

// MARK: - Names

extension RequestedMetrics {
    private static func item(_ word: String, _ kind: RecordedPredictions.Kind, areProbabilities: Bool)
        throws -> Item
    {
        func misfit(_ reason: String) -> UsageError {
            UsageError("--metrics: `\(word)` \(reason); there are \(list(kind, areProbabilities))")
        }
        if word == "report" || word == "classification_report" { return .report }
        if case .values = kind {
            if let metric = ValueMetric(name: word) { return .valueMetric(metric) }
            if word == "residual_quantiles" { return .residualQuantiles }
            if ClassMetric(name: word) != nil || word == "confusion_matrix" {
                throw misfit("is for classes, but the model predicts values")
            }
        } else {
            if let metric = ClassMetric(name: word) {
                if let reason = metric.misfit(kind, areProbabilities: areProbabilities) {
                    throw misfit(reason)
                }
                return .classMetric(metric)
            }
            if word == "confusion_matrix" {
                guard case .classes = kind else { throw misfit("needs one class for each sample") }
                return .confusionMatrix
            }
            if ValueMetric(name: word) != nil || word == "residual_quantiles" {
                throw misfit("is for values, but the model predicts classes")
            }
        }
        throw unknown(word, kind, areProbabilities)
    }

    private static func unknown(
        _ word: String, _ kind: RecordedPredictions.Kind, _ areProbabilities: Bool
    ) -> UsageError {
        let known: [String]
        if case .values = kind {
            known = ValueMetric.words + ["residual_quantiles", "report"]
        } else {
            known = ClassMetric.words + ["confusion_matrix", "report"]
        }
        let nearest = Suggestion.nearest(to: word, among: known).map { ": did you mean `\($0)`?" }
        let advice = nearest.map { "\($0) There are" } ?? "; there are"
        return UsageError(
            "--metrics: there is no metric `\(word)`\(advice) \(list(kind, areProbabilities))")
    }

    /// The names that fit what is predicted.
    private static func list(_ kind: RecordedPredictions.Kind, _ areProbabilities: Bool) -> String {
        switch kind {
        case .values: return (ValueMetric.names + ["residual_quantiles", "report"]).joined(separator: ", ")
        case .answers, .classes:
            var names = ClassMetric.names.filter { name in
                guard let metric = ClassMetric(name: name) else { return false }
                if case .top = metric, case .classes(let count) = kind { return count > 2 }
                return metric.misfit(kind, areProbabilities: areProbabilities) == nil
            }
            if case .classes = kind { names.append("confusion_matrix") }
            return (names + ["report"]).joined(separator: ", ")
        }
    }
}
