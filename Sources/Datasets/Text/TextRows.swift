import System

/// Texts as samples without targets, encoded as those of an earlier training: a column of a CSV file, or the
/// lines of a text.
package final class TextRows: SampleBlocks {
    private enum Source {
        case table(TableFile, text: Int, names: [Int])
        case lines(TextFile)
    }

    private let source: Source
    private let path: String
    private let context: Int
    private var encoder: Tokenizer.Encoder
    private let note: (String) -> Void
    /// The next byte and the line before it, in the lines of a text.
    private var (start, line) = (0, 0)
    /// Texts that were read, and those of them that have more tokens than the model reads.
    private var (count, cut) = (0, 0)

    /// - Parameters:
    ///   - path: a CSV file by its name (`.csv`, `.csv.gz`), or else a text with one sample on each line.
    ///   - column: the table's column with the texts.
    ///   - context: tokens that are read of a text, at most.
    ///   - names: columns of the table whose cells name the samples.
    ///   - note: called once, at the end, if texts were cut.
    /// - Throws: `DatasetError` or `SystemError`.
    package init(
        path: String, column: String, tokenizer: Tokenizer, context: Int, names: [String] = [],
        note: @escaping (String) -> Void
    ) throws {
        let isTable = [".csv", ".csv.gz"].contains(where: path.lowercased().hasSuffix)
        if isTable {
            let table = try TableFile(path: path, format: CSVFormat())
            source = .table(
                table, text: try table.index(of: column), names: try names.map { try table.index(of: $0) })
        } else {
            guard names.isEmpty else {
                throw DatasetError(
                    "`\(path)` has lines and no columns; leave out --keep, or give a .csv file")
            }
            source = .lines(try TextFile(path))
        }
        (self.path, self.context, self.note) = (path, context, note)
        encoder = Tokenizer.Encoder(tokenizer)
    }

    package func next(limit: Int) throws -> SampleBlock? {
        var (stream, samples) = ([Int32](), [StreamSample]())
        var names: [[String]] = []
        while samples.count < limit, let row = try nextRow() {
            let tokens = try tokens(of: row)
            if tokens.count > context { cut += 1 }
            samples.append(StreamSample(start: stream.count, length: min(context, tokens.count)))
            stream += tokens.prefix(context)
            names.append(row.names)
        }
        count += samples.count
        guard !samples.isEmpty else {
            if cut > 0 {
                note(
                    "\(cut) of \(TextFormat.count(count, "text")) in `\(path)` have more than \(context)"
                        + " tokens, of which the model reads the first \(context)")
            }
            return nil
        }
        let dataset = try Dataset.texts(stream, samples, encoder.tokenizer, context: context)
        let hasNames = names.contains { !$0.isEmpty }
        return SampleBlock(dataset: dataset, samples: 0..<dataset.count, names: hasNames ? names : nil)
    }

    // MARK: Rows

    private struct Row {
        /// UTF-8, valid until the next row is read.
        let text: UnsafeBufferPointer<UInt8>
        let names: [String]
        let line: Int
    }

    private func nextRow() throws -> Row? {
        switch source {
        case .table(let table, let text, let names):
            guard try table.next() else { return nil }
            return Row(
                text: table.reader.cell(text), names: try names.map { try table.text($0) },
                line: table.reader.line)
        case .lines(let file):
            guard start < file.bytes.count else { return nil }
            let end = file.bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? file.bytes.count
            defer { start = end + 1 }
            line += 1
            let hasReturn = end > start && file.bytes[end - 1] == UInt8(ascii: "\r")
            return Row(
                text: UnsafeBufferPointer(rebasing: file.bytes[start..<(hasReturn ? end - 1 : end)]),
                names: [], line: line)
        }
    }

    private func tokens(of row: Row) throws -> [Int32] {
        let place = "`\(path)`, line \(row.line)"
        let tokens: [Int32]
        do { tokens = try encoder.encode(row.text, addsTemplate: true) } catch let error as DatasetError {
            throw DatasetError("\(place): \(error.description)")
        }
        guard !tokens.isEmpty else { throw DatasetError("\(place): the text has no tokens; remove the line") }
        return tokens
    }
}

extension Dataset {
    /// Token sequences of a tokenizer as samples without targets.
    /// - Throws: `DatasetError` if they do not fit into memory.
    package static func texts(
        _ tokens: [Int32], _ samples: [StreamSample], _ tokenizer: Tokenizer, context: Int
    ) throws -> Dataset {
        let form = DatasetForm(
            elementType: .ofTokens(tokenizer.vocabularySize), sampleShape: [context, 1],
            count: samples.count, targets: .absent,
            stream: StreamForm(
                positions: tokens.count, vocabulary: tokenizer.vocabularySize, index: .table))
        let store = try TokenStore(form.elementType, at: nil)
        try store.append(tokens)
        return try build(form, store, 0..<store.count, samples: samples, labels: [])
    }
}
