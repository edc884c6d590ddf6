import System

/// A file of token ids, as nanoGPT's `prepare.py` writes it: 16-bit numbers, little-endian, and nothing else.
enum TokenFile {
    static func isOne(_ path: String) -> Bool { path.hasSuffix(".bin") }

    /// Appends the tokens of a file.
    /// - Throws: `DatasetError` if a token is outside the vocabulary; `SystemError` if the file cannot be
    ///   read.
    static func append(_ path: String, vocabulary: Int, to store: TokenStore) throws {
        let file = try MappedFile(path)
        guard !file.bytes.isEmpty, file.bytes.count.isMultiple(of: 2) else {
            throw DatasetError(
                "`\(path)` has \(TextFormat.count(file.bytes.count, "byte")), and tokens have 2 bytes each;"
                    + " make it again")
        }
        var before = 0
        try file.forEachPiece { piece in
            let tokens = (0..<piece.count / 2).lazy.map { index in
                Int32(UInt16(littleEndian: piece.load(fromByteOffset: 2 * index, as: UInt16.self)))
            }
            if let bad = tokens.firstIndex(where: { $0 >= vocabulary }) {
                throw DatasetError(
                    "`\(path)`: token \(tokens[bad]) at position \(before + bad) (byte \(2 * (before + bad)))"
                        + " is outside the vocabulary of \(vocabulary) tokens; give the tokenizer, or the"
                        + " `vocabulary`, with which the file was made")
            }
            try store.append(tokens)
            before += tokens.count
        }
    }
}
