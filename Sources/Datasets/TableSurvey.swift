import System

/// Learns a `TableEncoding` from a training file in one pass over its numbers and, if there are categories, a
/// second pass over these.
struct TableSurvey {
    private let path: String
    private let format: CSVFormat
    private let rules: TableRules
    /// The names of all columns.
    private let names: [String]
    private let features: [Int]
    private let targets: [Int]
    /// Columns that are categorical because the rules say so.
    private let forced: Set<Int>
    private var facts: [Facts]
    /// Samples that take part.
    private var kept = 0

    /// Statistics of one column, from the first pass.
    private struct Facts {
        var numbers = 0
        var sum = 0.0
        var firstText: (line: Int, text: String)?
        var texts = 0
        /// The whole numbers seen so far; nil after a fraction, or when they are too many for classes.
        var wholes: Set<Int>? = []
        var isWhole = true

        /// - Parameters:
        ///   - value: the number as the feature will be, rounded to Float.
        ///   - exact: the number as it is written.
        mutating func add(_ value: Double, exact: Double) {
            numbers += 1
            sum += value
            guard isWhole else { return }
            guard exact == exact.rounded(.towardZero), exact.magnitude < 9e15 else {
                isWhole = false
                wholes = nil
                return
            }
            wholes?.insert(Int(exact))
            if let count = wholes?.count, count > TableRules.mostNumberedClasses { wholes = nil }
        }
    }

    static func encoding(of path: String, format: CSVFormat, rules: TableRules) throws -> TableEncoding {
        var survey = try TableSurvey(path, format, rules)
        try survey.readNumbers()
        return try survey.conclude()
    }

    private init(_ path: String, _ format: CSVFormat, _ rules: TableRules) throws {
        self.path = path
        self.format = format
        self.rules = rules
        let table = try TableFile(path: path, format: format)
        names = table.columns
        targets = try rules.targets.map { try table.index(of: $0) }
        forced = Set(try rules.categorical.map { try table.index(of: $0) })
        let ignored = Set(try rules.ignored.map { try table.index(of: $0) })
        if let both = targets.first(where: { ignored.contains($0) }) {
            throw DatasetError(
                "column `\(names[both])` of `\(path)` is both a target and ignored; choose one")
        }
        let targets = targets
        features = names.indices.filter { !ignored.contains($0) && !targets.contains($0) }
        guard !features.isEmpty else {
            throw DatasetError("`\(path)` has no column left for features; ignore fewer of them")
        }
        facts = Array(repeating: Facts(), count: names.count)
    }

    // MARK: - First pass

    private mutating func readNumbers() throws {
        let table = try TableFile(path: path, format: format)
        while try table.next() {
            guard try table.keepsSample(features: features, targets: targets, rules.missingCells) else {
                continue
            }
            kept += 1
            for column in features + targets {
                switch table.read(column) {
                case .missing: continue
                case .number(let value):
                    facts[column].add(Double(try table.finite(value, column)), exact: value)
                case .text:
                    facts[column].texts += 1
                    if facts[column].firstText == nil {
                        facts[column].firstText = (table.reader.line, table.shown(column))
                    }
                }
            }
        }
        guard kept > 0 else {
            throw DatasetError(
                "`\(path)` has no complete sample; give a table with data, or another `on_missing`")
        }
    }

    // MARK: - Conclusions

    private func conclude() throws -> TableEncoding {
        let isClassification = try decideTask()
        try features.forEach(requireDeliberateText)
        let categorical = features.filter { forced.contains($0) || facts[$0].firstText != nil }
        var counts: [Int: [String: Int]] = [:]
        if !categorical.isEmpty || isClassification {
            counts = try countCategories(
                categorical + (isClassification ? targets : []), target: targets.first)
        }
        let columns = try features.map { column in
            TableEncoding.Column(name: names[column], kind: try kind(of: column, counts[column]))
        }
        let target: TableEncoding.Target
        if let first = targets.first, isClassification {
            target = .classes(column: names[first], names: classNames(counts[first] ?? [:]))
        } else {
            target = targets.isEmpty ? .absent : .values(columns: targets.map { names[$0] })
        }
        let encoding = TableEncoding(
            format: format, missingCells: rules.missingCells, columns: columns, target: target)
        try encoding.checkSize(samples: kept, of: path)
        return encoding
    }

