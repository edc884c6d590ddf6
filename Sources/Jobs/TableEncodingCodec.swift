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
        var offsets: [Double] = []
    }

    fileprivate static let codec = Codec<Fields>.object(
        Fields(),
        check: { target, decoder in
            if target.classes != nil, target.columns.count != 1 {
                decoder.error("classes have one column", atValueOf: "columns")
            }
            if !target.offsets.isEmpty, target.columns.count != target.offsets.count {
                decoder.error("there must be an offset for each column", atValueOf: "offsets")
            }
        }
    ) {
        Field(
            required: "columns", \.columns, .array(of: Codec<String>.string), "Names of the columns.")
        Field("classes", \.classes, .distinctNames, "Names of the classes, in the order of their indices.")
        Field(
            "offsets", \.offsets, .array(of: .number(.finite)),
            "Numbers that were subtracted from the values; none are all 0.", omitsDefault: true)
    }.map(
        to: { fields -> Self? in
            guard let classes = fields.classes else {
                let zeros = Array(repeating: 0.0, count: fields.columns.count)
                return fields.columns.isEmpty
                    ? .absent
                    : .values(
                        columns: fields.columns, offsets: fields.offsets.isEmpty ? zeros : fields.offsets)
            }
            return fields.columns.count == 1 ? .classes(column: fields.columns[0], names: classes) : nil
        },
        from: { target in
            switch target {
            case .absent: Fields()
            case .classes(let column, let names): Fields(columns: [column], classes: names)
            case .values(let columns, let offsets):
                Fields(columns: columns, offsets: offsets.allSatisfy { $0 == 0 } ? [] : offsets)
            }
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
        var offset = 0.0
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
        Field("fill", \.fill, .float, "Feature of a missing cell.")
        Field("offset", \.offset, .number(.finite), "Subtracted from each number.", omitsDefault: true)
    }.map(
        to: { Self(name: $0.name, kind: .number(fill: $0.fill, offset: $0.offset)) },
        from: { column -> Number? in
            guard case .number(let fill, let offset) = column.kind else { return nil }
            return Number(name: column.name, fill: fill, offset: offset)
        })
}
