import System

/// Learns a `TableEncoding` from a training file in one pass over it.
struct TableSurvey {
    let path: String
    let format: CSVFormat
    let rules: TableRules
    /// The names of all columns.
    let names: [String]
    let features: [Int]
    let targets: [Int]
    /// Columns that are categorical because the rules say so.
    let forced: Set<Int>
    private(set) var scan: TableScan

    /// Reads the whole file.
    /// - Parameter isSurvey: whether people want to know more than the encoding needs.
    static func read(_ path: String, format: CSVFormat, rules: TableRules, isSurvey: Bool = false) throws
        -> TableSurvey
    {
        try read(TableFile(path: path, format: format), format: format, rules: rules, isSurvey: isSurvey)
    }

    static func read(_ table: TableFile, format: CSVFormat, rules: TableRules, isSurvey: Bool = false) throws
        -> TableSurvey
    {
        var survey = try TableSurvey(table, format, rules, isSurvey)
        try survey.scan.run()
        return survey
    }

    var facts: [ColumnFacts] { scan.facts }
    /// Samples that take part.
    var kept: Int { scan.kept }

    private init(_ table: TableFile, _ format: CSVFormat, _ rules: TableRules, _ isSurvey: Bool) throws {
        let path = table.reader.name
        self.path = path
        self.format = format
        self.rules = rules
        names = table.columns
        targets = try rules.targets.map { try table.index(of: $0) }
        forced = Set(try rules.categorical.map { try table.index(of: $0) })
        var ignored = Set(try rules.ignored.map { try table.index(of: $0) })
        if let both = targets.first(where: { ignored.contains($0) }) {
            throw DatasetError(
                "column `\(names[both])` of `\(path)` is both a target and ignored; choose one")
        }
        if table.hasRowNames { ignored.insert(0) }
        let targets = targets
        features = names.indices.filter { !ignored.contains($0) && !targets.contains($0) }
        guard !features.isEmpty else {
            throw DatasetError("`\(path)` has no column left for features; ignore fewer of them")
        }
        scan = TableScan(
            table, format, used: features + targets,
            named: forced.union(targets.count == 1 && rules.effectiveTask != .regression ? targets : []),
            targets: targets, dropsMissing: rules.missingCells == .drop, isSurvey: isSurvey)
    }

    // MARK: - Conclusions

    /// The judgement of what a column holds.
    func judgement(of column: Int) -> ColumnKind {
        if forced.contains(column) {
            return facts[column].numbers + facts[column].texts > 0 ? .category : .empty
        }
        let name = ColumnName(names[column], index: column)
        let kind = facts[column].kind(isKey: name.isKey)
        if kind == .number, isIndex(column, name) { return .identifier }
        guard targets.contains(column) else { return kind }
        return switch kind {
        case .number, .rowNumber, .identifier, .dayNumber: isClassTarget ? .classes : .number
        case .text, .category, .look(.text), .look(.boolean): .classes
        case .empty, .mixed, .constant, .classes, .look: kind
        }
    }

    /// Whether a feature is the index of a data frame: it has whole numbers and no name of its own.
    private func isIndex(_ column: Int, _ name: ColumnName) -> Bool {
        guard format.hasHeader, name.isUnnamed, facts[column].isWhole, facts[column].distinct.count > 2 else {
            return false
        }
        // Columns may be called by their numbers.
        return features.contains(column) && (names.count < 2 || names[1] != "2")
    }

    var isClassTarget: Bool { (try? decideTask()) ?? false }

    /// The encoding for the table.
    /// - Throws: `DatasetError` if a column cannot be used as it is.
    func encoding() throws -> TableEncoding {
        try requireCells()
        for column in features + targets {
            guard let place = facts[column].firstNotFinite else { continue }
            throw place.fault(TableMessage.notFinite(place.text))
        }
        let isClassification = try decideTask()
        let columns = try features.map { column in
            TableEncoding.Column(name: names[column], kind: try kind(of: column))
        }
        let target: TableEncoding.Target
        if let first = targets.first, isClassification {
            target = .classes(column: names[first], names: try classNames(first))
        } else if targets.isEmpty {
            target = .absent
        } else {
            target = .values(
                columns: targets.map { names[$0] }, offsets: targets.map { facts[$0].offset })
        }
        let encoding = TableEncoding(
            format: format, missingCells: rules.missingCells, columns: columns, target: target)
        try encoding.checkSize(samples: kept, of: path)
        return encoding
    }

