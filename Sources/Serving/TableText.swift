import Datasets

/// Rows of a table that come as JSON, written as the text of a table: a cell is then read by the rules that
/// hold for files.
struct TableText {
    private let columns: [String]
    private let places: [String: Int]
    /// Columns that a row may have and that are not read.
    private let targets: Set<String>
    private let missing: String?
    let format: CSVFormat
    private(set) var bytes: [UInt8] = []
    private(set) var count = 0

    init(_ table: TableEncoding) {
        columns = table.columns.map(\.name)
        places = Dictionary(columns.enumerated().map { ($1, $0) }, uniquingKeysWith: { one, _ in one })
        targets = Set(table.target.columns)
        missing = table.format.missing.first
        format = CSVFormat(missing: table.format.missing)
        append(columns.map { Self.quoted($0) })
    }

    private mutating func append(_ cells: [[UInt8]]) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += cell
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Reads a row: a list in the order of the columns, or an object.
    mutating func read(_ reader: inout JSONReader) throws(RequestFault) {
        if reader.take("{") { append(try object(&reader)) } else { append(try list(&reader)) }
        count += 1
    }

    private func list(_ reader: inout JSONReader) throws(RequestFault) -> [[UInt8]] {
        try reader.require("[", "or `{` of a row")
        var cells: [[UInt8]] = []
        repeat {
            guard cells.count < columns.count else { throw wrongCount(reader, "more than \(cells.count)") }
            cells.append(try cell(&reader))
        } while try reader.another(or: "]")
        guard cells.count == columns.count else { throw wrongCount(reader, "\(cells.count)") }
        return cells
    }

    private func wrongCount(_ reader: JSONReader, _ found: String) -> RequestFault {
        reader.fault(
            "inputs[\(count)] has \(found) cells, expected \(columns.count): \(Self.listed(columns))")
    }

    private func object(_ reader: inout JSONReader) throws(RequestFault) -> [[UInt8]] {
        var cells = [[UInt8]?](repeating: nil, count: columns.count)
        guard !reader.take("}") else { throw missingColumn(reader, columns[0]) }
        repeat {
            let name = try reader.string()
            try reader.require(":", "behind a name")
            guard let place = places[name] else {
                guard targets.contains(name) else { throw unknown(reader, name) }
                try reader.skip()
                continue
            }
            guard cells[place] == nil else { throw reader.fault("inputs[\(count)] has a column twice") }
            cells[place] = try cell(&reader)
        } while try reader.another(or: "}")
        if let place = cells.firstIndex(where: { $0 == nil }) { throw missingColumn(reader, columns[place]) }
        return cells.compactMap { $0 }
    }

    private func missingColumn(_ reader: JSONReader, _ name: String) -> RequestFault {
        reader.fault("inputs[\(count)] has no column \(Self.shown(name)); give it, or null")
    }

    private func unknown(_ reader: JSONReader, _ name: String) -> RequestFault {
        reader.fault(
            "inputs[\(count)] has a column \(Self.shown(name)), which the training data have not; the"
                + " columns are \(Self.listed(columns))")
    }

    private static func shown(_ name: String) -> String { "`\(name.prefix(60))`" }

    private static func listed(_ names: [String]) -> String {
        names.prefix(20).map(shown).joined(separator: ", ") + (names.count > 20 ? ", …" : "")
    }

    /// Reads a cell: a number as it is written, a text, or null for a missing one.
    private func cell(_ reader: inout JSONReader) throws(RequestFault) -> [UInt8] {
        switch reader.next() {
        case UInt8(ascii: "\""): return Self.quoted(try reader.string())
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return Array(try reader.word().utf8)
        case UInt8(ascii: "n"):
            _ = try reader.word()
            guard let missing else { throw reader.fault("no cell may be missing here; complete it") }
            return Self.quoted(missing)
        default: return Array(try reader.number())
        }
    }

    private static func quoted(_ text: String) -> [UInt8] {
        var cell: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") { cell.append(byte) }
            cell.append(byte)
        }
        cell.append(UInt8(ascii: "\""))
        return cell
    }
}
