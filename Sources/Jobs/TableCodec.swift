import Configuration
import Datasets

// `csv`: a table, its format and the rules that make features and targets of its columns.

extension CSVFormat {
    /// The fields of a table's format, with the defaults of another one.
    static func fields(_ blank: CSVFormat = CSVFormat()) -> ObjectCodec<CSVFormat> {
        ObjectCodec(blank) {
            Field(
                "header", \.hasHeader, .bool,
                "Whether the first line names the columns; otherwise their names are \"1\", \"2\", ….",
                example: "false")
            Field(
                "delimiter", \.delimiter, .oneOf(Delimiter.self), "What stands between two cells.",
                example: "\"tab\"")
            Field(
                "decimal", \.decimal, .oneOf(DecimalMark.self), "What stands before a number's fraction.",
                example: "\",\"", omitsDefault: true)
            Field(
                "missing", \.missing, .array(of: Codec<String>.string), "Cells that mean \"not known\".",
                example: "[\"\", \"-999\"]",
                default: "the usual words: an empty cell, `NA`, `N/A`, `null`, `None`, `NaN`, `-`, `?`, …")
        }
    }
}

extension DataSpec.Source {
    private struct Table: Sendable {
        var path = ""
        var format = CSVFormat()
        var rules = TableRules()
    }

    static func csv(like train: DataSpec.Source?) -> Choice<DataSpec.Source> {
        var blank = Table()
        var training: TableRules?
        if case .csv(_, let format, let rules)? = train {
            (blank.format, blank.rules, training) = (format, rules, rules)
        }
        let usual = training
        let codec = Codec<Table>.object(blank, check: { check($0.rules, like: usual, $1) }) {
            Field(required: "path", \.path, .path, "The file.", example: "\"data/table.csv\"")
            Field.inline(\.format, CSVFormat.fields(blank.format))
            Field(
                "target", \.rules.targets, .oneOrMore(.nonEmptyString, writesOne: true),
                "The column to predict, or a list of columns for several values at once.",
                example: "\"price\"", default: "none", omitsDefault: true)
            Field(
                "task", \.rules.task, .oneOf(TableRules.Task.self),
                "Whether the target is a class or a value.",
                example: "\"regression\"",
                default: "by the loss; under `binary_cross_entropy` at most 20 different whole numbers are"
                    + " classes")
            Field(
                "categorical", \.rules.categorical, .names,
                "Columns of numbers that are categories (one-hot); columns of text always are.",
                example: "[\"zip\"]")
            Field("ignore", \.rules.ignored, .names, "Columns that are left out.", example: "[\"id\"]")
            Field(
                "on_missing", \.rules.missingCells, .oneOf(TableRules.MissingCells.self),
                "What to do about a missing cell: an error, drop the row, or fill in the column's mean.",
                example: "\"mean\"")
        }
        return Choice(
            "csv", codec, "A table.", example: "{path: \"FILE\", target: \"COLUMN\"}",
            to: { .csv(path: $0.path, $0.format, $0.rules) },
            from: { source in
                guard case .csv(let path, let format, let rules) = source else { return nil }
                return Table(path: path, format: format, rules: rules)
            })
    }

    private static func check(_ rules: TableRules, like train: TableRules?, _ decoder: ObjectDecoder) {
        let isOwn = ["target", "task"].contains { decoder.contains($0) }
        let targets = rules.targets
        if let twice = targets.indices.first(where: { targets[..<$0].contains(targets[$0]) }), isOwn {
            decoder.error("the target `\(targets[twice])` is named twice", atValueOf: "target")
        }
        if rules.task != nil, targets.isEmpty, isOwn {
            decoder.error("a task needs a target", atValueOf: "task", label: "give `target`")
        }
        if rules.task == .classification, targets.count > 1, isOwn {
            decoder.error(
                "classification takes one target column", atValueOf: "task",
                label: "leave out `task`, or name one target")
        }
        guard let train, rules != train else { return }
        let differing = [
            ("target", targets != train.targets), ("task", rules.task != train.task),
            ("categorical", rules.categorical != train.categorical),
            ("ignore", rules.ignored != train.ignored),
            ("on_missing", rules.missingCells != train.missingCells),
        ]
        for (key, differs) in differing where differs {
            decoder.error(
                "tables are encoded as the training data are, so `\(key)` cannot differ", atValueOf: key,
                label: "leave it out here")
        }
    }
}
