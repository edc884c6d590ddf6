import System

/// The documents of a text source, as bytes. Lines of JSON are taken apart when they are asked for, so that a
/// large file is never in memory as a whole.
struct TextDocuments {
    struct Document {
        /// UTF-8, as long as the document lives.
        let text: UnsafeBufferPointer<UInt8>
        /// The same for what is given before the text; empty for most.
        let prompt: UnsafeBufferPointer<UInt8>
        let label: String?
        /// The file and line for messages.
        let place: String
        fileprivate let owner: AnyObject

        /// Gives the memory of the text's first bytes back, if the text is a file.
        func release(_ count: Int) { (owner as? TextFile)?.release(count) }
    }

    private enum Entry {
        case ready(Document)
        case line(Range<Int>, number: Int)
    }

    /// At least one.
    private var entries: [Entry] = []
    /// JSON lines.
    private var lines: TextFile?
    private let data: TextData
    /// True if a token must end each document.
    private(set) var needsEnds = false

    /// - Throws: `DatasetError` or `SystemError` if the files cannot be read.
    init(_ data: TextData) throws {
        self.data = data
        if let column = data.column {
            try readTable(data.path, text: column, label: data.target)
        } else if data.field != nil || data.prompt != nil {
            try findLines()
            needsEnds = true
        } else {
            for path in try Self.files(data) { try readFile(path) }
            needsEnds = entries.count > 1
        }
        guard !entries.isEmpty else { throw DatasetError("`\(data.path)` has no text") }
    }

    /// The files of a source, in the order in which they are read.
    /// - Throws: `DatasetError` or `SystemError` if a directory has none, or cannot be read.
    static func files(_ data: TextData) throws -> [String] {
        guard data.field == nil, data.prompt == nil, data.column == nil, Directory.isDirectory(data.path)
        else { return [data.path] }
        let names = try Directory.list(data.path).filter { $0.hasSuffix(".txt") }.sorted()
        guard !names.isEmpty else {
            throw DatasetError("`\(data.path)` has no files *.txt; give a text, or a directory of texts")
        }
        return names.map { Path.join(data.path, $0) }
    }

    var count: Int { entries.count }

    /// The classes of the documents; empty where they have none.
    var labels: [String] {
        entries.compactMap { if case .ready(let document) = $0 { document.label } else { nil } }
    }

    /// - Throws: `DatasetError` for a line that is no JSON, or does not have the text.
    func document(_ index: Int) throws -> Document {
        switch entries[index] {
        case .ready(let document): document
        case .line(let range, let number): try line(range, number)
        }
    }

    /// Calls `body` with one document after the other.
    func forEach(_ body: (Document) throws -> Void) throws {
        for index in 0..<count {
            try body(document(index))
            if case .line(let range, _) = entries[index], index % 4096 == 0 {
                lines?.release(range.lowerBound)
            }
        }
    }

    /// Some of the documents.
    func selecting(_ indices: [Int]) -> TextDocuments {
        var selected = self
        selected.entries = indices.map { entries[$0] }
        return selected
    }

    private mutating func readFile(_ path: String) throws {
        let file = try TextFile(path)
        entries.append(
            .ready(
                Document(
                    text: file.bytes, prompt: UnsafeBufferPointer(rebasing: file.bytes[..<0]), label: nil,
                    place: "`\(path)`", owner: file)))
    }

    // MARK: JSON lines

    /// Finds the lines that are not blank: a line of spaces and tabs has no document.
    private mutating func findLines() throws {
        let file = try TextFile(data.path)
        lines = file
        let bytes = file.bytes
        var (start, number) = (0, 0)
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            number += 1
            if !bytes[start..<end].allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) {
                entries.append(.line(start..<end, number: number))
            }
            if number % 65_536 == 0 { file.release(start) }
            start = end + 1
        }
    }

    private func line(_ range: Range<Int>, _ number: Int) throws -> Document {
        guard let lines else { preconditionFailure("lines are of a file") }
        let place = "`\(data.path)`, line \(number)"
        let value = try JSONTree(UnsafeBufferPointer(rebasing: lines.bytes[range]), name: place)
        func text(_ name: String) throws -> [UInt8] {
            guard let text = value[name]?.bytes else {
                throw DatasetError("\(place): there is no text `\(name)`")
            }
            return text
        }
        if let prompt = data.prompt {
            return Self.document(
                try text(data.answer ?? "answer"), prompt: try text(prompt), label: nil, place)
        }
        return Self.document(try text(data.field ?? "text"), prompt: [], label: nil, place)
    }

    // MARK: CSV

    private mutating func readTable(_ path: String, text: String, label: String?) throws {
        let table = try TableFile(path: path, format: CSVFormat())
        let (textColumn, labelColumn) = (try table.index(of: text), try label.map { try table.index(of: $0) })
        while try table.next() {
            let name = try labelColumn.map { try table.text($0) }
            entries.append(
                .ready(
                    Self.document(
                        Array(table.reader.cell(textColumn)), prompt: [], label: name,
                        "`\(path)`, line \(table.reader.line)")))
        }
    }

    private static func document(_ text: [UInt8], prompt: [UInt8], label: String?, _ place: String)
        -> Document
    {
        let memory = AlignedBytes(count: max(1, prompt.count + text.count))
        memory.bytes.copyBytes(from: prompt + text)
        let bytes = UnsafeBufferPointer(memory.bytes.bindMemory(to: UInt8.self))
        return Document(
            text: UnsafeBufferPointer(rebasing: bytes[prompt.count..<(prompt.count + text.count)]),
            prompt: UnsafeBufferPointer(rebasing: bytes[..<prompt.count]), label: label, place: place,
            owner: memory)
    }
}
