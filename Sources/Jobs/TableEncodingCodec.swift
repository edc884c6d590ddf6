import Configuration
import Datasets

// A table's encoding as a checkpoint's manifest keeps it, for data that are read to be predicted.

extension TableEncoding {
    private struct Fields: Sendable {
        var format = CSVFormat()
        var missingCells = TableRules.MissingCells.error
        var columns: [Column] = []
        var target = Target.absent
    }

    package static let codec = Codec<Fields>.object(Fields()) {
        Field(required: "format", \.format, .object(CSVFormat.fields()), "The format of the table.")
        Field(
            required: "on_missing", \.missingCells, .oneOf(TableRules.MissingCells.self),
            "What is done about a missing cell.")
        Field(
            required: "columns", \.columns, .array(of: Column.codec, count: 1...Int.max),
            "The features' columns, in the order of the training file.")
        Field(required: "target", \.target, Target.codec, "The target's columns.")
    }.map(
        to: { fields in
            TableEncoding(
                format: fields.format, missingCells: fields.missingCells, columns: fields.columns,
                target: fields.target)
        },
        from: { encoding in
            Fields(
                format: encoding.format, missingCells: encoding.missingCells, columns: encoding.columns,
                target: encoding.target)
        })
}

extension TableEncoding.Target {
    private struct Fields: Sendable {
        var columns: [String] = []
        var classes: [String]?
    }

    fileprivate static let codec = Codec<Fields>.object(
        Fields(),
        check: { target, decoder in
            guard target.classes != nil, target.columns.count != 1 else { return }
            decoder.error("classes have one column", atValueOf: "columns")
        }
    ) {
        Field(
            required: "columns", \.columns, .array(of: Codec<String>.string), "Names of the columns.")
        Field("classes", \.classes, .distinctNames, "Names of the classes, in the order of their indices.")
    }.map(
        to: { fields -> Self? in
            guard let classes = fields.classes else {
                return fields.columns.isEmpty ? .absent : .values(columns: fields.columns)
            }
            return fields.columns.count == 1 ? .classes(column: fields.columns[0], names: classes) : nil
        },
        from: { target in
            guard case .classes(_, let names) = target else { return Fields(columns: target.columns) }
            return Fields(columns: target.columns, classes: names)
        })
}

extension TableEncoding.Column {
    private struct Categories: Sendable {
        var name = ""
        var categories: [String] = []
        var fill: Int?
    }

    private struct Number: Sendable {
        var name = ""
        var fill: Float?
    }

    fileprivate static let codec = categories.or(number)

    private static let categories = Codec<Categories>.object(
        Categories(),
        check: { column, decoder in
            guard let fill = column.fill, !column.categories.indices.contains(fill) else { return }
            decoder.error("`fill` must be the index of a category", atValueOf: "fill")
        }
    ) {
        Field(required: "name", \.name, .string, "Name of the column.")
        Field(required: "categories", \.categories, .distinctNames, "One feature for each.")
        Field("fill", \.fill, .int(0...), "Index of the category of a missing cell.")
    }.map(
        to: { Self(name: $0.name, kind: .categories($0.categories, fill: $0.fill)) },
        from: { column -> Categories? in
            guard case .categories(let names, let fill) = column.kind else { return nil }
            return Categories(name: column.name, categories: names, fill: fill)
        })

    private static let number = Codec<Number>.object(Number()) {
        Field(required: "name", \.name, .string, "Name of the column.")
        Field("fill", \.fill, .float, "Value of a missing cell.")
    }.map(
        to: { Self(name: $0.name, kind: .number(fill: $0.fill)) },
        from: { column -> Number? in
            guard case .number(let fill) = column.kind else { return nil }
            return Number(name: column.name, fill: fill)
        })
}
