import Platform
import System

/// Reads a CSV file (plain or gzip) row by row. It keeps one block of the text in memory, at least a row.
///
/// Most rows have no quotes. They are cut by one loop over their bytes; `memchr` finds their end. Rows with
/// quotes go through `cutQuoted`. A cell is a range of the block, so that reading it copies nothing.
final class CSVReader {
    /// The file's name in messages.
    let name: String
    let delimiter: UInt8
    /// The delimiter that a first line `sep=;` names.
    private(set) var declaredDelimiter: UInt8?
    /// The line on which the current row begins, counted from 1.
    private(set) var line = 0
    /// Cells of the current row.
    private(set) var cellCount = 0
    /// Whether a cell of the current row stands in quotes.
    private(set) var hasQuotes = false

    private struct Cell {
        var start: Int
        var end: Int
    }

    private let block: Block
    private var cells = UnsafeMutablePointer<Cell>.allocate(capacity: 64)
    private var capacity = 64
    private var currentLine = 1
    private var rowStart = 0
    private var rowCount = 0

    static let mostCells = 1 << 20

    /// - Parameter delimiter: holds unless the file's first line names another one.
    init(_ source: TextSource, delimiter: UInt8) throws {
        name = source.name
        block = try Block(source)
        declaredDelimiter = block.takeDeclaredDelimiter()
        self.delimiter = declaredDelimiter ?? delimiter
        if declaredDelimiter != nil { currentLine = 2 }
    }

    deinit { cells.deallocate() }

    /// The bytes of a cell of the current row without its quotes, valid until the next row is read.
    @inline(__always)
    func cell(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        let cell = cells[index]
        return UnsafeBufferPointer(start: block.bytes + cell.start, count: cell.end - cell.start)
    }

    /// Returns a cell as text.
    /// - Throws: `DatasetError` if it is not UTF-8.
    func text(_ index: Int) throws -> String {
        guard let cell = String(validating: cell(index), as: UTF8.self) else {
            throw DatasetError(
                "`\(name)`, line \(line), column \(index + 1): the cell is not text in UTF-8; save the"
                    + " file as UTF-8 (from Windows or Latin-1: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW)")
        }
        return cell
    }

    /// The beginning of the current row as it is written, for a message.
    var rowText: String {
        String(decoding: UnsafeBufferPointer(start: block.bytes + rowStart, count: rowCount), as: UTF8.self)
    }

    /// Reads the next row that is not blank. False at the end of the file.
    func nextRow() throws -> Bool {
        while true {
            line = currentLine
            hasQuotes = false
            cellCount = 0
            if !(try cutPlain()) {
                while !(try cutQuoted()) {
                    guard try block.extend() else { throw fault(Self.tooLong) }
                }
                if cellCount == 0 { return false }
            }
            if cellCount > 1 || cells[0].end > cells[0].start || hasQuotes { return true }
        }
    }

    private static let tooLong =
        "it is longer than \(TextFormat.bytes(Block.largest)); is a quote not closed?"

    // MARK: - Rows without quotes

    /// Cuts the row at the block's position if it is all there and has neither quotes nor other line ends
    /// than LF and CRLF.
    private func cutPlain() throws -> Bool {
        guard delimiter != UInt8(ascii: " "), let end = try block.plainRowEnd() else { return false }
        let bytes = block.bytes
        let delimiter = delimiter
        var stop = end
        var start = block.position
        if stop > start, bytes[stop - 1] == UInt8(ascii: "\r") { stop -= 1 }
        var at = start
        while at < stop {
            if bytes[at] == delimiter {
                try append(trimmed(bytes, start, at))
                start = at + 1
            }
            at += 1
        }
        try append(trimmed(bytes, start, stop))
        rowStart = block.position
        rowCount = min(stop - rowStart, 4_096)
        block.position = end + 1
        currentLine += 1
        return true
    }

    /// A range without the spaces at its ends.
    @inline(__always)
    private func trimmed(_ bytes: UnsafeMutablePointer<UInt8>, _ start: Int, _ end: Int) -> Cell {
        var cell = Cell(start: start, end: end)
        while cell.start < cell.end, isBlank(bytes[cell.start]) { cell.start += 1 }
        while cell.start < cell.end, isBlank(bytes[cell.end - 1]) { cell.end -= 1 }
        return cell
    }

