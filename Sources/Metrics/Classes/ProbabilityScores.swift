import Platform

/// Log-loss, Brier score and calibration: what is measured of probabilities themselves.
package struct ProbabilityScores: Sendable {
    /// The number of bins of confidence, which divide 0 … 1 into equal parts; a bin contains its upper end.
    package static let bins = 15

    /// The index of the bin that a probability is in.
    static func bin(of probability: Double, among count: Int) -> Int {
        (0..<count - 1).first { probability <= Double($0 + 1) / Double(count) } ?? count - 1
    }

    /// Probabilities are clipped to this and 1 minus this, so that a logarithm is finite.
    static let clipping = 0x1p-52

    /// For each sample, the mean over its decisions: one with exclusive classes, else one for each class.
    private var losses: [Double] = []
    private var squares: [Double] = []
    /// The decisions: the predicted class of a sample, or the answer for each class.
    private var decisions: [Decision] = []
    private let decisionsPerSample: Int

    private struct Decision {
        let bin: Int
        let confidence: Double
        let isRight: Bool

        init(confidence: Double, isRight: Bool) {
            self.confidence = confidence
            self.isRight = isRight
            bin = ProbabilityScores.bin(of: confidence, among: bins)
        }
    }

    init(_ predictions: ClassPredictions) {
        let classes = predictions.classCount
        decisionsPerSample = predictions.areExclusive ? 1 : classes
        for sample in 0..<predictions.count {
            let scores = predictions.scores[sample * classes..<(sample + 1) * classes]
            if case .one(let labels) = predictions.truth {
                add(scores, label: labels[sample], isRight: predictions.isRight(sample))
            } else {
                let answers = (0..<classes).map {
                    (
                        isTrue: predictions.truth.contains($0, sample: sample, classes: classes),
                        isFound: predictions.predicted.contains($0, sample: sample, classes: classes)
                    )
                }
                add(scores, answers)
            }
        }
    }

    /// Adds a sample of exclusive classes. Its confidence is the largest probability.
    private mutating func add(_ probabilities: ArraySlice<Double>, label: Int, isRight: Bool) {
        let start = probabilities.startIndex
        losses.append(-log(Self.clipped(probabilities[start + label])))
        let square = probabilities.enumerated().reduce(0) { sum, next in
            let error = next.element - (next.offset == label ? 1 : 0)
            return sum + error * error
        }
        squares.append(probabilities.count == 2 ? square / 2 : square)
        decisions.append(Decision(confidence: probabilities.max() ?? 0, isRight: isRight))
    }

    /// Adds a sample of yes-or-no targets. The confidence of an answer is p or 1 − p, the larger of them.
    private mutating func add(
        _ probabilities: ArraySlice<Double>, _ answers: [(isTrue: Bool, isFound: Bool)]
    ) {
        var (loss, square) = (0.0, 0.0)
        for (p, answer) in zip(probabilities, answers) {
            let clipped = Self.clipped(p)
            loss -= answer.isTrue ? log(clipped) : log1p(-clipped)
            square += (p - (answer.isTrue ? 1 : 0)) * (p - (answer.isTrue ? 1 : 0))
            decisions.append(
                Decision(confidence: max(p, 1 - p), isRight: answer.isTrue == answer.isFound))
        }
        losses.append(loss / Double(answers.count))
        squares.append(square / Double(answers.count))
    }

    private static func clipped(_ p: Double) -> Double { min(max(p, clipping), 1 - clipping) }

    // MARK: Means

    func logLoss(_ weights: [Double]) -> Double { Self.mean(losses, weights) }
    func brier(_ weights: [Double]) -> Double { Self.mean(squares, weights) }

    private static func mean(_ values: [Double], _ weights: [Double]) -> Double {
        var (sum, all) = (0.0, 0.0)
        for (value, weight) in zip(values, weights) {
            sum += weight * value
            all += weight
        }
        return sum / all
    }

    func calibrationError(_ weights: [Double]) -> Double {
        var (confidence, right) = ([Double](repeating: 0, count: Self.bins), 0.0)
        for (index, decision) in decisions.enumerated() {
            let weight = weights[index / decisionsPerSample]
            confidence[decision.bin] += weight * (decision.confidence - (decision.isRight ? 1 : 0))
            right += weight
        }
        return confidence.reduce(0) { $0 + $1.magnitude } / right
    }
}
