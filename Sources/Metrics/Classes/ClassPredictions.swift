/// The predictions for a set of samples, beside the true classes.
///
/// ```swift
/// let predictions = ClassPredictions(
///     classNames: ["cat", "dog"], count: 3, truth: .one([0, 1, 1]), predicted: .one([0, 1, 0]),
///     scores: [0.9, 0.1, 0.2, 0.8, 0.6, 0.4], areProbabilities: true, ranks: [0, 0, 1])
/// ClassMeasurement(predictions, [.accuracy]).values([1, 1, 1])      // [0.6666666666666666]
/// ```
package struct ClassPredictions: Sendable {
    /// The classes that each sample has.
    package enum Membership: Sendable {
        /// One class for each sample.
        case one([Int])
        /// A yes or no for each sample and class, `[samples, classes]`.
        case any([Bool])

        func contains(_ c: Int, sample: Int, classes: Int) -> Bool {
            switch self {
            case .one(let labels): labels[sample] == c
            case .any(let answers): answers[sample * classes + c]
            }
        }
    }

    package let classNames: [String]
    /// The number of samples.
    package let count: Int
    package let truth: Membership
    package let predicted: Membership
    /// `[samples, classes]`
    package let scores: [Double]
    package let areProbabilities: Bool
    /// The number of classes whose score is above that of the true class; empty unless a sample has one
    /// class.
    package let ranks: [Int]

    package init(
        classNames: [String], count: Int, truth: Membership, predicted: Membership, scores: [Double],
        areProbabilities: Bool, ranks: [Int]
    ) {
        precondition(scores.count == count * classNames.count, "each sample has a score for each class")
        self.classNames = classNames
        self.count = count
        self.truth = truth
        self.predicted = predicted
        self.scores = scores
        self.areProbabilities = areProbabilities
        self.ranks = ranks
    }

    package var classCount: Int { classNames.count }

    /// Whether each sample has one class. Otherwise each class is a yes or no of its own.
    package var areExclusive: Bool { if case .one = truth { true } else { false } }

    /// Whether all that is predicted of a sample is right.
    func isRight(_ sample: Int) -> Bool {
        if case .one(let truth) = truth, case .one(let predicted) = predicted {
            return truth[sample] == predicted[sample]
        }
        return (0..<classCount).allSatisfy {
            truth.contains($0, sample: sample, classes: classCount)
                == predicted.contains($0, sample: sample, classes: classCount)
        }
    }
}
