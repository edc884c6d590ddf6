import System

/// A CSV file as a table of samples: rows with the same number of named cells.
final class TableFile {
    let columns: [String]
    /// Remarks on what was read otherwise than the header says.
    let notes: [DataNote]
    /// True if the header has no name for the first column, which holds the names of the rows (as R writes
    /// them). The column is called `row.names` and is no feature.
    let hasRowNames: Bool
    /// Whether messages tell the line: false for a table that was made of something else.
    private let hasLines: Bool
    /// The index of the current sample, counted from 0.
    private(set) var sample = -1
    let reader: CSVReader

    /// The first row of data, which `init` has read already.
    private enum FirstRow { case pending, absent, used }

    private var firstRow: FirstRow
    private let header: String
    private let format: CSVFormat
    private let missing: MissingWords
    private let point: UInt8

    enum Cell {
        case missing
        /// The number may be infinite or NaN.
        case number(Double)
        case text
    }

    convenience init(path: String, format: CSVFormat) throws {
        try self.init(TextSource(path: path), format: format, hasLines: true)
    }

    convenience init(_ source: ByteSource, format: CSVFormat, hasLines: Bool = true) throws {
        try self.init(TextSource(source), format: format, hasLines: hasLines)
    }

    private init(_ source: TextSource, format: CSVFormat, hasLines: Bool) throws {
        self.hasLines = hasLines
        reader = try CSVReader(source, delimiter: format.delimiter.byte)
        missing = MissingWords(format.missing)
        point = format.decimal.byte
        self.format = format
        guard try reader.nextRow() else {
            throw DatasetError("`\(source.name)` is empty; give a table with data")
        }
        header = reader.rowText
        let shape: TableHeader
        if format.hasHeader {
            let names = try (0..<reader.cellCount).map { [reader] in try reader.text($0) }
            firstRow = try reader.nextRow() ? .pending : .absent
            shape = try TableHeader(names, reader, format, hasRow: firstRow == .pending, text: header)
        } else {
            firstRow = .pending
            shape = try TableHeader(numbersOf: reader, format)
        }
        columns = shape.columns
        notes = shape.notes
        hasRowNames = shape.hasRowNames
    }

    /// Reads the next sample. False at the end of the file.
    func next() throws -> Bool {
        switch firstRow {
        case .pending: firstRow = .used
        case .absent: return false
        case .used: guard try reader.nextRow() else { return false }
        }
        sample += 1
        if reader.cellCount != columns.count { try requireTrailingDelimiter() }
        if hasRowNames, !reader.hasQuotes { try requireRowNumber() }
        return true
    }

    /// Accepts a delimiter at the end of the row.
    private func requireTrailingDelimiter() throws {
        guard reader.cellCount == columns.count + 1, reader.cell(columns.count).isEmpty else {
            throw CSVDiagnosis(reader, format, header: header).fault(expected: columns.count)
        }
    }

    private func requireRowNumber() throws {
        let number = DecimalNumber.parse(reader.cell(0))
        guard number == Double(sample + 1) else {
            throw CSVDiagnosis(reader, format, header: header).fault(expected: columns.count - 1)
        }
    }

    @inline(__always)
    func read(_ column: Int) -> Cell {
        let bytes = reader.cell(column)
        guard let number = DecimalNumber.parse(bytes, point: point) else {
            if missing.contains(bytes) { return .missing }
            return Self.isPadded(bytes) ? readPadded(bytes) : .text
        }
        if !number.isFinite || missing.haveNumbers, missing.contains(bytes) { return .missing }
        return .number(number)
    }

    @inline(__always)
    private static func isPadded(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = bytes.first, let last = bytes.last else { return false }
        return isBlank(first) || isBlank(last)
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    /// A cell without the spaces at its ends, which quotes have kept.
    static func trimmed(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        var bare = bytes[...]
        while let first = bare.first, isBlank(first) { bare.removeFirst() }
        while let last = bare.last, isBlank(last) { bare.removeLast() }
        return UnsafeBufferPointer(rebasing: bare)
    }

    /// Reads a cell that has spaces at its ends: programs pad numbers to one width.
    private func readPadded(_ bytes: UnsafeBufferPointer<UInt8>) -> Cell {
        let bare = Self.trimmed(bytes)
        if missing.contains(bare) { return .missing }
        return DecimalNumber.parse(bare, point: point).map { .number($0) } ?? .text
    }

    func isMissing(_ column: Int) -> Bool {
        let bytes = reader.cell(column)
        return missing.contains(bytes) || (Self.isPadded(bytes) && missing.contains(Self.trimmed(bytes)))
    }

    func text(_ column: Int) throws -> String { try reader.text(column) }

    /// Returns a value minus an offset as a Float.
    /// - Throws: `DatasetError` if it is not finite as a Float.
    @inline(__always)
    func finite(_ value: Double, _ column: Int, minus offset: Double) throws -> Float {
        let number = Float(value - offset)
        guard number.isFinite else { throw fault(column, TableMessage.notFinite(shown(column))) }
        return number
    }

    /// The index of a named column.
    func index(of column: String) throws -> Int {
        if let index = columns.firstIndex(of: column) { return index }
        throw TableMessage.noColumn(column, in: columns, of: reader.name)
    }

    /// An error about a cell of the current row, with its location.
    func fault(_ column: Int, _ text: String) -> DatasetError { place(column).fault(text) }

    /// The location of a cell of the current row.
    func place(_ column: Int) -> CellPlace {
        CellPlace(
            file: reader.name, line: reader.line, hasLine: hasLines, column: columns[column], sample: sample,
            text: shown(column))
    }

    /// The beginning of a cell, for a message.
    func shown(_ column: Int) -> String {
        String(decoding: reader.cell(column).prefix(40), as: UTF8.self).replacing("\n", with: " ")
    }

    /// A cell as the name of a class. A whole number gets its usual spelling: `1.0` becomes `1`.
    func whole(_ column: Int) throws -> String {
        if case .number(let value) = read(column), let whole = Int(exactly: value) { return String(whole) }
        return try text(column)
    }
}

/// A cell's location in a table.
struct CellPlace: Equatable {
    let file: String
    let line: Int
    /// Whether messages tell the line.
    var hasLine = true
    let column: String
    /// From 0.
    let sample: Int
    /// The beginning of the cell.
    let text: String

    func fault(_ text: String) -> DatasetError {
        let place = "\(hasLine ? "line \(line), " : "")column `\(column)` (sample \(sample))"
        return DatasetError("`\(file)`, \(place): \(text)")
    }
}

/// The cells that stand for a missing value.
private struct MissingWords {
    /// Whether a word is a finite number.
    let haveNumbers: Bool
    private let table: NameTable
    private let longest: Int
    private var firstBytes = [Bool](repeating: false, count: 256)
    private let hasEmpty: Bool

    init(_ words: [String]) {
        table = NameTable(words)
        longest = words.map(\.utf8.count).max() ?? -1
        hasEmpty = words.contains("")
        haveNumbers = words.contains { word in
            var word = word
            return word.withUTF8 { DecimalNumber.parse($0)?.isFinite == true }
        }
        for word in words { if let first = word.utf8.first { firstBytes[Int(first)] = true } }
    }

    @inline(__always)
    func contains(_ cell: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = cell.first else { return hasEmpty }
        guard firstBytes[Int(first)], cell.count <= longest else { return false }
        return table.index(of: cell) != nil
    }
}
