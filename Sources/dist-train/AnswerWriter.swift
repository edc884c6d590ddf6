import Configuration
import Platform
import System

/// Writes lines of answers as CSV or as JSON objects; numbers in the shortest form that reads back as the
/// same Float.
final class AnswerWriter {
    private let path: String?
    private let file: FileWriter?
    private let isJSON: Bool
    private var columns: [String] = []
    private var text = ""

    /// - Parameter path: nil is the standard output. A file appears under its name once it is complete.
    init(_ path: String?, isJSON: Bool) throws {
        (self.path, self.isJSON) = (path, isJSON)
        file = try path.map { try FileWriter("\($0).tmp-\(getpid())") }
    }

    deinit {
        if let file { unlink(file.path) }  // which has its own name by then, unless something went wrong
    }

    func begin(_ columns: [String]) {
        self.columns = columns
        if !isJSON { text += columns.map(Self.quoted).joined(separator: ",") + "\n" }
    }

    func add(_ cells: [Answers.Cell]) {
        if isJSON {
            let members = zip(columns, cells).map { column, cell in "\(Self.json(column)):\(Self.json(cell))"
            }
            text += "{\(members.joined(separator: ","))}\n"
        } else {
            text +=
                cells.map { cell in
                    switch cell {
                    case .text(let text): Self.quoted(text)
                    case .number(let number): number.description
                    case .integer(let number): "\(number)"
                    }
                }.joined(separator: ",") + "\n"
        }
    }

    /// Hands on what there is; false if nobody wants more of it.
    func flush() throws -> Bool {
        let bytes = Array(text.utf8)
        text.removeAll(keepingCapacity: true)
        if let file {
            try file.write(bytes)
            return true
        }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(
                    STDOUT_FILENO, UnsafeRawBufferPointer(rebasing: $0[done...]).baseAddress,
                    bytes.count - done)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                if errno == EPIPE { return false }
                throw SystemError(cannot: "write the standard output")
            }
            done += count
        }
        return true
    }

    func finish() throws {
        guard let file, let path else { return }
        _ = try file.finish()
        guard rename(file.path, path) == 0 else { throw SystemError(cannot: "write", path) }
    }

    /// RFC 4180.
    private static func quoted(_ cell: String) -> String {
        guard
            cell.utf8.contains(where: { [UInt8(ascii: ","), UInt8(ascii: "\""), 10, 13].contains($0) })
                || cell.first == " "
        else {
            return cell
        }
        return "\"" + cell.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
            + "\""
    }

    private static func json(_ text: String) -> String { ConfigValue.string(text).compactJSON() }

    private static func json(_ cell: Answers.Cell) -> String {
        switch cell {
        case .text(let text): json(text)
        case .number(let number): number.isFinite ? number.description : "null"
        case .integer(let number): "\(number)"
        }
    }
}
