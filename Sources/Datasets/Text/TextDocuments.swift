import System

/// The documents of a text source, as bytes.
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
    }

    /// At least one.
    private(set) var documents: [Document] = []
    /// True if a token must end each document.
    private(set) var needsEnds = false

    /// - Throws: `DatasetError` or `SystemError` if the files cannot be read.
    init(_ data: TextData) throws {
        if let column = data.column {
            try readTable(data.path, text: column, label: data.target)
        } else if data.field != nil || data.prompt != nil {
            try readLines(data)
            needsEnds = true
        } else if Directory.isDirectory(data.path) {
            let names = try Directory.list(data.path).filter { $0.hasSuffix(".txt") }.sorted()
            guard !names.isEmpty else {
                throw DatasetError("`\(data.path)` has no files *.txt; give a text, or a directory of texts")
            }
            for name in names { try readFile(Path.join(data.path, name)) }
            needsEnds = documents.count > 1
        } else {
            try readFile(data.path)
        }
        guard !documents.isEmpty else { throw DatasetError("`\(data.path)` has no text") }
    }

    /// Some of the documents.
    func selecting(_ indices: [Int]) -> TextDocuments {
        var selected = self
        selected.documents = indices.map { documents[$0] }
        return selected
    }

    private mutating func readFile(_ path: String) throws {
        let file = try TextFile(path)
        documents.append(
            Document(
                text: file.bytes, prompt: UnsafeBufferPointer(rebasing: file.bytes[..<0]), label: nil,
                place: "`\(path)`", owner: file))
    }

    // MARK: JSON lines

    private mutating func readLines(_ data: TextData) throws {
        let file = try TextFile(data.path)
        var (start, line) = (0, 0)
        while start < file.bytes.count {
            let end = file.bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? file.bytes.count
            let row = UnsafeBufferPointer(rebasing: file.bytes[start..<end])
            (start, line) = (end + 1, line + 1)
            if row.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { continue }
            let place = "`\(data.path)`, line \(line)"
            let value = try JSONTree(row, name: place)
            func text(_ name: String) throws -> [UInt8] {
                guard let text = value[name]?.bytes else {
                    throw DatasetError("\(place): there is no text `\(name)`")
                }
                return text
            }
            if let field = data.field {
                add(try text(field), prompt: [], label: nil, place)
            } else if let prompt = data.prompt {
                add(try text(data.answer ?? "answer"), prompt: try text(prompt), label: nil, place)
            }
        }
    }

    // MARK: CSV

    private mutating func readTable(_ path: String, text: String, label: String?) throws {
        let table = try TableFile(path: path, format: CSVFormat())
        let (textColumn, labelColumn) = (try table.index(of: text), try label.map { try table.index(of: $0) })
        while try table.next() {
            let name = try labelColumn.map { try table.text($0) }
            add(
                Array(table.reader.cell(textColumn)), prompt: [], label: name,
                "`\(path)`, line \(table.reader.line)")
        }
    }

    private mutating func add(_ text: [UInt8], prompt: [UInt8], label: String?, _ place: String) {
        let memory = AlignedBytes(count: max(1, prompt.count + text.count))
        memory.bytes.copyBytes(from: prompt + text)
        let bytes = UnsafeBufferPointer(memory.bytes.bindMemory(to: UInt8.self))
        documents.append(
            Document(
                text: UnsafeBufferPointer(rebasing: bytes[prompt.count..<(prompt.count + text.count)]),
                prompt: UnsafeBufferPointer(rebasing: bytes[..<prompt.count]), label: label, place: place,
                owner: memory))
    }
}
