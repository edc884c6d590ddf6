import Datasets
import System

// The inspection as text, 80 columns wide where names are short.
extension DataInspection {
    package var text: String {
        var lines: [String] = []
        var shown: Set<String> = []
        for set in sets {
            switch set.findings {
            case .table(let report):
                // Both parts of a split are in one table.
                guard shown.insert(report.path).inserted else { continue }
                lines += Self.lines(set.name, report)
            case .samples(let report, let classNames): lines += Self.lines(set.name, report, classNames)
            }
        }
        lines += overlaps.map {
            "warning: \(TextFormat.count($0.samples, "sample")) of \($0.set) are also in \($0.other)"
        }
        lines += faults.map { "error: \($0)" }
        lines += notes.map { "\($0.cure == nil ? "note" : "warning"): \($0.sentence)" }
        return lines.joined(separator: "\n")
    }

    /// The errors that a training would end with.
    package var faults: [String] {
        sets.flatMap { set in
            guard case .table(let report) = set.findings else { return [String]() }
            return report.columns.compactMap(\.fault)
        }.reduce(into: []) { faults, fault in if !faults.contains(fault) { faults.append(fault) } }
    }

    // MARK: - Tables

    private static func lines(_ name: String, _ report: TableReport) -> [String] {
        var rows = [
            ["column", "type", "missing", "different", "least", "median", "greatest", "mean ± deviation"]
        ]
        rows += report.columns.map(row)
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let table = rows.map { row in
            let cells = zip(row, widths).enumerated().map { index, cell in
                index < 2 ? TextFormat.left(cell.0, cell.1) : TextFormat.right(cell.0, cell.1)
            }
            return "  " + String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
        }
        let title =
            "\(name): \(report.path), \(TextFormat.count(report.rows, "row")),"
            + " \(TextFormat.count(report.columns.count, "column"))"
        let duplicates =
            report.duplicateRows == 0
            ? []
            : [
                "  \(TextFormat.count(report.duplicateRows, "row")) equal to an earlier one"
                    + " (\(percent(report.duplicateRows, report.rows)))"
            ]
        return [title] + table + report.columns.flatMap(categories) + report.columns.compactMap(outliers)
            + duplicates
    }

    private static func row(_ column: TableReport.Column) -> [String] {
        let cells = column.numbers + column.texts + column.missing
        let name = column.role == .target ? "\(column.name) (target)" : column.name
        let missing =
            column.missing == 0
            ? "0" : "\(TextFormat.grouped(column.missing)) (\(percent(column.missing, cells)))"
        let distinct = (column.distinctIsExact ? "" : "~") + TextFormat.grouped(column.distinct)
        let numbers = column.range.map {
            [
                number($0.least), number($0.median), number($0.greatest),
                "\(number($0.mean)) ± \(number($0.deviation))",
            ]
        }
        return [name, column.type, missing, distinct] + (numbers ?? ["", "", "", ""])
    }

    private static func categories(_ column: TableReport.Column) -> [String] {
        guard !column.categories.isEmpty else { return [] }
        let all = column.categories.reduce(0) { $0 + $1.count }
        let shown = column.categories.prefix(8).map { "`\($0.name)` \(percent($0.count, all))" }
        let more = column.categories.count - shown.count
        let balance =
            column.role == .target && column.categories.count > 1
            ? "; the most frequent class has \(ratio(column.categories)) times the samples of the rarest" : ""
        return [
            "  \(column.name): \(shown.joined(separator: ", "))"
                + (more > 0 ? ", and \(TextFormat.grouped(more)) more" : "") + balance
        ]
    }

    private static func ratio(_ categories: [TableReport.Category]) -> String {
        TextFormat.fixed(
            Double(categories[0].count) / Double(max(1, categories[categories.count - 1].count)), 1)
    }

    private static func outliers(_ column: TableReport.Column) -> String? {
        guard let range = column.range, range.outliers > 0 else { return nil }
        return "  \(column.name): \(TextFormat.fixed(100 * range.outliers, 2)) % of its numbers are outliers,"
            + " more than 3 interquartile ranges outside of \(number(range.firstQuartile)) …"
            + " \(number(range.thirdQuartile))"
    }

    // MARK: - Other data

    private static func lines(_ name: String, _ report: DatasetReport, _ classNames: [String]) -> [String] {
        let shape = report.form.sampleShape.map { "\($0)" }.joined(separator: " × ")
        var lines = [
            "\(name): \(TextFormat.count(report.form.count, "sample")) of \(shape)"
                + " \(report.form.elementType == .uint8 ? "bytes" : "floats"),"
                + " \(number(report.least)) … \(number(report.greatest))"
        ]
        if case .values(let width) = report.form.targets {
            lines.append("  \(TextFormat.count(width, "target value")) per sample")
        }
        let counts = zip(classNames, report.classCounts).sorted { ($1.1, $0.0) < ($0.1, $1.0) }
        if let first = counts.first, let last = counts.last {
            let shown = counts.prefix(12).map { "`\($0.0)` \(TextFormat.grouped($0.1))" }
            lines.append(
                "  \(TextFormat.count(counts.count, "class", plural: "classes")):"
                    + " \(shown.joined(separator: ", "))\(counts.count > 12 ? ", …" : "");"
                    + " the most frequent has"
                    + " \(TextFormat.fixed(Double(first.1) / Double(max(1, last.1)), 1)) times the samples of"
                    + " the rarest")
        }
        if report.duplicates > 0 {
            lines.append(
                "  \(TextFormat.count(report.duplicates, "sample")) equal to an earlier one"
                    + " (\(percent(report.duplicates, report.form.count)))")
        }
        return lines
    }

    private static func percent(_ part: Int, _ whole: Int) -> String {
        "\(TextFormat.fixed(100 * Double(part) / Double(max(1, whole)), 1)) %"
    }

    /// A number with at most six digits.
    private static func number(_ value: Double) -> String {
        if value == value.rounded(), value.magnitude < 1e9 { return TextFormat.grouped(Int(value)) }
        let size = value.magnitude
        if size >= 1e6 || size < 1e-3 { return "\(Float(value))" }
        return TextFormat.fixed(value, size >= 1_000 ? 1 : size >= 10 ? 2 : 4)
    }
}