    /// Decides whether the target is a class (see `TableRules.task`).
    private func decideTask() throws -> Bool {
        let texts = targets.compactMap { column in facts[column].firstText.map { (column, $0) } }
        if targets.count == 1, rules.task != .regression {
            return rules.task == .classification || !texts.isEmpty
                || (facts[targets[0]].isWhole && facts[targets[0]].wholes != nil)
        }
        if rules.task == .classification {
            throw DatasetError(
                "classification takes one target column, not \(targets.count); leave out `task`,"
                    + " or name one column"
            )
        }
        if let (column, text) = texts.first {
            throw DatasetError(
                "`\(path)`, line \(text.line), column `\(names[column])`: `\(text.text)` is no number,"
                    + " which a target value must be; correct it, list it under `missing`,"
                    + " or predict the column alone as a class")
        }
        return false
    }

    /// Refuses a few texts among many numbers, because they are mistakes and not categories.
    private func requireDeliberateText(_ column: Int) throws {
        let facts = facts[column]
        guard let text = facts.firstText, !forced.contains(column),
            facts.numbers > TableRules.suspiciousNumbersPerText * facts.texts
        else {
            return
        }
        throw DatasetError(
            "`\(path)`, line \(text.line), column `\(names[column])`: `\(text.text)` is no number,"
                + " but \(TextFormat.grouped(facts.numbers)) cells of the column are; correct it,"
                + " list it under `missing`, or the column under `categorical` or `ignore`"
        )
    }

    private func kind(of column: Int, _ counts: [String: Int]?) throws -> TableEncoding.Kind {
        let isFilled = rules.missingCells == .mean
        guard let counts else {
            guard facts[column].numbers > 0 else {
                throw DatasetError(
                    "column `\(names[column])` of `\(path)` has no value in any sample;"
                        + " list it under `ignore`"
                )
            }
            return .number(fill: isFilled ? Float(facts[column].sum / Double(facts[column].numbers)) : nil)
        }
        let categories = counts.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var fill = 0
        for (index, category) in categories.enumerated()
        where counts[category] ?? 0 > counts[categories[fill]] ?? 0 { fill = index }
        return .categories(categories, fill: isFilled ? fill : nil)
    }

    /// Sorts class names: whole numbers by value, other names by bytes.
    private func classNames(_ counts: [String: Int]) -> [String] {
        if TableEncoding.areWholeNumbers(counts.keys) {
            return counts.keys.compactMap { Int($0) }.sorted().map { String($0) }
        }
        return counts.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    // MARK: - Second pass

    private func countCategories(_ columns: [Int], target: Int?) throws -> [Int: [String: Int]] {
        var counts = Array(repeating: [String: Int](), count: names.count)
        let table = try TableFile(path: path, format: format)
        let targetIsWhole = target.map { facts[$0].isWhole && facts[$0].firstText == nil } ?? false
        while try table.next() {
            guard try table.keepsSample(features: features, targets: targets, rules.missingCells) else {
                continue
            }
            for column in columns where !table.isMissing(column) {
                let isTarget = column == target
                let name = try isTarget && targetIsWhole ? table.whole(column) : table.text(column)
                guard name.utf8.count <= TableRules.longestName else {
                    throw table.fault(
                        column,
                        "the cell has \(TextFormat.grouped(name.utf8.count)) bytes,"
                            + " at most \(TableRules.longestName) make a name; correct it,"
                            + " or list the column under `ignore`")
                }
                counts[column][name, default: 0] += 1
                if counts[column].count > (isTarget ? TableRules.mostClasses : TableRules.mostCategories) {
                    throw tooMany(column, isTarget)
                }
            }
        }
        for column in columns where counts[column].isEmpty {
            throw DatasetError(
                "column `\(names[column])` of `\(path)` has no value in any sample; list it under `ignore`")
        }
        return Dictionary(uniqueKeysWithValues: columns.map { ($0, counts[$0]) })
    }

    private func tooMany(_ column: Int, _ isTarget: Bool) -> DatasetError {
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
