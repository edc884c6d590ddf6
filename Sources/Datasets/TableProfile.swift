/// The columns of a table as they look before anything is known about it: what a first config is written
/// from.
package struct TableProfile {
    package let format: CSVFormat
    package private(set) var columns: [Column]
    package private(set) var rows = 0

    package struct Column: Equatable, Sendable {
        package let name: String
        /// Cells of each kind.
        package fileprivate(set) var numbers = 0
        package fileprivate(set) var texts = 0
        package fileprivate(set) var missing = 0
        /// Whether all numbers are whole.
        package fileprivate(set) var isWhole = true
        /// Whether each number is one more than the number before.
        package fileprivate(set) var isCounting = true
        /// Different cells; counted up to `TableProfile.mostDistinct`.
        package fileprivate(set) var distinct = 0

        package init(
            _ name: String, numbers: Int = 0, texts: Int = 0, missing: Int = 0, isWhole: Bool = true,
            isCounting: Bool = false, distinct: Int = 0
        ) {
            self.name = name
            self.numbers = numbers
            self.texts = texts
            self.missing = missing
            self.isWhole = isWhole
            self.isCounting = isCounting
            self.distinct = distinct
        }
    }

    /// Different cells of a column are counted up to this number.
    package static let mostDistinct = 10_001
    /// Rows that decide the format.
    private static let sampleRows = 100

    package init(format: CSVFormat = CSVFormat(), columns: [Column], rows: Int) {
        self.format = format
        self.columns = columns
        self.rows = rows
    }

    /// Finds the format of a table, and reads it once.
    /// - Throws: `DatasetError` or `SystemError`.
    package init(path: String) throws {
        format = try Self.format(of: path)
        let table = try TableFile(path: path, format: format)
        columns = table.columns.map { Column($0, isCounting: true) }
        var distinct = columns.map { _ in DistinctCells() }
        var previous = columns.map { _ in Double.nan }
        while try table.next() {
            rows += 1
            for column in columns.indices {
                switch table.read(column) {
                case .missing: columns[column].missing += 1
                case .number(let value):
                    columns[column].add(value, after: previous[column])
                    previous[column] = value
                    distinct[column].add(value)
                case .text:
                    columns[column].texts += 1
                    if distinct[column].isOpen { distinct[column].add(try table.text(column)) }
                }
            }
        }
        for column in columns.indices { columns[column].distinct = distinct[column].count }
    }

    // MARK: Format

    /// The delimiter with which the first rows have equally many cells, as many as possible, and whether the
    /// first row names the columns.
    private static func format(of path: String) throws -> CSVFormat {
        var format = CSVFormat(hasHeader: false)
        var widest = 1
        for delimiter in CSVFormat.Delimiter.allCases {
            let candidate = CSVFormat(hasHeader: false, delimiter: delimiter)
            guard let width = try? width(path, candidate), width > widest else { continue }
            (format, widest) = (candidate, width)
        }
        format.hasHeader = try hasHeader(path, format)
        return format
    }

    private static func width(_ path: String, _ format: CSVFormat) throws -> Int {
        let table = try TableFile(path: path, format: format)
        var rows = 0
        while rows < sampleRows, try table.next() { rows += 1 }
        return table.columns.count
    }

    /// Whether the first row has names: a text where the column has numbers, or whole numbers that count the
    /// columns, or texts alone of which most do not occur again.
    private static func hasHeader(_ path: String, _ format: CSVFormat) throws -> Bool {
        let table = try TableFile(path: path, format: format)
        guard try table.next() else { return true }
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
        while rows < sampleRows, try table.next() {
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
        for column in columns {
            guard case .text = first[column] else { continue }
            if numeric[column] > texts[column] { return true }
        }
        return numbers.isEmpty && 2 * repeated.count < columns.count
    }
}

extension TableProfile.Column {
    fileprivate mutating func add(_ value: Double, after previous: Double) {
        if numbers > 0, value != previous + 1 { isCounting = false }
        numbers += 1
        if value != value.rounded(.towardZero) { isWhole = false }
    }
}

/// The different cells of one column, as far as they are counted.
private struct DistinctCells {
    private var numbers = Set<Double>()
    private var texts = Set<String>()

    var count: Int { numbers.count + texts.count }
    var isOpen: Bool { count < TableProfile.mostDistinct }

    mutating func add(_ value: Double) {
        if isOpen { numbers.insert(value) }
    }

    mutating func add(_ text: String) { texts.insert(text) }
}
