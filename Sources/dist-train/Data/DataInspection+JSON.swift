import Configuration
import Datasets

// The inspection as JSON.
extension DataInspection {
    package var json: ConfigValue {
        .object([
            ("sets", .array(sets.map(Self.json))),
            (
                "overlaps",
                .array(
                    overlaps.map {
                        .object([
                            ("set", .string($0.set)), ("other", .string($0.other)),
                            ("samples", .int($0.samples)),
                        ])
                    })
            ),
            ("errors", .array(faults.map { .string($0) })),
            (
                "notes",
                .array(
                    notes.map {
                        .object([
                            ("kind", .string($0.kind)), ("text", .string($0.text)),
                            ("cure", $0.cure.map { .string($0) } ?? .null),
                        ])
                    })
            ),
        ])
    }

    private static func json(_ set: DataSet) -> ConfigValue {
        switch set.findings {
        case .table(let report):
            .object([
                ("name", .string(set.name)), ("path", .string(report.path)),
                ("rows", .int(set.part?.count ?? report.rows)),
                ("duplicate_rows", .int(report.duplicateRows)),
                ("columns", .array(report.columns.map(json))),
            ])
        case .samples(let report, let names):
            .object([
                ("name", .string(set.name)), ("samples", .int(report.form.count)),
                ("shape", .array(report.form.sampleShape.map { .int($0) })),
                ("element", .string(report.form.elementType == .uint8 ? "uint8" : "float32")),
                ("least", .number(report.least)), ("greatest", .number(report.greatest)),
                ("duplicates", .int(report.duplicates)),
                (
                    "classes",
                    .array(zip(names, report.classCounts).map { json(name: $0, count: $1) })
                ),
            ])
        }
    }

    private static func json(name: String, count: Int) -> ConfigValue {
        .object([("name", .string(name)), ("count", .int(count))])
    }

    private static func json(_ column: TableReport.Column) -> ConfigValue {
        .object([
            ("name", .string(column.name)), ("role", .string(column.role.rawValue)),
            ("type", .string(column.type)),
            ("reason", column.reason.map { .string($0) } ?? .null), ("numbers", .int(column.numbers)),
            ("texts", .int(column.texts)), ("missing", .int(column.missing)),
            ("missing_words", .array(column.missingWords.map { .string($0) })),
            ("distinct", .int(column.distinct)), ("distinct_is_exact", .bool(column.distinctIsExact)),
            ("range", column.range.map(json) ?? .null),
            (
                "categories",
                .array(column.categories.prefix(100).map { json(name: $0.name, count: $0.count) })
            ),
            ("error", column.fault.map { .string($0) } ?? .null),
        ])
    }

    private static func json(_ range: TableReport.NumberRange) -> ConfigValue {
        .object([
            ("least", .number(range.least)), ("greatest", .number(range.greatest)),
            ("mean", .number(range.mean)), ("deviation", .number(range.deviation)),
            ("first_quartile", .number(range.firstQuartile)), ("median", .number(range.median)),
            ("third_quartile", .number(range.thirdQuartile)), ("outliers", .number(range.outliers)),
        ])
    }
}
