import System

/// The rows of a CSV file as samples without targets, encoded like the training table. The order of the
/// columns does not matter, and the target's column may be absent.
package final class TableRows: SampleBlocks {
    private var encoder: TableEncoder
    private let width: Int
    private let keepsNames: Bool
    private let note: (String) -> Void
    private let path: String

    /// - Parameters:
    ///   - names: columns whose cells name the samples; the model need not know them.
    ///   - note: called once if the table has columns that are of no use, and once at its end if rows were
    ///     left out.
    /// - Throws: `DatasetError` or `SystemError`.
    package convenience init(
        path: String, format: CSVFormat, encoding: TableEncoding, names: [String] = [],
        note: @escaping (String) -> Void
    ) throws {
        try self.init(
            TableFile(path: path, format: format), named: path, format: format, encoding: encoding,
            names: names,
            note: note)
    }

    /// Reads a table that is in memory and not compressed.
    ///
    /// - Parameters:
    ///   - bytes: must stay valid as long as this object is used.
    ///   - name: what messages call it.
    ///   - hasLines: whether messages tell the line.
    /// - Throws: `DatasetError`.
    package convenience init(
        _ bytes: UnsafeRawBufferPointer, named name: String, hasLines: Bool, format: CSVFormat,
        encoding: TableEncoding
    ) throws {
        guard !bytes.starts(with: [0x1F, 0x8B]) else {
            throw DatasetError("`\(name)` is compressed; send it unpacked")
        }
        let source = try ByteSource(bytes, name: name, owner: nil)
        try self.init(
            TableFile(source, format: format, hasLines: hasLines), named: name, format: format,
            encoding: encoding, names: [], note: { _ in })
    }

    private init(
        _ table: TableFile, named path: String, format: CSVFormat, encoding: TableEncoding, names: [String],
        note: @escaping (String) -> Void
    ) throws {
        if format.hasHeader {
            let known = Set(encoding.columns.map(\.name) + encoding.target.columns + names)
            let others = table.columns.filter { !known.contains($0) }
            if !others.isEmpty {
                let listed =
                    others.prefix(10).map { "`\($0)`" }.joined(separator: ", ")
                    + (others.count > 10 ? ", …" : "")
                note(
                    "`\(path)`: \(TextFormat.count(others.count, "column")) that the model does not use:"
                        + " \(listed)"
                )
            }
        }
        encoder = try TableEncoder(table, encoding, readsTargets: false, requiresTargets: false, names: names)
        width = encoding.width
        keepsNames = !names.isEmpty
        self.note = note
        self.path = path
    }

    package func next(limit: Int) throws -> SampleBlock? {
        encoder.removeAll()
        guard try encoder.read(limit: limit) > 0 else {
            if encoder.leftOut > 0 {
                note(
                    "`\(path)`: \(TextFormat.count(encoder.leftOut, "row")) with missing cells left out, as"
                        + " in the training (on_missing: \"drop\"): there is no line for them"
                        + (keepsNames ? "" : "; --keep COLUMN copies a column that tells the lines apart"))
            }
            return nil
        }
        let dataset = try encoder.dataset(width: width)
        return SampleBlock(
            dataset: dataset, samples: 0..<dataset.count, names: keepsNames ? encoder.names : nil)
    }
}
