import Datasets
import System
import Training

/// The data report of `data inspect` as tables of a report.
struct DataPlots {
    private let inspection: DataInspection
    /// Says what was looked at, if that was not everything.
    private let note: String?

    static let mostRows = 100
    static let mostCategories = 5

    init(_ inspection: DataInspection, note: String? = nil) {
        self.inspection = inspection
        self.note = note
    }

    var plots: [Plot] { [sets] + classes + inspection.sets.flatMap(findings) + notes }

    // MARK: Sets and classes

    private var sets: Plot {
        let rows = inspection.sets.map { set in
            [
                Plot.Cell.text(set.name), .count(set.count),
                .count(DuplicateSamples.count(within: set.hashes)),
            ]
        }
        let names = inspection.sets.map { "\(TextFormat.count($0.count, "sample")) in \($0.name)" }
        return Plot(
            .data, "Data sets", note: note, alt: "There are \(names.joined(separator: ", ")).",
            .table(
                [
                    Plot.Column("set", isNumber: false), Plot.Column("samples"),
                    Plot.Column("equal to an earlier one"),
                ],
                rows: rows))
    }

    private var classes: [Plot] {
        let sets = inspection.sets.map { (name: $0.name, counts: $0.classes) }.filter { !$0.counts.isEmpty }
        guard let first = sets.first, let largest = first.counts.byFrequency.first,
            let smallest = first.counts.byFrequency.last
        else { return [] }
        let tables = sets.map { Dictionary($0.counts.map { ($0.name, $0.count) }, uniquingKeysWith: +) }
        let shown = first.counts.prefix(Self.mostRows)
        return [
            Plot(
                .data, "Samples of each class",
                note: shown.count < first.counts.count
                    ? "The first \(shown.count) of \(TextFormat.grouped(first.counts.count)) classes." : nil,
                alt: "In \(first.name), the largest class is \(largest.name) with"
                    + " \(TextFormat.count(largest.count, "sample")), the smallest \(smallest.name) with"
                    + " \(TextFormat.grouped(smallest.count)).",
                .table(
                    [Plot.Column("class", isNumber: false)] + sets.map { Plot.Column($0.name) },
                    rows: shown.map { c in [.text(c.name)] + tables.map { .count($0[c.name] ?? 0) } }))
        ]
    }

    private var notes: [Plot] {
        let lines =
            inspection.faults.map { "error: \($0)" }
            + (inspection.notes + inspection.overlaps.map(\.note)).map(\.line)
        guard !lines.isEmpty else { return [] }
        return [
            Plot(
                .data, "Notes on the data", alt: TextFormat.count(lines.count, "note") + " on the data.",
                .text(lines.joined(separator: "\n")))
        ]
    }

    // MARK: Findings

    private func findings(_ set: DataInspection.DataSet) -> [Plot] {
        guard !set.isAnotherPart else { return [] }
        switch set.findings {
        case .table(let report): return [columns(report, set.name)]
        case .images(let report): return [files(report, set.name)]
        case .samples(let report): return [values(report, set.name)]
        }
    }

    private static let rangeColumns = ["least", "median", "greatest", "mean", "deviation"].map {
        Plot.Column($0)
    }

    private static func cells(_ range: NumberRange?) -> [Plot.Cell] {
        guard let range else { return rangeColumns.map { _ in .none } }
        return [range.least, range.median, range.greatest, range.mean, range.deviation].map { .number($0) }
    }

    private func columns(_ report: TableReport, _ name: String) -> Plot {
        let shown = report.columns.prefix(Self.mostRows)
        let missing = report.columns.reduce(0) { $0 + $1.missing }
        return Plot(
            .data, "Columns of \(name)", note: Self.first(shown.count, of: report.columns.count, "columns"),
            alt: "\(TextFormat.count(report.columns.count, "column")) and"
                + " \(TextFormat.count(report.rows, "row")), with"
                + " \(TextFormat.count(missing, "missing cell")).",
            .table(
                [
                    Plot.Column("column", isNumber: false), Plot.Column("role", isNumber: false),
                    Plot.Column("type", isNumber: false), Plot.Column("different"), Plot.Column("missing"),
                ] + Self.rangeColumns + [Plot.Column("most frequent", isNumber: false)],
                rows: shown.map { column in
                    let categories = column.categories.prefix(Self.mostCategories).map {
                        "\($0.name) (\(TextFormat.grouped($0.count)))"
                    }
                    return [
                        .text(column.name), .text(column.role.rawValue), .text(column.kind.title),
                        .count(column.distinct), .count(column.missing),
                    ] + Self.cells(column.range) + [.text(categories.joined(separator: ", "))]
                }))
    }

    private func files(_ report: ImageReport, _ name: String) -> Plot {
        let sizes = report.survey.sizes.sorted {
            ($1.value, $0.key.width, $0.key.height) < ($0.value, $1.key.width, $1.key.height)
        }
        let shown = sizes.prefix(Self.mostRows)
        let formats = ImageFormat.allCases.compactMap { format in
            report.survey.formats[format].map { "\(TextFormat.grouped($0)) \(format.rawValue)" }
        }
        return Plot(
            .data, "Images of \(name)",
            note: "\(formats.joined(separator: ", ")); of one colour:"
                + " \(TextFormat.grouped(report.blankImages)).",
            alt: "\(TextFormat.count(report.survey.files.count, "image")) of"
                + " \(TextFormat.count(sizes.count, "size")).",
            .table(
                [Plot.Column("width"), Plot.Column("height"), Plot.Column("images")],
                rows: shown.map { [.count($0.key.width), .count($0.key.height), .count($0.value)] }))
    }

    private func values(_ report: DatasetReport, _ name: String) -> Plot {
        var named: [(String, NumberRange)] = Array(zip(report.columnNames, report.columns))
        if named.isEmpty, let values = report.values { named = [("all values", values)] }
        named += report.targets.enumerated().map { ("target \($0)", $1) }
        let shown = named.prefix(Self.mostRows)
        let shape = report.form.sampleShape.map { "\($0)" }.joined(separator: " × ")
        return Plot(
            .data, "Values of \(name)",
            note: Self.first(shown.count, of: named.count, "ranges")
                ?? (report.constantFeatures > 0
                    ? "\(TextFormat.count(report.constantFeatures, "feature")) of"
                        + " \(TextFormat.grouped(report.form.sampleSize)) with one value in all samples."
                    : nil),
            alt: "\(TextFormat.count(report.form.count, "sample")) of \(shape)"
                + (report.values.map {
                    ", with values \(TextFormat.measure($0.least)) … \(TextFormat.measure($0.greatest))."
                } ?? "."),
            .table(
                [Plot.Column("value", isNumber: false)] + Self.rangeColumns,
                rows: shown.map { [.text($0.0)] + Self.cells($0.1) }))
    }

    private static func first(_ shown: Int, of count: Int, _ noun: String) -> String? {
        shown < count ? "The first \(shown) of \(TextFormat.grouped(count)) \(noun)." : nil
    }
}
