import Datasets
import Reports
import System

// The inspection as text, 80 columns wide where names are short.
extension DataInspection {
    package var text: String {
        var lines: [String] = []
        for set in sets {
            if !set.isAnotherPart {
                switch set.findings {
                case .table(let report): lines += Self.lines(set.name, report)
                case .images(let report): lines += Self.lines(set.name, report)
                case .samples(let report):
                    lines += set.sequences.map { Self.lines(set.name, $0) } ?? Self.lines(set.name, report)
                    if set.sequences != nil { lines += Self.counts(report) }
                }
            }
            if set.part != nil { lines += Self.partLines(set) }
        }
        lines += overlaps.map(\.note.line)
        lines += faults.map { "error: \($0)" }
        lines += notes.map(\.line)
        return lines.joined(separator: "\n")
    }

    /// The samples of a part and their classes.
    private static func partLines(_ set: DataSet) -> [String] {
        ["  \(set.name): \(TextFormat.count(set.count, "sample"))\(classes(set.classes, before: "; "))"]
    }

    private static func duplicates(_ count: Int, of all: Int, _ noun: String) -> [String] {
        count == 0
            ? [] : ["  \(TextFormat.count(count, noun)) equal to an earlier one (\(percent(count, all)))"]
    }

    /// Classes with their shares, and how much they differ.
    private static func classes(_ classes: [NamedCount], before: String = "", most: Int = 8) -> String {
        let all = classes.reduce(0) { $0 + $1.count }
        guard !classes.isEmpty else { return "" }
        let shown = classes.byFrequency.prefix(most).map {
            "`\($0.name)` \(TextFormat.grouped($0.count)) (\(percent($0.count, all)))"
        }
        let more = classes.count > most ? ", and \(TextFormat.grouped(classes.count - most)) more" : ""
        return before + shown.joined(separator: ", ") + more
    }

    private static func balance(_ classes: [NamedCount]) -> String {
        classes.count < 2
            ? ""
            : "; the most frequent class has \(TextFormat.fixed(classes.imbalance, 1)) times the samples of"
                + " the rarest"
    }

    // MARK: - Tables

    private static func lines(_ name: String, _ report: TableReport) -> [String] {
        let header = [
            "column", "type", "missing", "different", "least", "median", "greatest", "mean ± deviation",
        ]
        let title =
            "\(name): \(report.path), \(TextFormat.count(report.rows, "row")),"
            + " \(TextFormat.count(report.columns.count, "column"))"
        return [title] + aligned([header] + report.columns.map(row)) + report.columns.flatMap(categories)
            + report.columns.compactMap { outliers($0.name, $0.range) }
            + duplicates(report.duplicateRows, of: report.rows, "row")
    }

