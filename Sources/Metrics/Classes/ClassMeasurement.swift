/// Measures of predicted classes, for samples that may count several times.
///
/// Everything that a measure needs of the samples, above all their order by score, is computed once, so that
/// the many resamples of a bootstrap are quick.
struct ClassMeasurement: Sendable {
    private let predictions: ClassPredictions
    let metrics: [ClassMetric]
    private let probabilities: ProbabilityScores?
    /// For each class.
    private let rankings: [RankedScores]
    private let hasAreas: Bool
    private let isRight: [Bool]

    init(_ predictions: ClassPredictions, _ metrics: [ClassMetric]) {
        self.predictions = predictions
        self.metrics = metrics
        probabilities =
            metrics.contains(where: \.needsProbabilities) ? ProbabilityScores(predictions) : nil
        rankings = (0..<predictions.classCount).map { RankedScores(predictions, class: $0) }
        hasAreas = metrics.contains(where: \.isArea)
        isRight = (0..<predictions.count).map(predictions.isRight)
    }

    /// The value of each metric; nil where it is not defined.
    /// - Parameter weights: how often each sample counts.
    func values(_ weights: [Double]) -> [Double?] {
        let counts = ClassCounts(predictions, weights: weights)
        let areas = hasAreas ? areas(weights) : []
        return metrics.map { metric in
            switch metric {
            case .accuracy: fraction(weights) { isRight[$0] }
            case .top(let k): fraction(weights) { predictions.ranks[$0] < k }
            case .balancedAccuracy: counts.balancedAccuracy
            case .precision(let average): counts.value(.precision, average)
            case .recall(let average): counts.value(.recall, average)
            case .f1(let average): counts.value(.f1, average)
            case .rocAUC(let average):
                areas.average(average, areExclusive: predictions.areExclusive) { $0.roc }
            case .prAUC(let average):
                areas.average(average, areExclusive: predictions.areExclusive) { $0.precisionRecall }
            case .logLoss: probabilities?.logLoss(weights)
            case .brier: probabilities?.brier(weights)
            case .calibrationError: probabilities?.calibrationError(weights)
            }
        }
    }

    private func fraction(_ weights: [Double], _ isCounted: (Int) -> Bool) -> Double {
        var (counted, all) = (0.0, 0.0)
        for (sample, weight) in weights.enumerated() {
            all += weight
            if isCounted(sample) { counted += weight }
        }
        return counted / all
    }

    /// The areas of each class.
    func areas(_ weights: [Double]) -> [RankedScores.Areas] { rankings.map { $0.areas(weights) } }
}
