import System

/// One pass over a table that collects the facts about its columns.
struct TableScan {
    let columns: [String]
    let notes: [DataNote]
    let hasRowNames: Bool
    private(set) var facts: [ColumnFacts]
    /// Rows of the file, and those of them that take part.
    private(set) var rows = 0
    private(set) var kept = 0
    /// A hash of each row that takes part, if they are asked for.
    private(set) var rowHashes: [UInt64] = []

    private let table: TableFile
    private let used: [Int]
    private let decimal: CSVFormat.DecimalMark
    /// Columns whose numbers are names too.
    private let isNamed: [Bool]
    private let dropsMissing: Bool
    private let collectsRows: Bool
    private let hasHeader: Bool

    /// - Parameters:
    ///   - named: columns whose numbers are counted as names.
    ///   - isSurvey: whether the facts are for people: it collects quartiles and hashes of rows.
    init(
        _ table: TableFile, _ format: CSVFormat, used: [Int], named: Set<Int>, targets: [Int],
        dropsMissing: Bool, isSurvey: Bool
    ) {
        self.table = table
        self.used = used
        self.dropsMissing = dropsMissing
        decimal = format.decimal
        columns = table.columns
        isNamed = table.columns.indices.map(named.contains)
        notes = table.notes
        hasRowNames = table.hasRowNames
        // Classes may be written in several ways: `1`, `1.0`.
        facts = columns.indices.map { column in
            ColumnFacts(
                mostNames: targets.contains(column)
                    ? 2 * TableRules.mostClasses : TableRules.mostCategories + 1,
                sampling: isSurvey, format: format)
        }
        collectsRows = isSurvey
        hasHeader = format.hasHeader
    }

    mutating func run() throws {
        var cells = used.map { _ in TableFile.Cell.missing }
        while try table.next() {
            rows += 1
            var hasMissing = false
            for (index, column) in used.enumerated() {
                cells[index] = table.read(column)
                if case .missing = cells[index] {
                    hasMissing = true
                    facts[column].addMissing(table.reader.cell(column), table.place(column))
                }
            }
            if case .text? = cells.last, hasHeader { try requireNoHeader() }
            if hasMissing, dropsMissing { continue }
            kept += 1
            var hash: UInt64 = 0
            for (index, column) in used.enumerated() {
                let cell = table.reader.cell(column)
                switch cells[index] {
                case .missing: break
                case .number(let value):
                    if value.magnitude < 3.5e38, Float(value).isFinite {
                        facts[column].add(value, cell)
                    } else {
                        facts[column].addNotFinite(table.place(column))
                    }
                    if isNamed[column] {
                        facts[column].addName(cell, NameTable.hash(cell), table.place(column))
                    }
                case .text: facts[column].addText(cell, decimal, table.place(column))
                }
                if collectsRows { hash = NameTable.mixed(hash &+ Self.hash(cells[index], cell)) }
            }
            if collectsRows { rowHashes.append(hash) }
        }
    }

    /// Refuses a row that repeats the names of the columns.
    private func requireNoHeader() throws {
        let repeats = columns.indices.allSatisfy { column in
            let cell = table.reader.cell(column)
            // A column without a name is called by its number.
            return cell.elementsEqual(columns[column].utf8)
                || (cell.isEmpty && columns[column] == "\(column + 1)")
        }
        guard repeats, columns.count > 1 else { return }
        throw DatasetError(
            "`\(table.reader.name)`, line \(table.reader.line) repeats the header, as in files that were"
                + " joined; remove the line")
    }

    /// The same for numbers of the same value, however they are written.
    private static func hash(_ cell: TableFile.Cell, _ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        switch cell {
        case .missing: 1
        case .number(let value): value.bitPattern
        case .text: NameTable.hash(bytes)
        }
    }
}
