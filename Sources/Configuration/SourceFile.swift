import Platform

/// A configuration text and its origin, so that every value can name its position.
package final class SourceFile: Sendable {
    /// The origin of a text, which decides how a diagnostic shows it.
    package enum Origin: Sendable {
        case file
        /// One `--set path=value` of the command line.
        case commandLine
    }

    /// The name in diagnostics: a path, or `--set`.
    package let name: String
    package let origin: Origin
    /// The bytes as they were read; `JSON5.parse` checks that they are UTF-8.
    package let text: [UInt8]
    /// The offset of each line's first byte.
    private let lineStarts: [Int]

    package init(name: String, text: [UInt8], origin: Origin = .file) {
        self.name = name
        self.text = text
        self.origin = origin
        self.lineStarts = Self.lineStarts(of: text)
    }

    package convenience init(name: String, text: String, origin: Origin = .file) {
        self.init(name: name, text: Array(text.utf8), origin: origin)
    }

    /// Reads a whole file.
    /// - Parameter limit: the largest size in bytes.
    /// - Throws: `SourceFileError` if the file cannot be read or is larger.
    package convenience init(contentsOf path: String, limit: Int = JSON5.Limits.standard.bytes)
        throws(SourceFileError)
    {
        guard let stream = fopen(path, "rbe") else {
            throw SourceFileError(path: path, reason: .system(errno))
        }
        defer { fclose(stream) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, stream)
            if count == 0 { break }
            guard text.count + count <= limit else {
                throw SourceFileError(path: path, reason: .tooLarge(limit: limit))
            }
            text.append(contentsOf: chunk[..<count])
        }
        guard ferror(stream) == 0 else {
            throw SourceFileError(path: path, reason: .system(errno))
        }
        self.init(name: path, text: text)
    }

    /// The number of the line that holds `offset`, counted from 1.
    func lineNumber(at offset: Int) -> Int { lineIndex(at: offset) + 1 }

    /// The line and column of `offset`, both counted from 1; a column is one Unicode scalar. `offset` may be
    /// the end of the text.
    package func position(at offset: Int) -> SourcePosition {
        let line = lineIndex(at: offset)
        let before = text[lineStarts[line]..<min(offset, text.count)]
        return SourcePosition(line: line + 1, column: before.count { $0 & 0xC0 != 0x80 } + 1)
    }

    /// The byte range of the line that holds `offset`, without its line end.
    package func lineOffsets(at offset: Int) -> Range<Int> {
        let line = lineIndex(at: offset)
        let start = lineStarts[line]
        var end = line + 1 < lineStarts.count ? lineStarts[line + 1] : text.count
        while end > start, text[end - 1] == UInt8(ascii: "\n") || text[end - 1] == UInt8(ascii: "\r") {
            end -= 1
        }
        return start..<end
    }

    /// The index of the last line that starts at or before `offset`.
    private func lineIndex(at offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// Finds the lines as editors count them: they end with LF, CR LF, or CR alone.
    private static func lineStarts(of text: [UInt8]) -> [Int] {
        var starts = [0]
        for (offset, byte) in text.enumerated() {
            if byte == UInt8(ascii: "\n") {
                starts.append(offset + 1)
            } else if byte == UInt8(ascii: "\r"),
                offset + 1 == text.count || text[offset + 1] != UInt8(ascii: "\n")
            {
                starts.append(offset + 1)
            }
        }
        return starts
    }
}

/// A line and a column of a file, both counted from 1.
package struct SourcePosition: Sendable, Equatable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// A part of a source text, as a range of byte offsets.
package struct SourceRange: Sendable {
    package let file: SourceFile
    package let offsets: Range<Int>

    package init(file: SourceFile, offsets: Range<Int>) {
        self.file = file
        self.offsets = offsets
    }

    /// The position of its first byte.
    package var start: SourcePosition { file.position(at: offsets.lowerBound) }

    /// The text in the range.
    package var text: String { String(decoding: file.text[offsets], as: UTF8.self) }
}

/// The error of a configuration file that cannot be read at all.
package struct SourceFileError: Error, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        case system(Int32)
        case tooLarge(limit: Int)
    }

    package let path: String
    package let reason: Reason

    package var description: String {
        switch reason {
        case .system(let code):
            "cannot read \(ForPeople.quoted(path)): \(String(cString: strerror(code)));"
                + " check the path and its permissions"
        case .tooLarge(let limit):
            "\(ForPeople.quoted(path)) has more than \(limit) bytes, which is no configuration;"
                + " check the path"
        }
    }
}
