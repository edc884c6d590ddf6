import Configuration
import Datasets

// A table's encoding as a checkpoint's manifest keeps it, for data that are read to be predicted.
extension TableEncoding {
    package var value: ConfigValue {
        .object([
            ("format", .object(format.members)), ("on_missing", .string(missingCells.rawValue)),
            ("columns", .array(columns.map(\.value))), ("target", target.value),
        ])
    }

    package static var expectation: Expectation<TableEncoding> {
        .object { fields in
            let format = fields.required("format", .object(Self.format))
            let missing = fields.required("on_missing", .oneOf(TableRules.MissingCells.self))
            let columns = fields.required("columns", .array(of: Column.expectation, count: 1...Int.max))
            let target = fields.required("target", .object(Self.target))
            guard let format, let missing, let columns, let target else { return nil }
            return TableEncoding(format: format, missingCells: missing, columns: columns, target: target)
        }
    }

    private static func format(_ fields: ObjectDecoder) -> CSVFormat? {
        let header = fields.required("header", .bool)
        let delimiter = fields.required("delimiter", .oneOf(CSVFormat.Delimiter.self))
        let missing = fields.required("missing", .array(of: Expectation<String>.string))
        guard let header, let delimiter, let missing else { return nil }
        return CSVFormat(hasHeader: header, delimiter: delimiter, missing: missing)
    }

    private static func target(_ fields: ObjectDecoder) -> Target? {
        let columns = fields.required("columns", .array(of: Expectation<String>.string))
        let classes = fields.optional("classes", .distinctNames)
        guard let columns else { return nil }
        guard let classes else { return columns.isEmpty ? .absent : .values(columns: columns) }
        guard columns.count == 1 else {
            fields.error("classes have one column", atValueOf: "columns")
            return nil
        }
        return .classes(column: columns[0], names: classes)
    }
}

extension TableEncoding.Target {
    fileprivate var value: ConfigValue {
        var members = [("columns", ConfigValue.strings(columns))]
        if case .classes(_, let names) = self { members.append(("classes", .strings(names))) }
        return .object(members)
    }
}

extension TableEncoding.Column {
    fileprivate var value: ConfigValue {
        var members: [(String, ConfigValue)] = [("name", .string(name))]
        switch kind {
        case .number(let fill):
            if let fill { members.append(("fill", .number(fill))) }
        case .categories(let names, let fill):
            members.append(("categories", .strings(names)))
            if let fill { members.append(("fill", .int(fill))) }
        }
        return .object(members)
    }

    fileprivate static var expectation: Expectation<Self> {
        .object { fields in
            let name = fields.required("name", .string)
            guard let categories = fields.optional("categories", .distinctNames) else {
                let fill = fields.optional("fill", .number(.finite)).map { Float($0) }
                if fill?.isFinite == false {
                    fields.error("the value is more than a Float holds", atValueOf: "fill")
                }
                return name.map { Self(name: $0, kind: .number(fill: fill)) }
            }
            let fill = fields.optional("fill", .int(0...categories.count - 1))
            return name.map { Self(name: $0, kind: .categories(categories, fill: fill)) }
        }
    }
}

extension Expectation where Value == [String] {
    /// At least one name, and none twice.
    fileprivate static var distinctNames: Self {
        Expectation("a list of different names") { value, diagnostics in
            guard
                let names = Expectation<[String]>.array(of: Expectation<String>.string, count: 1...Int.max)
                    .read(value, diagnostics)
            else { return nil }
            guard Set(names).count == names.count else {
                diagnostics.error("\(value.path.name) has a name twice", at: value)
                return nil
            }
            return names
        }
    }
}
