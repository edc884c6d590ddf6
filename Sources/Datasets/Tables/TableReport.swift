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
        /// `number`, `category`, `text`, `row number`, `identifier`, `constant`, `date`, `empty`, `mixed`, ….
        package let type: String
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
        package let categories: [Category]
        /// The error that a training would end with; nil if the column can be used.
        package let fault: String?
    }

    package struct Category: Equatable, Sendable {
        package let name: String
        package let count: Int
    }

    package struct NumberRange: Equatable, Sendable {
        package let least: Double
        package let greatest: Double
        package let mean: Double
        /// The standard deviation over all numbers.
        package let deviation: Double
        /// Quartiles are those of a sample of at most 8,192 numbers.
        package let firstQuartile: Double
        package let median: Double
        package let thirdQuartile: Double
        /// The fraction of numbers more than 3 interquartile ranges outside of the quartiles, in the sample.
        package let outliers: Double
    }

    package let path: String
    package let rows: Int
    package let columns: [Column]
    /// Rows that are equal to an earlier one in all columns that are read.
    package let duplicateRows: Int
    package let notes: [DataNote]
    /// A hash of each row, to find equal rows in other tables.
    package let rowHashes: [UInt64]

    /// - Throws: `DatasetError` if the file cannot be cut into rows and columns.
    package init(path: String, format: CSVFormat, rules: TableRules) throws {
        let survey = try TableSurvey.read(path, format: format, rules: rules, isSurvey: true)
        self.path = path
        rows = survey.scan.rows
        columns = (survey.features + survey.targets).sorted().map { survey.report(on: $0) }
        notes = survey.notes
        rowHashes = survey.scan.rowHashes
        duplicateRows = DuplicateRows.count(within: rowHashes)
    }

    /// The delimiter that the first line of a file has most of; a comma on a tie.
    package static func guessedDelimiter(of path: String) throws -> CSVFormat.Delimiter {
        let source = try TextSource(path: path)
        var start = [UInt8](repeating: 0, count: 1 << 16)
        let count = try start.withUnsafeMutableBytes { try source.read(into: $0) }
        let line = String(
            decoding: start[..<count].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") },
            as: UTF8.self)
        let counts = CSVFormat.Delimiter.allCases.filter { $0 != .space }.map { delimiter in
            (delimiter, CSVDiagnosis.count(delimiter, line))
        }
        guard let best = counts.max(by: { $0.1 < $1.1 }), best.1 > 0 else {
            return line.contains(" ") ? .space : .comma
        }
        return counts.first { $0.1 == best.1 }?.0 ?? .comma
    }
}

/// Equal rows, by their hashes.
package enum DuplicateRows {
    /// The number of rows that are equal to an earlier one.
    package static func count(within hashes: [UInt64]) -> Int { hashes.count - Set(hashes).count }

    /// The number of rows of `hashes` that are also in `others`.
    package static func count(of hashes: some Sequence<UInt64>, in others: some Sequence<UInt64>) -> Int {
        let known = Set(others)
        return hashes.count { known.contains($0) }
    }
}

extension TableSurvey {
    fileprivate func report(on column: Int) -> TableReport.Column {
        let facts = facts[column]
        let isTarget = targets.contains(column)
        let (type, reason) = type(of: column, isTarget: isTarget)
        let words = (0..<facts.missingWords.count).map {
            String(decoding: facts.missingWords.name($0), as: UTF8.self)
        }
        return TableReport.Column(
            name: names[column], role: isTarget ? .target : .feature, type: type, reason: reason,
            numbers: facts.numbers, texts: facts.texts, missing: facts.missing, missingWords: words,
            distinct: facts.distinct.count, distinctIsExact: facts.distinct.isExact, range: facts.range,
            categories: categories(of: column, isTarget: isTarget), fault: fault(of: column, isTarget))
    }

    private func type(of column: Int, isTarget: Bool) -> (String, String?) {
        let facts = facts[column]
        if facts.numbers + facts.texts + facts.notFinite == 0 { return ("empty", "no cell has a value") }
        if forced.contains(column) { return ("category", "it is listed under `categorical`") }
        if facts.numbers > 0, facts.texts > 0 {
            return ("mixed", "\(facts.texts) cells are no numbers, such as `\(facts.firstText?.text ?? "")`")
        }
        if facts.isConstant { return ("constant", nil) }
        if facts.texts > 0 {
            if facts.mainLook != .text, facts.mainLook != .boolean {
                return (facts.mainLook.title, "`\(facts.firstText?.text ?? "")`")
            }
            let isText =
                facts.names.isOverfull
                || (facts.distinct.count > 10 && 2 * facts.distinct.count > facts.texts)
            return isText && !isTarget
                ? ("text", "nearly all cells differ") : (isTarget ? "class" : "category", nil)
        }
        if isTarget { return isClassTarget ? ("class", nil) : ("number", nil) }
        if facts.isRowNumber { return ("row number", "whole numbers that follow each other") }
        if ColumnName(names[column], index: column).isKey, facts.isNearlyUnique, facts.isWhole {
            return ("identifier", "by its name, and nearly all cells differ")
        }
        if facts.isWhole, facts.days == facts.numbers { return ("date", "numbers such as 20240131") }
        return ("number", facts.isWhole ? "whole" : nil)
    }

    private var isClassTarget: Bool { (try? decideTask()) ?? false }

    private func categories(of column: Int, isTarget: Bool) -> [TableReport.Category] {
        let facts = facts[column]
        guard facts.texts > 0 || forced.contains(column) || (isTarget && isClassTarget) else { return [] }
        return (0..<facts.names.count).map {
            TableReport.Category(
                name: String(decoding: facts.names.name($0), as: UTF8.self), count: facts.names.counts[$0])
        }.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
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

extension ColumnFacts {
    fileprivate var range: TableReport.NumberRange? {
        guard numbers > 0, let sample else { return nil }
        let quartiles = sample.quantiles([0.25, 0.5, 0.75])
        let reach = 3 * (quartiles[2] - quartiles[0])
        let inner = quartiles[0] - reach...quartiles[2] + reach
        return TableReport.NumberRange(
            least: least, greatest: greatest, mean: mean, deviation: deviation, firstQuartile: quartiles[0],
            median: quartiles[1], thirdQuartile: quartiles[2],
            outliers: reach > 0 ? sample.fraction(outside: inner) : 0)
    }
}

extension CellLook {
    fileprivate var title: String {
        switch self {
        case .decimalComma: "decimal comma"
        case .decimalPoint: "decimal point"
        case .thousands: "separated thousands"
        case .percentage: "percentage"
        case .currency: "money"
        case .minusSign: "other minus sign"
        case .hexadecimal: "hexadecimal"
        case .spreadsheetError: "spreadsheet error"
        case .boolean: "truth value"
        case .date: "date"
        case .time: "time"
        case .unit: "number with unit"
        case .text: "text"
        }
    }
}
