import Metrics
import System

/// The drawings of predicted classes, or of yes-or-no answers.
struct ClassPlots {
    private let predictions: ClassPredictions
    private let report: ClassReport
    private let counts: ClassCounts

    /// The most classes with a row and a column in the confusion matrix.
    static let mostInMatrix = 100
    /// The most classes with a line; of more, those with the least F1.
    static let mostLines = 200
    static let mostPairs = 15

    init(_ predictions: ClassPredictions, _ report: ClassReport) {
        self.predictions = predictions
        self.report = report
        counts = ClassCounts(predictions)
    }

    var plots: [Plot] {
        let matrix = ClassReport.confusionMatrix(predictions)
        return [measures] + (matrix.map { confusion($0) + pairs($0) } ?? answers) + [lines]
    }

    // MARK: Measures

    private var measures: Plot {
        let rows = report.measures.map { measure in
            [
                Plot.Cell.text(measure.metric.name), .optional(measure.value),
                .optional(measure.interval?.lowerBound), .optional(measure.interval?.upperBound),
                .text(measure.isExact ? "exact (Clopper–Pearson)" : "bootstrap"),
            ]
        }
        let accuracy = report.measures.first { $0.metric == .accuracy }?.value
        return Plot(
            .evaluation, "Measures",
            note: "Intervals of 95 %; a bootstrap's are the percentiles of"
                + " \(TextFormat.grouped(report.resampling.count)) resamples of the samples.",
            alt: accuracy.map { "The accuracy is \(TextFormat.fixed($0, 4))." } ?? "Measures with intervals.",
            .table(
                [
                    Plot.Column("measure", isNumber: false), Plot.Column("value"), Plot.Column("from"),
                    Plot.Column("to"), Plot.Column("interval", isNumber: false),
                ], rows: rows))
    }

    // MARK: The confusion matrix

    private func confusion(_ matrix: [[Int]]) -> [Plot] {
        guard matrix.count <= Self.mostInMatrix else {
            let text =
                "There are \(TextFormat.grouped(matrix.count)) classes, and a matrix is drawn for at most"
                + " \(Self.mostInMatrix). The most confused pairs stand below."
            return [Plot(.evaluation, "Confusion matrix", alt: text, .text(text))]
        }
        let right = matrix.indices.reduce(0) { $0 + matrix[$1][$1] }
        let worst = Self.pairs(matrix).first
        return [
            Plot(
                .evaluation, "Confusion matrix", note: "A row is a true class, a column what was predicted.",
                alt: "\(TextFormat.grouped(right)) of \(TextFormat.count(predictions.count, "sample")) are"
                    + " predicted right"
                    + (worst.map {
                        "; most often confused: \(name($0.truth)), predicted as \(name($0.found)),"
                            + " \(TextFormat.count($0.count, "time"))."
                    } ?? "."),
                .confusion(classes: predictions.classNames, counts: matrix))
        ]
    }

    struct Pair {
        let truth: Int
        let found: Int
        let count: Int
    }

    /// The cells outside of the diagonal with samples, the largest first.
    static func pairs(_ matrix: [[Int]]) -> [Pair] {
        matrix.indices.flatMap { truth in
            matrix[truth].indices.compactMap { found in
                let count = matrix[truth][found]
                return truth == found || count == 0 ? nil : Pair(truth: truth, found: found, count: count)
            }
        }.sorted { ($1.count, $0.truth, $0.found) < ($0.count, $1.truth, $1.found) }
    }

    private func pairs(_ matrix: [[Int]]) -> [Plot] {
        let pairs = Self.pairs(matrix)
        guard let first = pairs.first else { return [] }
        let rows = pairs.prefix(Self.mostPairs).map { pair in
            [
                Plot.Cell.text(name(pair.truth)), .text(name(pair.found)), .count(pair.count),
                .number(100 * Double(pair.count) / max(1, counts.actual[pair.truth])),
            ]
        }
        return [
            Plot(
                .evaluation, "Most confused pairs",
                note: pairs.count > rows.count
                    ? "The first \(rows.count) of \(TextFormat.count(pairs.count, "pair"))." : nil,
                alt: "\(name(first.truth)) is predicted as \(name(first.found))"
                    + " \(TextFormat.count(first.count, "time")), more often than any other mistake.",
                .table(
                    [
                        Plot.Column("true class", isNumber: false),
                        Plot.Column("predicted", isNumber: false), Plot.Column("samples"),
                        Plot.Column("of the true class", unit: "%"),
                    ], rows: Array(rows)))
        ]
    }

