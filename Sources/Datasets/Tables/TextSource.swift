import System

/// The text of a plain or gzip file as UTF-8, read piece by piece. A byte order mark is left out; UTF-16 is
/// converted if its mark says so.
final class TextSource {
    /// The file's name in messages.
    let name: String

    private enum Kind {
        case utf8
        case utf16(isBigEndian: Bool)
    }

    private let source: ByteSource
    private let kind: Kind
    /// Bytes of the file that are read and not yet handed on.
    private var pending: [UInt8] = []

    /// - Throws: `DatasetError` for UTF-32.
    init(_ source: ByteSource) throws {
        name = source.name
        self.source = source
        var start = [UInt8](repeating: 0, count: 4)
        let count = try start.withUnsafeMutableBytes { try source.read(into: $0) }
        start.removeLast(start.count - count)
        if start == [0xFF, 0xFE, 0, 0] || start == [0, 0, 0xFE, 0xFF] {
            throw DatasetError("`\(name)` is text in UTF-32; save it as UTF-8")
        }
        if start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]) {
            kind = .utf16(isBigEndian: start[0] == 0xFE)
            pending = Array(start.dropFirst(2))
        } else {
            kind = .utf8
            pending = start.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(start.dropFirst(3)) : start
        }
    }

    /// Opens a file that is to be a table.
    /// - Throws: `DatasetError` for a file of another program or UTF-32, or `SystemError` if the file cannot
    ///   be opened.
    convenience init(path: String) throws {
        let source = try ByteSource(path: path)
        if let other = ForeignFile.inPlaceOfTable(path) {
            throw DatasetError("`\(path)` \(other.fault), no text with delimiters; \(other.cure)")
        }
        try self.init(source)
    }

    /// Writes the next bytes of the text to `output`, which has room for 16 or more. Returns their number; 0
    /// at the end.
    /// - Throws: `DatasetError` if the file is damaged.
    func read(into output: UnsafeMutableRawBufferPointer) throws -> Int {
        guard case .utf16(let isBigEndian) = kind else {
            let count = min(pending.count, output.count)
            output.copyBytes(from: pending[..<count])
            pending.removeFirst(count)
            return count + (try source.read(into: UnsafeMutableRawBufferPointer(rebasing: output[count...])))
        }
        return try convert(into: output, isBigEndian)
    }

    /// Converts UTF-16: a unit becomes at most three bytes.
    private func convert(into output: UnsafeMutableRawBufferPointer, _ isBigEndian: Bool) throws -> Int {
        let wanted = max(2, output.count / 3 / 2 * 2)
        var bytes = pending + [UInt8](repeating: 0, count: wanted)
        let known = pending.count
        let count = try bytes.withUnsafeMutableBytes {
            try source.read(
                into: UnsafeMutableRawBufferPointer(rebasing: $0[known...].prefix(wanted - known)))
        }
        bytes.removeLast(bytes.count - known - count)
        var units = stride(from: 0, to: bytes.count / 2 * 2, by: 2).map { index in
            UInt16(bytes[index + (isBigEndian ? 0 : 1)]) << 8 | UInt16(bytes[index + (isBigEndian ? 1 : 0)])
        }
        pending = Array(bytes[(units.count * 2)...])
        let isAtEnd = known + count < wanted
        // The first half of a pair waits for the second one.
        if !isAtEnd, let last = units.last, last & 0xFC00 == 0xD800 {
            units.removeLast()
            pending = Array(bytes[(units.count * 2)...])
        }
        if isAtEnd, !pending.isEmpty {
            throw DatasetError("`\(name)` is text in UTF-16 that ends within a character; copy it again")
        }
        let text = String(decoding: units, as: UTF16.self)
        output.copyBytes(from: text.utf8)
        return text.utf8.count
    }
}
