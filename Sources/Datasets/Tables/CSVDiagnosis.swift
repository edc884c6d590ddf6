import System

/// Finds out why the lines of a table do not fit its format. It reads the header and the current row.
struct CSVDiagnosis {
    private let reader: CSVReader
    private let format: CSVFormat
    private let header: String
    private let row: String

    init(_ reader: CSVReader, _ format: CSVFormat, header: String) {
        self.reader = reader
        self.format = format
        self.header = header
        row = reader.rowText
    }

    /// The error that the current row does not have as many cells as the header.
    func fault(expected: Int) -> DatasetError {
        DatasetError(
            "`\(reader.name)`, line \(reader.line): the row has"
                + " \(TextFormat.count(reader.cellCount, "cell")), the first one \(expected);"
                + " \(cause(expected))"
        )
    }

    /// Refuses a table of one column whose lines all have another delimiter.
    func requireNoOtherDelimiter() throws {
        guard let (delimiter, count) = otherDelimiter() else { return }
        throw DatasetError(
            "`\(reader.name)` has a single column, but its lines have \(count) × `\(delimiter.rawValue)`: set"
                + " delimiter: \"\(delimiter.rawValue)\"")
    }

    private func cause(_ expected: Int) -> String {
        if let (delimiter, _) = otherDelimiter() {
            return "its lines look separated by `\(delimiter.rawValue)`:"
                + " set delimiter: \"\(delimiter.rawValue)\""
        }
        if let mark = Self.commentMark(row) {
            return "it begins with `\(mark)`: if it is a comment, remove such lines"
                + " (grep -v '^\(mark)' FILE > NEW)"
        }
        if let mark = Self.commentMark(header) {
            return "line 1, the header, begins with `\(mark)`: if it is a comment, remove such lines"
                + " (grep -v '^\(mark)' FILE > NEW)"
        }
        if expected == 1 { return "line 1 looks like a title: the header must be the first line" }
        if reader.cellCount == 1 { return "if it is a title, a total or a remark, remove it" }
        if reader.cellCount == expected + 1, format.hasHeader, reader.line <= 3 {
            return "the header may lack the name of the first column (in R: write.csv(…, row.names = FALSE)),"
                + " or a cell holds the delimiter: put such cells in quotes, or correct `delimiter`"
        }
        return "put cells with the delimiter in quotes, or correct `delimiter`"
    }

    /// A delimiter that the header and the row have equally often, while the format's is another one.
    private func otherDelimiter() -> (CSVFormat.Delimiter, Int)? {
        for delimiter in CSVFormat.Delimiter.allCases where delimiter.byte != reader.delimiter {
            let (inHeader, inRow) = (Self.count(delimiter, header), Self.count(delimiter, row))
            guard inHeader == inRow, inRow > 0 else { continue }
            // Spaces are also within texts: they count between numbers alone.
            if delimiter == .space, !Self.isNumbers(row) { continue }
            return (delimiter, inRow)
        }
        return nil
    }

    /// The number of delimiters outside of quotes; runs of spaces count once.
    static func count(_ delimiter: CSVFormat.Delimiter, _ line: String) -> Int {
        if delimiter == .space { return line.split(whereSeparator: \.isWhitespace).count - 1 }
        var isQuoted = false
        var count = 0
        for byte in line.utf8 {
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if byte == delimiter.byte, !isQuoted { count += 1 }
        }
        return count
    }

    private static func isNumbers(_ line: String) -> Bool {
        line.split(whereSeparator: \.isWhitespace).allSatisfy { word in
            var word = String(word)
            return word.withUTF8 { DecimalNumber.parse($0) != nil }
        }
    }

    private static func commentMark(_ line: String) -> String? {
        ["#", "//", "%", "--"].first { line.hasPrefix($0) && !line.hasPrefix("#,") }
    }
}