    /// Cells in columns: the first two to the left, numbers to the right.
    private static func aligned(_ rows: [[String]], left: Int = 2) -> [String] {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).enumerated().map { index, cell in
                index < left ? TextFormat.left(cell.0, cell.1) : TextFormat.right(cell.0, cell.1)
            }
            return "  " + String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
        }
    }

    private static func row(_ column: TableReport.Column) -> [String] {
        let cells = column.numbers + column.texts + column.missing
        let name = column.role == .target ? "\(column.name) (target)" : column.name
        let missing =
            column.missing == 0
            ? "0" : "\(TextFormat.grouped(column.missing)) (\(percent(column.missing, cells)))"
        let distinct = (column.distinctIsExact ? "" : "~") + TextFormat.grouped(column.distinct)
        return [name, column.kind.title, missing, distinct]
            + (column.range.map(numbers) ?? ["", "", "", ""])
    }

    private static func numbers(_ range: NumberRange) -> [String] {
        [
            number(range.least), number(range.median), number(range.greatest),
            "\(number(range.mean)) ± \(number(range.deviation))",
        ]
    }

    private static func categories(_ column: TableReport.Column) -> [String] {
        guard !column.categories.isEmpty else { return [] }
        let balance = column.role == .target ? balance(column.categories) : ""
        return ["  \(column.name): \(classes(column.categories))\(balance)"]
    }

    private static func outliers(_ name: String, _ range: NumberRange?) -> String? {
        guard let range, range.outliers > 0 else { return nil }
        return "  \(name): \(TextFormat.fixed(100 * range.outliers, 2)) % of its numbers are outliers,"
            + " more than 3 interquartile ranges outside of \(number(range.firstQuartile)) …"
            + " \(number(range.thirdQuartile))"
    }

    // MARK: - Images

    private static func lines(_ name: String, _ report: ImageReport) -> [String] {
        let survey = report.survey
        var lines = [
            "\(name): \(survey.path), \(TextFormat.count(survey.files.count, "image")) of"
                + " \(TextFormat.count(report.classes.count, "class", plural: "classes"))"
        ]
        lines.append("  classes: \(classes(report.classes, most: 12))\(balance(report.classes))")
        let sizes = survey.sizes.sorted {
            ($1.value, $0.key.width, $0.key.height) < ($0.value, $1.key.width, $1.key.height)
        }
        let shown = sizes.prefix(4).map {
            "\($0.key.width) × \($0.key.height) (\(TextFormat.grouped($0.value)))"
        }
        lines.append(
            "  sizes: \(shown.joined(separator: ", "))"
                + (sizes.count > 4 ? ", and \(sizes.count - 4) more, \(extent(sizes.map(\.key)))" : ""))
        let formats = ImageFormat.allCases.compactMap { format in
            survey.formats[format].map { "\(format.rawValue) \(TextFormat.grouped($0))" }
        }
        lines.append("  formats: \(formats.joined(separator: ", "))")
        if let values = report.values {
            lines.append(
                "  values: \(number(values.least)) … \(number(values.greatest)),"
                    + " \(number(values.mean)) ± \(number(values.deviation))")
        }
        lines += ImageSurvey.Conversion.allCases.compactMap { conversion in
            guard conversion != .resized, let found = survey.conversions[conversion] else { return nil }
            return "  \(TextFormat.count(found.count, "image")): \(conversion.rawValue)"
        }
        return lines + unread(survey) + duplicates(report.duplicates, of: survey.files.count, "image")
    }

    private static func extent(_ sizes: [ImageFolder.Size]) -> String {
        let (widths, heights) = (sizes.map(\.width), sizes.map(\.height))
        return "\(widths.min() ?? 0) … \(widths.max() ?? 0) wide, \(heights.min() ?? 0) …"
            + " \(heights.max() ?? 0) high"
    }

    private static func unread(_ survey: ImageSurvey) -> [String] {
        var parts = ImageFormat.allCases.compactMap { format in
            survey.skipped[format].map { "\(TextFormat.grouped($0.count)) \(format.rawValue)" }
        }
        if !survey.damaged.isEmpty { parts.append("\(TextFormat.grouped(survey.damaged.count)) damaged") }
        if survey.outside.count > 0 {
            parts.append("\(TextFormat.grouped(survey.outside.count)) outside of the classes")
        }
        if survey.others.count > 0 { parts.append(TextFormat.count(survey.others.count, "other file")) }
        return parts.isEmpty ? [] : ["  not read: \(parts.joined(separator: ", "))"]
    }

    // MARK: - Other data

    private static func lines(_ name: String, _ report: DatasetReport) -> [String] {
        let shape = report.form.sampleShape.map { "\($0)" }.joined(separator: " × ")
        var lines = [
            "\(name): \(TextFormat.count(report.form.count, "sample")) of \(shape)"
                + " \(report.form.elementType == .uint8 ? "bytes" : "floats")"
                + (report.values.map { ", \(number($0.least)) … \(number($0.greatest))" } ?? "")
        ]
        lines += classLines(report) + ranges(report)
        if report.constantFeatures > 0 {
            lines.append(
                "  \(TextFormat.count(report.constantFeatures, "feature")) of"
                    + " \(TextFormat.grouped(report.form.sampleSize)) with the same value in every sample")
        }
        return lines + duplicates(report.duplicates, of: report.form.count, "sample")
    }

    private static func classLines(_ report: DatasetReport) -> [String] {
        guard !report.classes.isEmpty else { return [] }
        return [
            "  \(TextFormat.count(report.classes.count, "class", plural: "classes")):"
                + " \(classes(report.classes, most: 12))\(balance(report.classes))"
        ]
    }

    /// The classes and the equal samples of texts.
    private static func counts(_ report: DatasetReport) -> [String] {
        classLines(report) + duplicates(report.duplicates, of: report.form.count, "sample")
    }

    /// The ranges of columns and of target values, or of all features together.
    private static func ranges(_ report: DatasetReport) -> [String] {
        var named = Array(zip(report.columnNames, report.columns))
        named += report.targets.enumerated().map { ("target \($0)", $1) }
        if report.columns.isEmpty, let values = report.values { named.insert(("all values", values), at: 0) }
        guard !named.isEmpty else { return [] }
        let header = ["", "least", "median", "greatest", "mean ± deviation"]
        return aligned([header] + named.map { [$0.0] + numbers($0.1) }, left: 1)
            + named.compactMap { outliers($0.0, $0.1) }
    }

    static func percent(_ part: Int, _ whole: Int) -> String {
        "\(TextFormat.fixed(100 * Double(part) / Double(max(1, whole)), 1)) %"
    }

    /// A number with four digits behind the point or fewer; a whole one with all its digits.
    static func number(_ value: Double) -> String {
        if value == value.rounded(), value.magnitude < 1e15 { return TextFormat.grouped(Int(value)) }
        let size = value.magnitude
        if size >= 1e15 || size < 1e-3 { return "\(Float(value))" }
        return TextFormat.fixed(value, size >= 1_000 ? 1 : size >= 10 ? 2 : 4)
    }
}