    /// Decides whether the target is a class (see `TableRules.task`).
    func decideTask() throws -> Bool {
        let texts = targets.compactMap { column in facts[column].firstText.map { (column, $0) } }
        if rules.task == nil, let first = targets.first, targets.count == 1 {
            try requireDeliberateTexts(first, isTarget: true)
        }
        if targets.count == 1, rules.task != .regression {
            let target = facts[targets[0]]
            if rules.task == .classification || !texts.isEmpty { return true }
            // Many different numbers are values, whatever the loss: it says so itself.
            if rules.effectiveTask == .classification {
                return target.distinct.count <= TableRules.mostNumberedClasses
                    || (target.isWhole && 2 * target.distinct.count <= target.numbers)
            }
            return rules.effectiveTask == nil && target.isWhole
                && target.distinct.count <= TableRules.mostNumberedClasses
        }
        if rules.task == .classification {
            throw DatasetError(
                "classification takes one target column, not \(targets.count); leave out `task`,"
                    + " or name one column"
            )
        }
        if let (column, text) = texts.first {
            let cure = TableMessage.cure(facts[column].mainLook).map { ", and \($0)" } ?? ""
            throw DatasetError(
                "`\(path)`, line \(text.line), column `\(names[column])`: `\(text.text)` is no number\(cure),"
                    + " which a target value must be; correct it, list it under `missing`,"
                    + " or predict the column alone as a class")
        }
        return false
    }

    func kind(of column: Int) throws -> TableEncoding.Kind {
        let facts = facts[column]
        let isFilled = rules.missingCells == .mean
        guard facts.numbers + facts.texts > 0 else {
            throw DatasetError(
                "column `\(names[column])` of `\(path)` has no value in any sample; list it under `ignore`")
        }
        if !forced.contains(column) {
            try requireDeliberateTexts(column, isTarget: false)
            if facts.texts == 0 {
                return .number(fill: isFilled ? facts.fill : nil, offset: facts.offset)
            }
        }
        let categories = try names(of: column, most: TableRules.mostCategories)
        var fill = 0
        for (index, category) in categories.enumerated() where category.count > categories[fill].count {
            fill = index
        }
        return .categories(categories.map(\.name), fill: isFilled ? fill : nil)
    }

    /// The names of the classes: whole numbers sorted by value, other names by bytes.
    private func classNames(_ column: Int) throws -> [String] {
        let facts = facts[column]
        var names = try names(of: column, most: 2 * TableRules.mostClasses).map(\.name)
        // The class 1 may be written `1` and `1.0`; `01` is a code, and another class.
        if facts.isWhole, facts.texts == 0, facts.leadingZeros == 0 { names = Array(Set(names.map(whole))) }
        guard names.count <= TableRules.mostClasses else { throw tooMany(column, isTarget: true) }
        if TableEncoding.areWholeNumbers(names) {
            return names.compactMap { Int($0) }.sorted().map { String($0) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The usual spelling of a whole number.
    private func whole(_ name: String) -> String {
        var text = name
        let value = text.withUTF8 { DecimalNumber.parse(TableFile.trimmed($0), point: format.decimal.byte) }
        return value.flatMap { Int(exactly: $0) }.map { String($0) } ?? name
    }

    /// The different names in a column and their counts, sorted by their bytes.
    private func names(of column: Int, most: Int) throws -> [(name: String, count: Int)] {
        let facts = facts[column]
        if let (place, byteCount) = facts.firstLongName {
            throw place.fault(
                "the cell has \(TextFormat.grouped(byteCount)) bytes,"
                    + " at most \(TableRules.longestName) make a name; correct it,"
                    + " or list the column under `ignore`")
        }
        guard !facts.names.isOverfull, facts.names.count <= most else {
            throw tooMany(column, isTarget: targets.contains(column))
        }
        guard let texts = facts.names.texts else { throw try notUTF8(column) }
        return texts
    }

    /// Finds the cell of a column that is not UTF-8, for its line.
    private func notUTF8(_ column: Int) throws -> any Error {
        let table = try TableFile(path: path, format: format)
        while try table.next() { _ = try table.text(column) }
        return DatasetError("column `\(names[column])` of `\(path)` is not UTF-8; save the file as UTF-8")
    }

    private func tooMany(_ column: Int, isTarget: Bool) -> DatasetError {
        let text =
            facts[column].firstText.map {
                " (its first cell that is no number is `\($0.text)` in line \($0.line))"
            } ?? ""
        let most = isTarget ? TableRules.mostClasses : TableRules.mostCategories
        return DatasetError(
            "column `\(names[column])` of `\(path)` has more than \(TextFormat.grouped(most))"
                + " \(isTarget ? "classes" : "categories")\(text);"
                + (isTarget ? " use task: \"regression\"" : " correct it, or list it under `ignore`"))
    }
}
