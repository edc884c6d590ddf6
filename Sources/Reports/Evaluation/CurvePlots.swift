import Metrics
import System

/// ROC, precision–recall and reliability curves of predicted classes, or of yes-or-no answers.
package struct CurvePlots {
    private let predictions: ClassPredictions
    /// The classes with a curve each, and what the curves say about the others.
    private let shown: [Int]
    private let curves: [ClassCurves]

    /// The most classes that all have a curve; of more, there are the mean and the worst.
    static let mostCurves = 10
    /// The number of worst classes beside the mean.
    package static let worst = 5
    /// Points of a drawn curve.
    static let mostPoints = 500
    /// The most scores that are sorted for curves; more would take seconds.
    static let mostScores = 10_000_000

    /// Nil for too many scores.
    package init?(_ predictions: ClassPredictions) {
        guard predictions.scores.count <= Self.mostScores else { return nil }
        self.predictions = predictions
        let isBinary = predictions.areExclusive && predictions.classCount == 2
        let classes = isBinary ? [1] : Array(0..<predictions.classCount)
        curves = classes.map { ClassCurves(predictions, class: $0) }
        shown = classes
    }

    package var plots: [Plot] {
        [roc, precisionRecall].compactMap { $0 } + (predictions.areProbabilities ? reliability : [])
    }

    private var noun: String { predictions.areExclusive ? "class" : "target" }

    // MARK: ROC and precision–recall

    private struct Kind {
        let title: String
        let area: String
        let x: String
        let y: String
        let diagonal: Bool
    }

    private var roc: Plot? {
        plot(
            Kind(
                title: "ROC curves", area: "area under the curve", x: "false positive rate",
                y: "true positive rate", diagonal: true), area: \.rocArea, curve: \.roc,
            mean: Self.meanROC)
    }

    private var precisionRecall: Plot? {
        plot(
            Kind(
                title: "Precision–recall curves", area: "average precision", x: "recall", y: "precision",
                diagonal: false), area: \.averagePrecision, curve: \.precisionRecall,
            mean: Self.meanPrecision)
    }

    private func plot(
        _ kind: Kind, area: KeyPath<ClassCurves, Double?>,
        curve: KeyPath<ClassCurves, (x: [Double], y: [Double])>,
        mean: ([ClassCurves]) -> Plot.Series
    ) -> Plot? {
        let known = shown.indices.compactMap { place in
            curves[place][keyPath: area].map { (place: place, area: $0) }
        }
        guard let least = known.min(by: { $0.area < $1.area }) else { return nil }
        let isLong = known.count > Self.mostCurves
        let drawn =
            isLong
            ? Array(known.sorted { ($0.area, $0.place) < ($1.area, $1.place) }.prefix(Self.worst)) : known
        var series = drawn.map { entry in
            let points = curves[entry.place][keyPath: curve]
            let places = Thinning.curve(points.x.count, most: Self.mostPoints)
            return Plot.Series(
                "\(name(entry.place)) (\(TextFormat.fixed(entry.area, 3)))", x: places.map { points.x[$0] },
                y: places.map { points.y[$0] })
        }
        if isLong { series.insert(mean(known.map { curves[$0.place] }), at: 0) }
        let average = known.reduce(0) { $0 + $1.area } / Double(known.count)
        let plural = noun == "class" ? "classes" : "targets"
        let which =
            isLong
            ? "shown are the mean over \(TextFormat.grouped(known.count)) \(plural), and the \(Self.worst)"
                + " with the least area." : "one \(noun) against all others."
        return Plot(
            .evaluation, kind.title,
            note: "In brackets: \(kind.area); \(which)",
            alt: known.count == 1
                ? "The \(kind.area) is \(TextFormat.fixed(average, 4))."
                : "The \(kind.area) is \(TextFormat.fixed(average, 4)) in the mean and"
                    + " \(TextFormat.fixed(least.area, 4)) for \(name(least.place)), the least.",
            .lines(
                x: Plot.Axis(kind.x, 0...1), y: Plot.Axis(kind.y, 0...1), series, diagonal: kind.diagonal))
    }

    private func name(_ place: Int) -> String { predictions.classNames[shown[place]] }

    private static let grid = (0...200).map { Double($0) / 200 }

    /// The mean of the true positive rates at each false positive rate, by linear interpolation.
    static func meanROC(_ curves: [ClassCurves]) -> Plot.Series {
        var sums = [Double](repeating: 0, count: grid.count)
        for curve in curves {
            let (x, y) = curve.roc
            var place = 0
            for (index, rate) in grid.enumerated() {
                while place + 1 < x.count - 1, x[place + 1] <= rate { place += 1 }
                let width = x[place + 1] - x[place]
                let part = width > 0 ? min(1, (rate - x[place]) / width) : 1
                sums[index] += index == grid.count - 1 ? 1 : y[place] + part * (y[place + 1] - y[place])
            }
        }
        return Plot.Series("mean over all", x: grid, y: sums.map { $0 / Double(curves.count) })
    }

    /// The mean over the classes of the greatest precision with at least each recall.
    static func meanPrecision(_ curves: [ClassCurves]) -> Plot.Series {
        var sums = [Double](repeating: 0, count: grid.count)
        for curve in curves {
            let (x, y) = curve.precisionRecall
            var (place, best) = (x.count - 1, 0.0)
            for index in grid.indices.reversed() {
                while place >= 0, x[place] >= grid[index] - 1e-12 {
                    best = max(best, y[place])
                    place -= 1
                }
                sums[index] += best
            }
        }
        return Plot.Series("mean over all", x: grid, y: sums.map { $0 / Double(curves.count) })
    }

    // MARK: Reliability

    /// The probability of the second of two classes, of all answers, or of the predicted class.
    private var spokenOf: (probabilities: [Double], outcomes: [Bool], axis: String) {
        let (count, classes) = (predictions.count, predictions.classCount)
        guard case .one(let truth) = predictions.truth, case .one(let found) = predictions.predicted else {
            guard case .any(let answers) = predictions.truth else { return ([], [], "") }
            return (predictions.scores, answers, "probability of yes")
        }
        if classes == 2 {
            return (
                (0..<count).map { predictions.scores[2 * $0 + 1] }, truth.map { $0 == 1 },
                "probability of \(predictions.classNames[1])"
            )
        }
        return (
            (0..<count).map { predictions.scores[$0 * classes + found[$0]] },
            zip(truth, found).map { $0 == $1 }, "probability of the predicted class"
        )
    }

    private var reliability: [Plot] {
        let (probabilities, outcomes, axis) = spokenOf
        let bins = ReliabilityCurve(probabilities, outcomes).bins
        let filled = bins.filter { $0.count > 0 }
        guard !filled.isEmpty else { return [] }
        let means = filled.compactMap(\.meanProbability)
        let fractions = filled.compactMap(\.fractionTrue)
        let gaps = zip(means, fractions).map { ($0 - $1).magnitude }
        let error =
            zip(gaps, filled).reduce(0) { $0 + $1.0 * Double($1.1.count) } / Double(probabilities.count)
        let curve = Plot(
            .evaluation, "Reliability curve",
            note: "Probabilities in \(bins.count) bins; on the diagonal they are as often right as they say."
                + " Below it the model is too sure of itself.",
            alt: "Over \(TextFormat.count(filled.count, "bin")) with samples, probabilities and observed"
                + " fractions differ by \(TextFormat.fixed(error, 4)) in the mean.",
            .lines(
                x: Plot.Axis("mean \(axis)", 0...1), y: Plot.Axis("observed fraction", 0...1),
                [Plot.Series("observed", x: means, y: fractions)], diagonal: true))
        let most = bins.enumerated().max { $0.element.count < $1.element.count }?.offset ?? 0
        let edges = (0...bins.count).map { Double($0) / Double(bins.count) }
        let counts = Plot(
            .evaluation, "Samples in each bin of the reliability curve",
            alt: "Most probabilities, \(TextFormat.grouped(bins[most].count)) of"
                + " \(TextFormat.grouped(probabilities.count)), lie between"
                + " \(TextFormat.fixed(edges[most], 2)) and \(TextFormat.fixed(edges[most + 1], 2)).",
            .histogram(x: Plot.Axis(axis, 0...1), edges: edges, counts: bins.map(\.count)))
        return [curve, counts]
    }
}
