/// The ROC curve and the precision–recall curve of one class against the rest.
///
/// A point belongs to a threshold: samples whose score of the class is at least the threshold are taken to be
/// of the class. Equal scores have one point together, as in scikit-learn without `drop_intermediate`.
package struct ClassCurves: Sendable {
    /// The samples above one threshold.
    package struct Point: Equatable, Sendable {
        /// Samples of the class above the threshold.
        package let truePositives: Int
        /// Samples of other classes above it.
        package let falsePositives: Int
    }

    /// From the highest threshold to the lowest, above which all samples are.
    package let points: [Point]
    /// Samples of the class, and of the others.
    package let positives: Int
    package let negatives: Int
    /// The area under the ROC curve; nil unless there are samples of the class and others.
    package let rocArea: Double?
    /// The average precision; nil without samples of the class.
    package let averagePrecision: Double?

    /// - Parameter c: the index of the class.
    package init(_ predictions: ClassPredictions, class c: Int) {
        let ranking = RankedScores(predictions, class: c)
        points = ranking.points
        positives = points.last?.truePositives ?? 0
        negatives = points.last?.falsePositives ?? 0
        let areas = ranking.areas([Double](repeating: 1, count: predictions.count))
        (rocArea, averagePrecision) = (areas.roc, areas.precisionRecall)
    }

    /// The false and the true positive rate at each point, from (0, 0) to (1, 1).
    package var roc: (x: [Double], y: [Double]) {
        let (all, others) = (Double(max(1, positives)), Double(max(1, negatives)))
        return (
            [0] + points.map { Double($0.falsePositives) / others },
            [0] + points.map { Double($0.truePositives) / all }
        )
    }

    /// Recall and precision at each point, from recall 0, where the precision counts as 1.
    package var precisionRecall: (x: [Double], y: [Double]) {
        let all = Double(max(1, positives))
        return (
            [0] + points.map { Double($0.truePositives) / all },
            [1] + points.map { Double($0.truePositives) / Double($0.truePositives + $0.falsePositives) }
        )
    }
}
