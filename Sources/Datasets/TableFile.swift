import System

/// A CSV file as samples: rows of named columns, all of the same length.
final class TableFile {
    let columns: [String]
    /// The index of the current sample, from 0.
    private(set) var sample = -1
    let reader: CSVReader
    private let missing: [[UInt8]]
    /// Without a header the first row has been read already.
    private var firstRowWaits: Bool

    enum Cell {
        case missing
        /// Maybe not finite.
        case number(Double)
        case text
    }

    init(path: String, format: CSVFormat) throws {
        reader = try CSVReader(path: path, delimiter: format.delimiter.byte)
        missing = format.missing.map { Array($0.utf8) }
        guard try reader.nextRow() else { throw DatasetError("`\(path)` is empty; give a table with data") }
        firstRowWaits = !format.hasHeader
        columns = try (0..<reader.cellCount).map { [reader] index in
            let name = format.hasHeader ? try reader.cell(index) : ""
            return name.isEmpty ? "\(index + 1)" : name
        }
        var known: Set<String> = []
        if let twice = columns.first(where: { !known.insert($0).inserted }) {
            throw DatasetError(
                "`\(path)` has two columns with the name `\(twice)`; give each a name of its own (or `header: false`)"
            )
        }
    }

    /// Goes to the next sample; false at the end.
    func next() throws -> Bool {
        if firstRowWaits {
            firstRowWaits = false
        } else {
            guard try reader.nextRow() else { return false }
        }
        guard reader.cellCount == columns.count else {
            throw DatasetError(
                "`\(reader.name)`, line \(reader.line): the row has \(TextFormat.count(reader.cellCount, "cell")), the first one"
                    + " \(columns.count); put cells with the delimiter in quotes, or correct `delimiter`")
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

    /// A number that a Float holds.
    func finite(_ value: Double, _ column: Int) throws -> Float {
        let number = Float(value)
        guard number.isFinite else {
            throw fault(
                column,
                "`\(shown(column))` is not a finite number; clean the data, or list it under `missing`")
        }
        return number
    }

    /// The place of a named column.
    func index(of column: String) throws -> Int {
        if let index = columns.firstIndex(of: column) { return index }
        let listed =
            columns.prefix(20).map { "`\($0)`" }.joined(separator: ", ") + (columns.count > 20 ? ", …" : "")
        throw DatasetError("`\(reader.name)` has no column `\(column)`; its columns are \(listed)")
    }

    /// What is wrong with a cell of the current row, with its place.
    func fault(_ column: Int, _ text: String) -> DatasetError {
        DatasetError(
            "`\(reader.name)`, line \(reader.line), column `\(columns[column])` (sample \(sample)): \(text)")
    }

    /// A cell for a message.
    func shown(_ column: Int) -> String {
        let text = reader.withCell(column) { String(decoding: $0.prefix(40), as: UTF8.self) }
        return text.replacing("\n", with: " ")
    }
}
