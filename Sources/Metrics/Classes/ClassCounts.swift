/// The numbers of samples of each class, by which precision, recall and F1 are defined.
package struct ClassCounts: Sendable {
    /// TP: samples of the class that were predicted to be of it.
    package private(set) var right: [Double]
    /// TP + FP: samples that were predicted to be of the class.
    package private(set) var predicted: [Double]
    /// TP + FN: samples of the class.
    package private(set) var actual: [Double]
    private let areExclusive: Bool

    /// Counts each sample once.
    package init(_ predictions: ClassPredictions) {
        self.init(predictions, weights: [Double](repeating: 1, count: predictions.count))
    }

    /// - Parameter weights: how often each sample counts.
    init(_ predictions: ClassPredictions, weights: [Double]) {
        let classes = predictions.classCount
        right = Array(repeating: 0, count: classes)
        predicted = right
        actual = right
        areExclusive = predictions.areExclusive
        switch (predictions.truth, predictions.predicted) {
        case (.one(let truth), .one(let found)):
            for (sample, weight) in weights.enumerated() {
                actual[truth[sample]] += weight
                predicted[found[sample]] += weight
                if truth[sample] == found[sample] { right[truth[sample]] += weight }
            }
        case (let truth, let found):
            for (sample, weight) in weights.enumerated() {
                for c in 0..<classes {
                    let isTrue = truth.contains(c, sample: sample, classes: classes)
                    let isFound = found.contains(c, sample: sample, classes: classes)
                    if isTrue { actual[c] += weight }
                    if isFound { predicted[c] += weight }
                    if isTrue && isFound { right[c] += weight }
                }
            }
        }
    }

    /// Precision, recall or F1 as a function of counts.
    package enum Score: Sendable {
        case precision
        case recall
        case f1

        /// Returns the score, 0 where nothing is right.
        func value(right: Double, predicted: Double, actual: Double) -> Double {
            guard right > 0 else { return 0 }
            return switch self {
            case .precision: right / predicted
            case .recall: right / actual
            case .f1: 2 * right / (predicted + actual)
            }
        }
    }

    package func value(_ score: Score, of c: Int) -> Double {
        score.value(right: right[c], predicted: predicted[c], actual: actual[c])
    }

    package func value(_ score: Score, _ average: ClassMetric.Average) -> Double {
        switch average {
        case .standard: areExclusive && actual.count == 2 ? value(score, of: 1) : value(score, .macro)
        case .macro:
            Self.mean(
                actual.indices.filter { !areExclusive || predicted[$0] + actual[$0] > 0 }.map {
                    value(score, of: $0)
                })
        case .micro:
            score.value(
                right: right.reduce(0, +), predicted: predicted.reduce(0, +), actual: actual.reduce(0, +))
        case .weighted: weighted(score)
        }
    }

    private func weighted(_ score: Score) -> Double {
        let all = actual.reduce(0, +)
        guard all > 0 else { return 0 }
        return actual.indices.reduce(0) { $0 + actual[$1] * value(score, of: $1) } / all
    }

    var balancedAccuracy: Double {
        Self.mean(actual.indices.filter { actual[$0] > 0 }.map { value(.recall, of: $0) })
    }

    private static func mean(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }
}
