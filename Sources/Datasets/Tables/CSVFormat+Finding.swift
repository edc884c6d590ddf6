extension CSVFormat {
    /// Rows that decide the format.
    private static let sampleRows = 100

    /// Finds how a table is written by its first rows: the delimiter, whether there is a header, and the
    /// character before the fraction of a number.
    /// - Throws: `DatasetError` if the file cannot be read as text, or `SystemError`.
    package init(findingIn path: String) throws {
        self.init(hasHeader: false)
        delimiter = try Self.delimiter(of: path)
        decimal = try Self.decimal(of: path, self)
        hasHeader = try Self.hasHeader(path, self)
    }

    /// The delimiter with which the first rows have equally many cells, as many as possible. If no delimiter
    /// makes several cells of all of them, the one that the first line has most of.
    private static func delimiter(of path: String) throws -> Delimiter {
        var (best, widest) = (Delimiter.comma, 1)
        for delimiter in Delimiter.allCases {
            let format = CSVFormat(hasHeader: false, delimiter: delimiter)
            guard let width = try? width(path, format), width > widest else { continue }
            (best, widest) = (delimiter, width)
        }
        return widest > 1 ? best : try mostFrequentDelimiter(inFirstLineOf: path)
    }

    private static func width(_ path: String, _ format: CSVFormat) throws -> Int {
        let table = try TableFile(path: path, format: format)
        var rows = 0
        while rows < sampleRows, try table.next() { rows += 1 }
        return table.columns.count
    }

    private static func mostFrequentDelimiter(inFirstLineOf path: String) throws -> Delimiter {
        let source = try TextSource(path: path)
        var start = [UInt8](repeating: 0, count: 1 << 16)
        let count = try start.withUnsafeMutableBytes { try source.read(into: $0) }
        let line = String(
            decoding: start[..<count].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") },
            as: UTF8.self)
        let counts = Delimiter.allCases.filter { $0 != .space }.map { ($0, CSVDiagnosis.count($0, line)) }
        guard let most = counts.map(\.1).max(), most > 0 else {
            return line.contains(" ") ? .space : .comma
        }
        return counts.first { $0.1 == most }?.0 ?? .comma
    }

    /// A comma if cells look like decimal commas and none has a decimal point.
    private static func decimal(of path: String, _ format: CSVFormat) throws -> DecimalMark {
        guard format.delimiter != .comma, let table = try? TableFile(path: path, format: format) else {
            return .point
        }
        var commas = 0
        var rows = 0
        while rows < sampleRows, (try? table.next()) == true {
            rows += 1
            for column in table.columns.indices {
                let cell = table.reader.cell(column)
                switch table.read(column) {
                case .missing: break
                case .number: if cell.contains(UInt8(ascii: ".")) { return .point }
                case .text: if CellLook(cell, decimal: .point) == .decimalComma { commas += 1 }
                }
            }
        }
        return commas > 0 ? .comma : .point
    }

    /// Whether the first row has names: a text where the column has numbers, or whole numbers that count the
    /// columns, or texts alone of which most do not occur again.
    private static func hasHeader(_ path: String, _ format: CSVFormat) throws -> Bool {
        guard let table = try? TableFile(path: path, format: format), try table.next() else { return true }
        let columns = table.columns.indices
        let first = columns.map(table.read)
        let names = try columns.map { try table.text($0) }
        let numbers = first.compactMap { if case .number(let value) = $0 { value } else { nil } }
        if numbers.count == columns.count {
            let counts = [0, 1].map { first in columns.map { Double($0 + first) } }
            return columns.count > 2 && counts.contains(numbers)
        }
        var numeric = columns.map { _ in 0 }
        var texts = columns.map { _ in 0 }
        var repeated = Set<Int>()
        var rows = 0
        while rows < sampleRows, (try? table.next()) == true {
            rows += 1
            for column in columns {
                switch table.read(column) {
                case .missing: break
                case .number: numeric[column] += 1
                case .text:
                    texts[column] += 1
                    if try table.text(column) == names[column] { repeated.insert(column) }
                }
            }
        }
        // A file of a single row cannot say it; a name is the more usual beginning.
        guard rows > 0 else { return true }
        for column in columns {
            guard case .text = first[column] else { continue }
            if numeric[column] > texts[column] { return true }
        }
        return numbers.isEmpty && 2 * repeated.count < columns.count
    }
}
