import Metrics
import System
import Training

// The report for people.
extension EvaluationReport {
    /// The most classes with a line each; of more, those with the least F1 are shown.
    private static let mostLines = 40
    private static let longestName = 24

    /// - Parameter indent: spaces before each line.
    package func text(indent: Int) -> String {
        let lines =
            switch content {
            case .classes(let report, let matrix): classLines(report, matrix)
            case .values(let report): valueLines(report)
            }
        let space = String(repeating: " ", count: indent)
        return lines.map { $0.isEmpty ? "" : space + $0 }.joined(separator: "\n")
    }

    private func classLines(_ report: ClassReport, _ matrix: [[Int]]?) -> [String] {
        var lines: [String] = []
        if requested.showsLines {
            let least = report.classes.sorted { $0.f1 < $1.f1 }.prefix(Self.mostLines)
            let isLong = report.classes.count > Self.mostLines
            if isLong {
                lines.append(
                    "\(TextFormat.grouped(report.classes.count)) classes, of which the \(Self.mostLines) with"
                        + " the least F1:")
            }
            let header = ["class", "precision", "recall", "f1", "roc_auc", "pr_auc", "support"]
            let shown = (isLong ? Array(least) : report.classes) + report.averages
            lines += Self.table([header] + shown.map(Self.cells), rule: shown.count - report.averages.count)
        }
        lines += Self.lines(report.measures, report.resampling, asked: requested) { $0.name }
        if requested.named.contains(where: { $0.item == .confusionMatrix }), let matrix {
            lines += ["", "confusion matrix:"]
            lines.append(
                ConfusionTable.text(matrix, classNames: report.classes.map(\.name), indent: 2))
        }
        return lines
    }

    private static func cells(_ line: ClassReport.Line) -> [String] {
        [shortened(line.name)]
            + [line.precision, line.recall, line.f1].map { TextFormat.fixed($0, 4) }
            + [line.rocAUC, line.prAUC].map { $0.map { TextFormat.fixed($0, 4) } ?? "–" }
            + [TextFormat.grouped(line.support)]
    }

    private func valueLines(_ report: ValueReport) -> [String] {
        var lines: [String] = []
        let outputs = report.outputs.prefix(Self.mostLines)
        if requested.showsLines && report.outputs.count > 1 {
            let header = ["value", "r2", "mae", "rmse", "median_error"]
            lines += Self.table(
                [header]
                    + outputs.map { line in
                        [Self.shortened(line.name)]
                            + [line.r2, line.mae, line.rmse, line.medianError].map(TextFormat.measure)
                    })
        }
        lines += Self.lines(report.measures, report.resampling, asked: requested) { $0.rawValue }
        if requested.showsResiduals {
            lines += ["", "residuals (target − prediction):"]
            lines += Self.table(
                [["value"] + ValueReport.quantiles.map(\.name)]
                    + outputs.map { [Self.shortened($0.name)] + $0.residuals.map(TextFormat.measure) })
        }
        if report.outputs.count > Self.mostLines {
            lines.append("(the first \(Self.mostLines) of \(TextFormat.grouped(report.outputs.count)))")
        }
        return lines
    }

    /// A line for each measure, with its interval, and one that says how intervals come about.
    private static func lines<Metric>(
        _ measures: [Measure<Metric>], _ resampling: Resampling, asked: RequestedMetrics,
        name: (Metric) -> String
    ) -> [String] {
        guard !measures.isEmpty else { return [] }
        let rows = measures.map { measure in
            [
                name(measure.metric), measure.value.map(TextFormat.measure) ?? "not defined",
                measure.interval.map {
                    "\(TextFormat.measure($0.lowerBound)) … \(TextFormat.measure($0.upperBound))"
                } ?? "",
            ]
        }
        let bootstrap = "percentiles of \(TextFormat.grouped(resampling.count)) bootstrap resamples"
        let exact =
            measures.contains { $0.isExact } ? "exact (Clopper–Pearson) for fractions of samples" : nil
        let others = measures.contains { !$0.isExact } ? bootstrap : nil
        let methods = [exact, others].compactMap { $0 }.joined(separator: ", else ")
        return [""] + table([["", "value", "95 % interval"]] + rows) + ["intervals: \(methods)"]
    }

    /// Aligns columns: the first at its left, the others at their right.
    /// - Parameter rule: the number of rows below the header before an empty line.
    private static func table(_ rows: [[String]], rule: Int? = nil) -> [String] {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var lines = rows.map { row in
            let cells = zip(row, widths).enumerated().map { index, cell in
                index == 0 ? TextFormat.left(cell.0, cell.1) : TextFormat.right(cell.0, cell.1)
            }
            return cells.joined(separator: "  ")
        }
        if let rule { lines.insert("", at: rule + 1) }
        return lines.map { line in String(line.reversed().drop { $0 == " " }.reversed()) }
    }

    private static func shortened(_ name: String) -> String {
        name.count > longestName ? String(name.prefix(longestName - 1)) + "…" : name
    }
}
