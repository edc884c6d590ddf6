/// One class against the rest: the samples in the order of the class's score, the largest first.
struct RankedScores: Sendable {
    /// The indices of the samples.
    private let order: [Int32]
    /// Whether the sample at a place of `order` is of the class.
    private let isTrue: [Bool]
    /// The ends of the runs of equal scores in `order`.
    private let ends: [Int32]

    init(_ predictions: ClassPredictions, class c: Int) {
        let (scores, classes) = (predictions.scores, predictions.classCount)
        let order = (0..<predictions.count).sorted { scores[$0 * classes + c] > scores[$1 * classes + c] }
        isTrue = order.map { predictions.truth.contains(c, sample: $0, classes: classes) }
        ends = order.indices.compactMap { place in
            let isLast = place + 1 == order.count
            let isEnd =
                isLast || scores[order[place] * classes + c] != scores[order[place + 1] * classes + c]
            return isEnd ? Int32(place + 1) : nil
        }
        self.order = order.map { Int32($0) }
    }

    /// The samples of the class and others at the top of the order, at the end of each run of equal scores.
    var points: [ClassCurves.Point] {
        var (right, wrong, place) = (0, 0, 0)
        return ends.map { end in
            while place < Int(end) {
                if isTrue[place] { right += 1 } else { wrong += 1 }
                place += 1
            }
            return ClassCurves.Point(truePositives: right, falsePositives: wrong)
        }
    }

    struct Areas: Sendable {
        /// The area under the ROC curve; nil unless there are samples of the class and others.
        var roc: Double?
        /// The average precision; nil without samples of the class.
        var precisionRecall: Double?
        /// The weight of the samples of the class.
        var support: Double
    }

    /// Computes both areas. A threshold lies between different scores only, so that equal scores count
    /// together.
    ///
    ///     ROC:                Σ FP in the run · (TP before it + TP in it / 2) / (TP · FP)
    ///     average precision:  Σ (TP in the run / TP) · TP so far / (TP + FP) so far
    ///
    /// - Parameter weights: how often each sample counts.
    func areas(_ weights: [Double]) -> Areas {
        var (right, wrong, roc, precisions) = (0.0, 0.0, 0.0, 0.0)
        var place = 0
        for end in ends {
            var (rightHere, wrongHere) = (0.0, 0.0)
            while place < Int(end) {
                let weight = weights[Int(order[place])]
                if isTrue[place] { rightHere += weight } else { wrongHere += weight }
                place += 1
            }
            roc += wrongHere * (right + rightHere / 2)
            right += rightHere
            wrong += wrongHere
            if rightHere > 0 { precisions += rightHere * right / (right + wrong) }
        }
        return Areas(
            roc: right > 0 && wrong > 0 ? roc / (right * wrong) : nil,
            precisionRecall: right > 0 ? precisions / right : nil, support: right)
    }
}

extension [RankedScores.Areas] {
    /// The average over the classes for which the area is defined; nil if there is none.
    func average(_ average: ClassMetric.Average, areExclusive: Bool, of area: (Element) -> Double?)
        -> Double?
    {
        if average == .standard, areExclusive, count == 2 { return area(self[1]) }
        let defined = compactMap { element in area(element).map { (value: $0, support: element.support) } }
        guard !defined.isEmpty else { return nil }
        guard average == .weighted else { return defined.reduce(0) { $0 + $1.value } / Double(defined.count) }
        return defined.reduce(0) { $0 + $1.value * $1.support } / defined.reduce(0) { $0 + $1.support }
    }
}