    private func name(_ c: Int) -> String { predictions.classNames[c] }

    // MARK: A line for each class

    private var lines: Plot {
        let order = report.classes.indices.sorted {
            (report.classes[$0].f1, $0) < (report.classes[$1].f1, $1)
        }
        let isLong = report.classes.count > Self.mostLines
        let shown = isLong ? Array(order.prefix(Self.mostLines)) : Array(report.classes.indices)
        let noun = predictions.areExclusive ? "class" : "target"
        let least = order.first.map { report.classes[$0] }
        return Plot(
            .evaluation, "Report for each \(noun)",
            note: "Precision and recall with their exact 95 % intervals (Clopper–Pearson)."
                + (isLong ? " Shown are the \(Self.mostLines) with the least F1." : ""),
            alt: least.map {
                "The least F1 is \(TextFormat.fixed($0.f1, 4)), of \($0.name), with"
                    + " \(TextFormat.count($0.support, "sample"))."
            } ?? "There are no classes.",
            .table(
                [Plot.Column(noun, isNumber: false)]
                    + [
                        "precision", "from", "to", "recall", "from", "to", "F1", "ROC AUC", "PR AUC",
                        "support",
                    ]
                    .map { Plot.Column($0) },
                rows: shown.map(line) + report.averages.map(average)))
    }

    private func line(_ c: Int) -> [Plot.Cell] {
        let line = report.classes[c]
        return [.text(line.name), .number(line.precision)]
            + Self.interval(counts.right[c], of: counts.predicted[c]) + [.number(line.recall)]
            + Self.interval(counts.right[c], of: counts.actual[c])
            + [.number(line.f1), .optional(line.rocAUC), .optional(line.prAUC), .count(line.support)]
    }

    private func average(_ line: ClassReport.Line) -> [Plot.Cell] {
        [
            .text("\(line.name) average"), .number(line.precision), .none, .none, .number(line.recall), .none,
            .none, .number(line.f1), .optional(line.rocAUC), .optional(line.prAUC), .count(line.support),
        ]
    }

    private static func interval(_ successes: Double, of count: Double) -> [Plot.Cell] {
        guard count > 0 else { return [.none, .none] }
        let interval = BinomialInterval.exact(successes: Int(successes), of: Int(count))
        return [.number(interval.lowerBound), .number(interval.upperBound)]
    }

    // MARK: Yes-or-no answers

    private var answers: [Plot] {
        let rows = predictions.classNames.indices.prefix(Self.mostLines).map { c in
            let (right, found, actual) = (counts.right[c], counts.predicted[c], counts.actual[c])
            return [
                Plot.Cell.text(name(c)), .number(right), .number(found - right), .number(actual - right),
                .number(Double(predictions.count) - found - actual + right),
            ]
        }
        let targets = predictions.classCount
        let wrong = (0..<targets).reduce(0.0) {
            $0 + counts.predicted[$1] + counts.actual[$1] - 2 * counts.right[$1]
        }
        return [
            Plot(
                .evaluation, "Answers for each target",
                note: rows.count < targets
                    ? "The first \(rows.count) of \(TextFormat.grouped(targets)) targets." : nil,
                alt: "\(TextFormat.grouped(Int(wrong))) answers of"
                    + " \(TextFormat.grouped(predictions.count * targets)) are wrong.",
                .table(
                    [
                        Plot.Column("target", isNumber: false), Plot.Column("right yes"),
                        Plot.Column("wrong yes"), Plot.Column("wrong no"), Plot.Column("right no"),
                    ], rows: Array(rows)))
        ]
    }
}