    @inline(__always)
    private func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (byte == UInt8(ascii: "\t") && delimiter != byte)
    }

    @inline(__always)
    private func append(_ cell: Cell) throws {
        if cellCount == capacity { try grow() }
        cells[cellCount] = cell
        cellCount += 1
    }

    private func grow() throws {
        guard cellCount < Self.mostCells else { throw fault("it has more than \(Self.mostCells) cells") }
        let larger = UnsafeMutablePointer<Cell>.allocate(capacity: 2 * capacity)
        larger.update(from: cells, count: cellCount)
        cells.deallocate()
        cells = larger
        capacity *= 2
    }

    // MARK: - Any row

    /// Cuts the row at the block's position, with quotes or without. False if its end is not in the block; no
    /// cell at the end of the file.
    private func cutQuoted() throws -> Bool {
        cellCount = 0
        hasQuotes = false
        var doubled: [Int] = []
        var at = block.position
        var lines = currentLine
        if at == block.filled { return block.isAtEnd }
        while true {
            skipBlanks(&at)
            if at < block.filled, block.bytes[at] == UInt8(ascii: "\"") {
                guard try takeQuoted(&at, &lines, &doubled) else { return false }
            } else {
                let start = at
                while at < block.filled, !endsCell(block.bytes[at]) { at += 1 }
                try append(trimmed(block.bytes, start, at))
            }
            if delimiter == UInt8(ascii: " ") { skipBlanks(&at) }
            guard at < block.filled else {
                if !block.isAtEnd { return false }
                break
            }
            let byte = block.bytes[at]
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                guard at + 1 < block.filled || block.isAtEnd else { return false }
                at += 1
                if byte == UInt8(ascii: "\r"), at < block.filled, block.bytes[at] == UInt8(ascii: "\n") {
                    at += 1
                }
                break
            }
            if byte == delimiter { at += 1 }
        }
        if let zero = block.zero(before: at) {
            let column = (0..<cellCount).first { cells[$0].end > zero } ?? cellCount - 1
            throw fault(Self.zeroByte, column: column + 1)
        }
        for index in doubled { undouble(index) }
        rowStart = block.position
        rowCount = min(at - rowStart, 4_096)
        block.position = at
        currentLine = lines + 1
        return true
    }

    @inline(__always)
    private func endsCell(_ byte: UInt8) -> Bool {
        byte == delimiter || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
            || (delimiter == UInt8(ascii: " ") && byte == UInt8(ascii: "\t"))
    }

    private func skipBlanks(_ at: inout Int) {
        while at < block.filled, isBlank(block.bytes[at]) { at += 1 }
    }

    /// Takes a cell in quotes. False if its end is not in the block.
    private func takeQuoted(_ at: inout Int, _ lines: inout Int, _ doubled: inout [Int]) throws -> Bool {
        let opening = lines
        hasQuotes = true
        at += 1
        let start = at
        while true {
            guard at < block.filled else {
                if !block.isAtEnd { return false }
                throw fault("the quote that opens in line \(opening) is never closed")
            }
            let byte = block.bytes[at]
            at += 1
            if byte == UInt8(ascii: "\n") { lines += 1 }
            guard byte == UInt8(ascii: "\"") else { continue }
            guard at < block.filled || block.isAtEnd else { return false }
            guard at < block.filled, block.bytes[at] == UInt8(ascii: "\"") else { break }
            at += 1
            if doubled.last != cellCount { doubled.append(cellCount) }
        }
        let end = at - 1
        skipBlanks(&at)
        if at < block.filled, !endsCell(block.bytes[at]), delimiter != UInt8(ascii: " ") {
            throw fault("text follows the closing quote of a cell")
        }
        try append(Cell(start: start, end: end))
        return true
    }

    /// Makes one quote of each two in a cell.
    private func undouble(_ index: Int) {
        var to = cells[index].start
        var from = to
        while from < cells[index].end {
            block.bytes[to] = block.bytes[from]
            if block.bytes[from] == UInt8(ascii: "\"") { from += 1 }
            from += 1
            to += 1
        }
        cells[index].end = to
    }

    // MARK: - Faults

    private static let zeroByte =
        "it holds a zero byte, so it is no text in UTF-8 (text in UTF-16 needs its byte order mark: save the"
        + " file as UTF-8)"

    private func fault(_ text: String, column: Int? = nil) -> DatasetError {
        DatasetError(
            "`\(name)`, line \(line), column \(column ?? cellCount + 1): \(text); correct the file, or its"
                + " `delimiter`")
    }
}
