import System

extension Dataset {
    /// Makes a data set of tokens, in memory.
    static func build(
        _ form: DatasetForm, _ tokens: TokenStore, _ range: Range<Int>, samples: [StreamSample],
        labels: [Int32]
    ) throws -> Dataset {
        try Dataset.build(form, samples: samples) { features, targets in
            var offset = 0
            try tokens.read(range) { piece in
                UnsafeMutableRawBufferPointer(rebasing: features[offset..<offset + piece.count])
                    .copyMemory(from: piece)
                offset += piece.count
            }
            labels.withUnsafeBytes { targets.copyMemory(from: $0) }
        }
    }

    /// Writes the canonical form of a data set of tokens to a file, without having it in memory.
    /// - Throws: `DatasetError` or `SystemError`.
    static func write(
        _ form: DatasetForm, _ tokens: TokenStore, _ range: Range<Int>, samples: [StreamSample],
        labels: [Int32], to path: String
    ) throws -> DataCache.Name {
        let layout = try form.layout()
        let file = try FileWriter(path)
        let header = AlignedBytes(count: layout.features.lowerBound)
        writeHeader(form, layout, into: header.bytes)
        try file.write(UnsafeRawBufferPointer(header.bytes))
        try tokens.read(range) { try file.write($0) }
        func pad(to offset: Int) throws {
            try file.write([UInt8](repeating: 0, count: offset - file.byteCount))
        }
        try pad(to: layout.samples.lowerBound)
        let table = AlignedBytes(count: max(1, layout.samples.count))
        for (index, sample) in samples.enumerated() { sample.write(table.bytes, at: index) }
        try file.write(UnsafeRawBufferPointer(rebasing: table.bytes[..<layout.samples.count]))
        try pad(to: layout.targets.lowerBound)
        try labels.map(\.littleEndian).withUnsafeBytes { try file.write($0) }
        try pad(to: layout.total)
        return DataCache.Name(hash: try file.finishDigest(), byteCount: file.byteCount)
    }
}
