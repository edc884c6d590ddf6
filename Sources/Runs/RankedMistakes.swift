import Platform

/// The samples of a data set that are predicted worst, the worst first.
///
/// One class per sample: those predicted wrong, by the loss −ln p of the true class, or without probabilities
/// by how much the predicted score is above the true one. Yes-or-no targets: the wrong answers, one for each,
/// likewise. Values: all samples, by the absolute error, summed over the outputs.
package struct RankedMistakes: Sendable {
    package struct Mistake: Equatable, Sendable {
        package let sample: Int
        /// The target of a wrong answer; 0 for classes and values.
        package let target: Int
        /// The loss, the gap between scores, or the error.
        package let badness: Double
    }

    package let all: [Mistake]

    /// Probabilities below this count as this, so that a loss is finite.
    private static let least = 0x1p-52

    package init(_ predictions: RecordedPredictions) {
        let found =
            switch predictions.kind {
            case .classes(let width): Self.classes(predictions, width)
            case .answers(let width): Self.answers(predictions, width)
            case .values(let width): Self.values(predictions, width)
            }
        // The earlier of two equal ones comes first.
        all = found.enumerated().sorted { ($1.element.badness, $0.offset) < ($0.element.badness, $1.offset) }
            .map(\.element)
    }

    private static func badness(of p: Double, areProbabilities: Bool, predicted: Double) -> Double {
        areProbabilities ? -log(max(p, least)) : predicted - p
    }

    private static func classes(_ predictions: RecordedPredictions, _ width: Int) -> [Mistake] {
        (0..<predictions.count).compactMap { sample in
            let (label, found) = (predictions.labels[sample], predictions.predicted[sample])
            guard label != found else { return nil }
            let (p, q) = (
                predictions.scores[sample * width + label], predictions.scores[sample * width + found]
            )
            return Mistake(
                sample: sample, target: 0,
                badness: badness(of: p, areProbabilities: predictions.areProbabilities, predicted: q))
        }
    }

    private static func answers(_ predictions: RecordedPredictions, _ width: Int) -> [Mistake] {
        predictions.scores.indices.compactMap { index in
            let isTrue = predictions.truths[index]
            guard isTrue != predictions.answers[index] else { return nil }
            let right = isTrue ? predictions.scores[index] : 1 - predictions.scores[index]
            return Mistake(
                sample: index / width, target: index % width,
                badness: badness(
                    of: right, areProbabilities: predictions.areProbabilities, predicted: 1 - right))
        }
    }

    private static func values(_ predictions: RecordedPredictions, _ width: Int) -> [Mistake] {
        (0..<predictions.count).map { sample in
            let range = sample * width..<(sample + 1) * width
            let error = zip(predictions.targets[range], predictions.scores[range]).reduce(0) {
                $0 + ($1.0 - $1.1).magnitude
            }
            return Mistake(sample: sample, target: 0, badness: error)
        }
    }
}
