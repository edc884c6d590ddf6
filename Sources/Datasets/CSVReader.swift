import System

/// Reads a CSV file (plain or gzip) row by row. It keeps one row in memory.
final class CSVReader {
    /// The file's name in messages.
    let name: String
    /// The line on which the current row begins, counted from 1.
    private(set) var line = 0
    /// The cells of the current row without their quotes, one after the other.
    private var text: [UInt8] = []
    /// The end of each cell in `text`.
    private var ends: [Int] = []

    private let source: ByteSource
    private let delimiter: UInt8
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private var position = 0
    private var filled = 0
    private var currentLine = 1
    private var rowHasQuotes = false

    /// Bytes of the longest row; a longer one is taken for an unclosed quote.
    private static let longestRow = 1 << 24
    private static let mostCells = 1 << 20

    init(path: String, delimiter: UInt8) throws {
        name = path
        self.delimiter = delimiter
        source = try ByteSource(path: path)
        try refill()
        if buffer[..<filled].starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        if buffer[..<filled].starts(with: [0xFF, 0xFE]) || buffer[..<filled].starts(with: [0xFE, 0xFF]) {
            throw DatasetError("`\(name)` is text in UTF-16; save it as UTF-8")
        }
    }

    /// Cells of the current row.
    var cellCount: Int { ends.count }

    /// Calls `body` with the bytes of a cell of the current row.
    @inline(__always)
    func withCell<Result>(_ index: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows
        -> Result
    {
        let start = index == 0 ? 0 : ends[index - 1]
        let end = ends[index]
        return try text.withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[start..<end])) }
    }

    /// Returns a cell as text.
    /// - Throws: `DatasetError` if it is not UTF-8.
    func cell(_ index: Int) throws -> String {
        let start = index == 0 ? 0 : ends[index - 1]
        guard let cell = String(validating: text[start..<ends[index]], as: UTF8.self) else {
            throw DatasetError(
                "`\(name)`, line \(line), column \(index + 1): the cell is not text in UTF-8;"
                    + " save the file as UTF-8")
        }
        return cell
    }

    /// Reads the next row that is not blank. False at the end of the file.
    func nextRow() throws -> Bool {
        while try peek() != nil {
            text.removeAll(keepingCapacity: true)
            ends.removeAll(keepingCapacity: true)
            rowHasQuotes = false
            line = currentLine
            repeat { try readCell() } while try takeDelimiter()
            if cellCount > 1 || !text.isEmpty || rowHasQuotes { return true }
        }
        return false
    }

    private func readCell() throws {
        guard ends.count < Self.mostCells else { throw fault("it has more than \(Self.mostCells) cells") }
        try skipSpaces()
        if try peek() == UInt8(ascii: "\"") {
            try readQuoted()
        } else {
            let start = text.count
            while let byte = try peek(), byte != delimiter, byte != UInt8(ascii: "\n"),
                byte != UInt8(ascii: "\r")
            { try append(byte) }
            while text.count > start, text.last == UInt8(ascii: " ") || text.last == UInt8(ascii: "\t") {
                text.removeLast()
            }
        }
        ends.append(text.count)
    }

    private func readQuoted() throws {
        let start = currentLine
        rowHasQuotes = true
        position += 1
        while true {
            guard let byte = try peek() else {
                throw fault("the quote that opens in line \(start) is never closed")
            }
            if byte != UInt8(ascii: "\"") {
                if byte == UInt8(ascii: "\n") { currentLine += 1 }
                try append(byte)
                continue
            }
            position += 1
            guard try peek() == UInt8(ascii: "\"") else { break }
            try append(byte)
        }
        try skipSpaces()
        switch try peek() {
        case nil, delimiter, UInt8(ascii: "\n"), UInt8(ascii: "\r"): return
        default: throw fault("text follows the closing quote of a cell")
        }
    }

    private func skipSpaces() throws {
        while let byte = try peek(),
            byte == UInt8(ascii: " ") || (byte == UInt8(ascii: "\t") && delimiter != byte)
        { position += 1 }
    }

    private func append(_ byte: UInt8) throws {
        guard byte != 0 else { throw fault("it holds a zero byte, so it is no text") }
        guard text.count < Self.longestRow else {
            throw fault("it is longer than \(TextFormat.bytes(Self.longestRow)); is a quote not closed?")
        }
        text.append(byte)
        position += 1
    }

    /// Skips the delimiter or the line end after a cell. True if another cell of this row follows.
    private func takeDelimiter() throws -> Bool {
        guard let byte = try peek() else { return false }
        position += 1
        if byte == delimiter { return true }
        currentLine += 1
        if byte == UInt8(ascii: "\r"), try peek() == UInt8(ascii: "\n") { position += 1 }
        return false
    }

    @inline(__always)
    private func peek() throws -> UInt8? {
        if position == filled { try refill() }
        return position < filled ? buffer[position] : nil
    }

    private func refill() throws {
        position = 0
        filled = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
    }

    private func fault(_ text: String) -> DatasetError {
        DatasetError(
            "`\(name)`, line \(line), column \(cellCount + 1): \(text); correct the file, or its `delimiter`")
    }
}
