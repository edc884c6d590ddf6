import Configuration
import Platform
import Runs
import System

/// Writes rows of predictions to a file or to standard output. Numbers have the shortest form that reads back
/// as the same Float. A file appears under its name once it is complete.
///
/// Call `begin` once, `add` for every row with a `flush` from time to time, and `finish` behind the last one.
package final class PredictionWriter {
    package enum Format: String {
        /// Comma-separated values as in RFC 4180, with the columns in the first line.
        case csv
        /// A JSON object per line. Numbers that are not finite are null.
        case jsonl
    }

    private let path: String?
    /// Writes beside `path`; nil for standard output.
    private let file: FileWriter?
    private let format: Format
    private var columns: [String] = []
    /// The lines that are not written yet.
    private var text = ""

    /// - Parameter path: nil for standard output.
    /// - Throws: `SystemError` if the file cannot be created.
    package init(path: String?, format: Format) throws {
        self.path = path
        self.format = format
        file = try path.map { try FileWriter("\($0).tmp-\(getpid())") }
    }

    deinit {
        // After `finish` there is no file of this name any more.
        if let file { unlink(file.path) }
    }

    package func begin(_ columns: [String]) {
        self.columns = columns
        if format == .csv { text += columns.map(Self.quoted).joined(separator: ",") + "\n" }
    }

    /// - Parameter cells: one for each column.
    package func add(_ cells: [PredictionRows.Cell]) {
        switch format {
        case .csv: text += cells.map(Self.csv).joined(separator: ",") + "\n"
        case .jsonl:
            let members = zip(columns, cells).map { "\(Self.json($0)):\(Self.json($1))" }
            text += "{\(members.joined(separator: ","))}\n"
        }
    }

    /// Writes what was added; returns false if nobody reads standard output any more.
    package func flush() throws -> Bool {
        let bytes = Array(text.utf8)
        text.removeAll(keepingCapacity: true)
        guard let file else { return try StandardOutput.write(bytes) }
        try file.write(bytes)
        return true
    }

    /// Gives a complete file its name.
    package func finish() throws {
        guard let file, let path else { return }
        _ = try file.finish()
        guard rename(file.path, path) == 0 else { throw SystemError(cannot: "write", path) }
    }

    // MARK: Cells

    private static func csv(_ cell: PredictionRows.Cell) -> String {
        switch cell {
        case .text(let text): quoted(text)
        case .number(let number): number.description
        case .double(let number): number.description
        case .integer(let number): "\(number)"
        }
    }

    private static let specialBytes = Array(",\"\r\n".utf8)

    private static func quoted(_ text: String) -> String {
        let text = isFormula(text) ? "'" + text : text
        guard text.utf8.contains(where: specialBytes.contains) || text.first == " " else { return text }
        let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
        return "\"\(parts.joined(separator: "\"\""))\""
    }

    /// Whether a spreadsheet would compute the text, or start a program by it, instead of showing it.
    private static func isFormula(_ text: String) -> Bool {
        guard let first = text.utf8.first else { return false }
        return first == UInt8(ascii: "=")
            || ("+-@\t".utf8.contains(first) && text.utf8.contains { "(|".utf8.contains($0) })
    }

    private static func json(_ text: String) -> String { ConfigValue.string(text).compactJSON() }

    private static func json(_ cell: PredictionRows.Cell) -> String {
        switch cell {
        case .text(let text): json(text)
        case .number(let number): number.isFinite ? number.description : "null"
        case .double(let number): number.isFinite ? number.description : "null"
        case .integer(let number): "\(number)"
        }
    }
}
