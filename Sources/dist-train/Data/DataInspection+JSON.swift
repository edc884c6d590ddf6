import Configuration
import Datasets
import Reports

// The inspection as JSON.
extension DataInspection {
    package var json: ConfigValue {
        .object([
            ("sets", .array(sets.map { Self.json($0) })),
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
            ("notes", notes.json),
        ])
    }

    private static func json(_ set: DataSet) -> ConfigValue {
        let fields =
            switch set.findings {
            case .table(let report): fields(report)
            case .images(let report): fields(report)
            case .samples(let report): fields(report) + (set.sequences.map { Self.fields($0) } ?? [])
            }
        let name = [("name", ConfigValue.string(set.name)), ("samples", .int(set.count))]
        return .object(name + [("classes", json(set.classes))] + fields)
    }

    private static func json(_ counts: [NamedCount]) -> ConfigValue {
        .array(counts.map { .object([("name", .string($0.name)), ("count", .int($0.count))]) })
    }

    static func json(_ range: NumberRange?) -> ConfigValue {
        guard let range else { return .null }
        return .object([
            ("least", .number(range.least)), ("greatest", .number(range.greatest)),
            ("mean", .number(range.mean)), ("deviation", .number(range.deviation)),
            ("first_quartile", .number(range.firstQuartile)), ("median", .number(range.median)),
            ("third_quartile", .number(range.thirdQuartile)), ("outliers", .number(range.outliers)),
        ])
    }

    // MARK: Tables

    private static func fields(_ report: TableReport) -> [(String, ConfigValue)] {
        [
            ("path", .string(report.path)), ("rows", .int(report.rows)),
            ("duplicate_rows", .int(report.duplicateRows)), ("columns", .array(report.columns.map(json))),
        ]
    }

    private static func json(_ column: TableReport.Column) -> ConfigValue {
        .object([
            ("name", .string(column.name)), ("role", .string(column.role.rawValue)),
            ("type", .string(column.kind.title)),
            ("reason", column.reason.map { .string($0) } ?? .null), ("numbers", .int(column.numbers)),
            ("texts", .int(column.texts)), ("missing", .int(column.missing)),
            ("missing_words", .array(column.missingWords.map { .string($0) })),
            ("distinct", .int(column.distinct)), ("distinct_is_exact", .bool(column.distinctIsExact)),
            ("range", json(column.range)), ("categories", json(Array(column.categories.prefix(100)))),
            ("error", column.fault.map { .string($0) } ?? .null),
        ])
    }

    // MARK: Images

    private static func fields(_ report: ImageReport) -> [(String, ConfigValue)] {
        let survey = report.survey
        let sizes = survey.sizes.sorted {
            ($1.value, $0.key.width, $0.key.height) < ($0.value, $1.key.width, $1.key.height)
        }
        return [
            ("path", .string(survey.path)), ("images", .int(survey.files.count)),
            (
                "sizes",
                .array(
                    sizes.prefix(100).map {
                        .object([
                            ("width", .int($0.key.width)), ("height", .int($0.key.height)),
                            ("count", .int($0.value)),
                        ])
                    })
            ),
            (
                "formats",
                .object(
                    ImageFormat.allCases.compactMap { format in
                        survey.formats[format].map { (format.rawValue, .int($0)) }
                    })
            ),
            ("values", json(report.values)), ("blank", .int(report.blankImages)),
            ("duplicates", .int(report.duplicates)),
            (
                "conversions",
                .array(
                    ImageSurvey.Conversion.allCases.compactMap { conversion in
                        conversion == .resized
                            ? nil : survey.conversions[conversion].map { json($0, conversion.rawValue) }
                    })
            ),
            (
                "skipped",
                .array(
                    ImageFormat.allCases.compactMap { format in
                        survey.skipped[format].map { json($0, format.rawValue) }
                    })
            ),
            ("damaged", .array(survey.damaged.map { .string($0) })),
            ("outside_of_classes", .int(survey.outside.count)), ("other_files", .int(survey.others.count)),
        ]
    }

    private static func json(_ finding: ImageSurvey.Finding, _ what: String) -> ConfigValue {
        .object([
            ("what", .string(what)), ("count", .int(finding.count)), ("example", .string(finding.example)),
        ])
    }

    // MARK: Other data

    private static func fields(_ report: DatasetReport) -> [(String, ConfigValue)] {
        [
            ("shape", .array(report.form.sampleShape.map { .int($0) })),
            ("element", .string(report.form.elementType == .uint8 ? "uint8" : "float32")),
            ("least", report.values.map { .number($0.least) } ?? .null),
            ("greatest", report.values.map { .number($0.greatest) } ?? .null),
            ("values", json(report.values)),
            (
                "columns",
                .array(
                    zip(report.columnNames, report.columns).map {
                        .object([("name", .string($0)), ("range", json($1))])
                    })
            ),

            ("targets", .array(report.targets.map { json($0) })),
            ("constant_features", .int(report.constantFeatures)), ("blank", .int(report.blankSamples)),
            ("duplicates", .int(report.duplicates)),
        ]
    }
}
