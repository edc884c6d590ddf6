import System

/// The names of a table's columns, which may be one short or one too many.
struct TableHeader {
    private(set) var columns: [String]
    private(set) var notes: [DataNote] = []
    private(set) var hasRowNames = false

    /// Numbers the columns of a file without a header by its first row.
    init(numbersOf row: CSVReader, _ format: CSVFormat) throws {
        var count = row.cellCount
        if count > 1, row.cell(count - 1).isEmpty { count -= 1 }
        columns = (1...count).map { String($0) }
        if count < row.cellCount { notes.append(Self.trailingDelimiter(row)) }
        noteDeclaredDelimiter(row, format)
        if count == 1 { try CSVDiagnosis(row, format, header: row.rowText).requireNoOtherDelimiter() }
    }

    /// - Parameters:
    ///   - names: the cells of the header.
    ///   - row: stands at the first row of data, if `hasRow`.
    ///   - text: the header as it is written.
    init(_ names: [String], _ row: CSVReader, _ format: CSVFormat, hasRow: Bool, text: String) throws {
        columns = names
        let rowEndsEmpty = hasRow && row.cellCount > 1 && row.cell(row.cellCount - 1).isEmpty
        if names.count > 1, names.last == "",
            !hasRow || row.cellCount == names.count - 1 || (row.cellCount == names.count && rowEndsEmpty)
        {
            columns.removeLast()
        }
        if hasRow, columns.count > 1, row.cellCount == columns.count + 1, !rowEndsEmpty {
            hasRowNames = Self.isRowName(row)
        }
        if hasRowNames {
            columns.insert("row.names", at: 0)
            notes.append(
                DataNote(
                    "row_names",
                    "the header of `\(row.name)` has one name less than its rows have cells, as R writes row"
                        + " names: their column, `row.names`, is left out"))
        } else if columns.count < names.count || (rowEndsEmpty && row.cellCount == columns.count + 1) {
            notes.append(Self.trailingDelimiter(row))
        }
        for index in columns.indices where columns[index].isEmpty { columns[index] = "\(index + 1)" }
        try requireDifferentNames(row.name)
        noteDeclaredDelimiter(row, format)
        noteStrangeNames(names, row.name)
        guard hasRow else { return }
        let diagnosis = CSVDiagnosis(row, format, header: text)
        let trails = rowEndsEmpty && row.cellCount == columns.count + 1
        guard row.cellCount == columns.count || trails else { throw diagnosis.fault(expected: columns.count) }
        if columns.count == 1 { try diagnosis.requireNoOtherDelimiter() }
    }

    /// Tells whether the first cell is the name of the first row: a text in quotes, or 1.
    private static func isRowName(_ row: CSVReader) -> Bool {
        row.hasQuotes || row.cell(0).elementsEqual("1".utf8)
    }

    private static func trailingDelimiter(_ row: CSVReader) -> DataNote {
        DataNote(
            "trailing_delimiter",
            "the lines of `\(row.name)` end with a delimiter; the empty column behind it is left out")
    }

    private func requireDifferentNames(_ file: String) throws {
        var known: Set<String> = []
        guard let twice = columns.first(where: { !known.insert($0).inserted }) else { return }
        throw DatasetError(
            "`\(file)` has two columns with the name `\(twice)`;"
                + " give each a name of its own (or `header: false`)")
    }

    private mutating func noteDeclaredDelimiter(_ row: CSVReader, _ format: CSVFormat) {
        guard let declared = row.declaredDelimiter, declared != format.delimiter.byte else { return }
        let character = Character(UnicodeScalar(declared))
        notes.append(
            DataNote(
                "declared_delimiter",
                "the first line of `\(row.name)` says `sep=\(character)`, so its cells are separated by"
                    + " `\(character)`"))
    }

    /// Notes names that look like a sample or a comment.
    private mutating func noteStrangeNames(_ names: [String], _ file: String) {
        let areNumbers = names.allSatisfy { name in
            var name = name
            return name.withUTF8 { DecimalNumber.parse($0)?.isFinite == true }
        }
        if areNumbers {
            notes.append(
                DataNote(
                    "header_of_numbers",
                    "the first line of `\(file)`, the header, has numbers alone (`\(names[0])`, …)",
                    cure: "if it is a sample, set header: false"))
        }
        guard let first = names.first, first.hasPrefix("# ") || (first.hasPrefix("#") && first.count > 1)
        else { return }
        notes.append(
            DataNote(
                "header_comment",
                "the header of `\(file)` begins with `#`, so its first column is called `\(first)`",
                cure: "remove the mark, or the line if it is a comment"))
    }
}
