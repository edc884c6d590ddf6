import System

/// The findings of one scan of a table, for people and programs that look at it before they train.
package struct TableReport: Sendable {
    package enum Role: String, Sendable {
        case feature
        case target
    }

    package struct Column: Sendable {
        package let name: String
        package let role: Role
        package let kind: ColumnKind
        /// Whether the name is one of those that identify rows, such as `id`.
        package let isNamedKey: Bool
        /// Why the column has this type, where its cells alone do not say it.
        package let reason: String?
        package let numbers: Int
        package let texts: Int
        package let missing: Int
        /// The spellings of missing cells.
        package let missingWords: [String]
        /// The number of different cells; within some percent unless `distinctIsExact`.
        package let distinct: Int
        package let distinctIsExact: Bool
        /// Nil without numbers.
        package let range: NumberRange?
        /// Categories or classes with their counts, the most frequent ones first; empty for other columns.
        package let categories: [NamedCount]
        /// The error that a training would end with; nil if the column can be used.
        package let fault: String?

        /// Cells with a value.
        package var values: Int { numbers + texts }
        /// Whether all numbers are whole.
        package let isWhole: Bool

        /// Whether the cells look like classes of a target: texts, or few whole numbers that occur often.
        package var looksLikeClasses: Bool {
            if texts > 0 { return true }
            return isWhole && distinct <= min(TableRules.mostNumberedClasses, max(2, values / 10))
        }
    }

    package let path: String
    package let rows: Int
    package let columns: [Column]
    /// Rows that are equal to an earlier one in all columns that are read.
    package let duplicateRows: Int
    package let notes: [DataNote]
    /// The notes on the file and its missing cells, without those on what its columns mean.
    package let readingNotes: [DataNote]
    /// A hash of each row, to find equal rows in other tables.
    package let rowHashes: [UInt64]

    /// - Throws: `DatasetError` if the file cannot be cut into rows and columns.
    package init(path: String, format: CSVFormat, rules: TableRules) throws {
        let survey = try TableSurvey.read(path, format: format, rules: rules, isSurvey: true)
        self.path = path
        rows = survey.scan.rows
        columns = (survey.features + survey.targets).sorted().map { survey.report(on: $0) }
        notes = survey.notes
        readingNotes = survey.readingNotes
        rowHashes = survey.scan.rowHashes
        duplicateRows = DuplicateSamples.count(within: rowHashes)
    }
}

extension TableSurvey {
    fileprivate func report(on column: Int) -> TableReport.Column {
        let facts = facts[column]
        let isTarget = targets.contains(column)
        let kind = judgement(of: column)
        return TableReport.Column(
            name: names[column], role: isTarget ? .target : .feature, kind: kind,
            isNamedKey: ColumnName(names[column], index: column).isKey, reason: reason(of: column, kind),
            numbers: facts.numbers, texts: facts.texts, missing: facts.missing,
            missingWords: facts.missingWords.strings,
            distinct: facts.distinct.count, distinctIsExact: facts.distinct.isExact,
            range: facts.measurement?.range(),
            categories: categories(of: column, isTarget: isTarget), fault: fault(of: column, isTarget),
            isWhole: facts.isWhole)
    }

    /// Why a column has its kind, where its cells alone do not say it.
    private func reason(of column: Int, _ kind: ColumnKind) -> String? {
        let facts = facts[column]
        if forced.contains(column) { return "it is listed under `categorical`" }
        let example = "`\(facts.firstText?.text ?? "")`"
        return switch kind {
        case .empty: "no cell has a value"
        case .mixed: "\(facts.texts) cells are no numbers, such as \(example)"
        case .look: example
        case .text: "nearly all cells differ"
        case .rowNumber: "whole numbers that follow each other"
        case .identifier:
            facts.isNearlyUnique
                ? "by its name, and nearly all cells differ" : "whole numbers without a name, like an index"
        case .dayNumber: "numbers such as 20240131"
        case .number: facts.isWhole ? "whole" : nil
        case .constant, .category, .classes: nil
        }
    }

    private func categories(of column: Int, isTarget: Bool) -> [NamedCount] {
        let facts = facts[column]
        guard facts.texts > 0 || forced.contains(column) || (isTarget && isClassTarget) else { return [] }
        return zip(facts.names.strings, facts.names.counts).map { NamedCount(name: $0, count: $1) }
            .byFrequency
    }

    private func fault(of column: Int, _ isTarget: Bool) -> String? {
        do {
            if let place = facts[column].firstNotFinite {
                throw place.fault(TableMessage.notFinite(place.text))
            }
            if isTarget { _ = try decideTask() } else { _ = try kind(of: column) }
            return nil
        } catch {
            return "\(error)"
        }
    }
}
