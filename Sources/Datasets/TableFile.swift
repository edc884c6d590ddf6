import System

/// A CSV file as a table of samples: rows with the same number of named cells.
final class TableFile {
    let columns: [String]
    /// The index of the current sample, counted from 0.
    private(set) var sample = -1
    let reader: CSVReader
    private let missing: [[UInt8]]
    /// True until the first row of a file without a header, which `init` has read already, is used as a
    /// sample.
    private var isFirstRowPending: Bool

    enum Cell {
        case missing
        /// The number may be infinite or NaN.
        case number(Double)
        case text
    }

    init(path: String, format: CSVFormat) throws {
        reader = try CSVReader(path: path, delimiter: format.delimiter.byte)
        missing = format.missing.map { Array($0.utf8) }
        guard try reader.nextRow() else { throw DatasetError("`\(path)` is empty; give a table with data") }
        isFirstRowPending = !format.hasHeader
        columns = try (0..<reader.cellCount).map { [reader] index in
            let name = format.hasHeader ? try reader.cell(index) : ""
            return name.isEmpty ? "\(index + 1)" : name
        }
        var known: Set<String> = []
        if let twice = columns.first(where: { !known.insert($0).inserted }) {
            throw DatasetError(
                "`\(path)` has two columns with the name `\(twice)`;"
                    + " give each a name of its own (or `header: false`)")
        }
    }

    /// Reads the next sample. False at the end of the file.
    func next() throws -> Bool {
        if isFirstRowPending {
            isFirstRowPending = false
        } else {
            guard try reader.nextRow() else { return false }
        }
        guard reader.cellCount == columns.count else {
            throw DatasetError(
                "`\(reader.name)`, line \(reader.line): the row has"
                    + " \(TextFormat.count(reader.cellCount, "cell")), the first one \(columns.count);"
                    + " put cells with the delimiter in quotes, or correct `delimiter`")
        }
        sample += 1
        return true
    }

    func read(_ column: Int) -> Cell {
        reader.withCell(column) { bytes in
            for token in missing where token.count == bytes.count && token.elementsEqual(bytes) {
                return .missing
            }
            return DecimalNumber.parse(bytes).map { .number($0) } ?? .text
        }
    }

    func isMissing(_ column: Int) -> Bool {
        reader.withCell(column) { bytes in
            missing.contains { $0.count == bytes.count && $0.elementsEqual(bytes) }
        }
    }

    func text(_ column: Int) throws -> String { try reader.cell(column) }

    /// Returns a value as a Float.
    /// - Throws: `DatasetError` if it is not finite as a Float.
    func finite(_ value: Double, _ column: Int) throws -> Float {
        let number = Float(value)
        guard number.isFinite else {
            throw fault(
                column,
                "`\(shown(column))` is not a finite number; clean the data, or list it under `missing`")
        }
        return number
    }

    /// The index of a named column.
    func index(of column: String) throws -> Int {
        if let index = columns.firstIndex(of: column) { return index }
        let listed =
            columns.prefix(20).map { "`\($0)`" }.joined(separator: ", ") + (columns.count > 20 ? ", …" : "")
        throw DatasetError("`\(reader.name)` has no column `\(column)`; its columns are \(listed)")
    }

    /// An error about a cell of the current row, with its location.
    func fault(_ column: Int, _ text: String) -> DatasetError {
        DatasetError(
            "`\(reader.name)`, line \(reader.line), column `\(columns[column])` (sample \(sample)): \(text)")
    }

    /// The beginning of a cell, for a message.
    func shown(_ column: Int) -> String {
        let text = reader.withCell(column) { String(decoding: $0.prefix(40), as: UTF8.self) }
        return text.replacing("\n", with: " ")
    }

    /// Tells whether the current sample takes part, given the rule for missing cells.
    /// - Throws: `DatasetError` if a cell is missing that must not be.
    func keepsSample(features: [Int], targets: [Int], _ rule: TableRules.MissingCells) throws -> Bool {
        for column in targets where isMissing(column) {
            if rule == .drop { return false }
            throw fault(
                column,
                "the target is missing (`\(shown(column))`); complete it,"
                    + " or leave such samples out with on_missing: \"drop\""
            )
        }
        guard rule != .mean else { return true }
        for column in features where isMissing(column) {
            if rule == .drop { return false }
            throw fault(
                column,
                "the cell is missing (`\(shown(column))`); complete it, or say what to do: on_missing:"
                    + " \"mean\" or \"drop\""
            )
        }
        return true
    }

    /// A cell as the name of a class. A whole number gets its usual spelling: `01` and `1.0` become `1`.
    func whole(_ column: Int) throws -> String {
        if case .number(let value) = read(column), let whole = Int(exactly: value) { return String(whole) }
        return try text(column)
    }
}
