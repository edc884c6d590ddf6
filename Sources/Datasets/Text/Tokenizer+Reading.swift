import System

extension Tokenizer {
    /// The most bytes of a tokenizer's file.
    package static let largestFile = 256 << 20

    /// Reads a tokenizer from its canonical form, or from a `tokenizer.json`.
    /// - Parameter name: the file's name in messages.
    /// - Throws: `DatasetError` if it is damaged, or if it needs something that is not supported.
    package convenience init(serialized text: [UInt8], name: String = "tokenizer.json") throws {
        self.init(try Self.content(JSONTree(text, name: name), name: name))
    }

    /// Reads a tokenizer from a `tokenizer.json`; from GPT-2's `vocab.json`, which has `merges.txt` beside
    /// it; or from the directory that holds one of them.
    /// - Throws: `DatasetError` or `SystemError`.
    package convenience init(path: String) throws {
        let path = try Self.file(at: path)
        let tree = try JSONTree(File.read(path, limit: Self.largestFile), name: path)
        guard tree["model"] == nil, tree["tokenizer"]?.bytes == nil else {
            self.init(try Self.content(tree, name: path))
            return
        }
        let merges = Path.join(Path.directory(of: path), "merges.txt")
        guard File.exists(merges) else {
            throw DatasetError(
                "`\(path)` has no `model`, so that it is no tokenizer.json; if it is GPT-2's vocab.json, put"
                    + " merges.txt into the same directory")
        }
        self.init(.bpe(try Self.gpt2(vocabulary: tree, path, mergesPath: merges)))
    }

    private static func file(at path: String) throws -> String {
        guard Directory.isDirectory(path) else { return path }
        for name in ["tokenizer.json", "vocab.json"] {
            let file = Path.join(path, name)
            if File.exists(file) { return file }
        }
        throw DatasetError(
            "the directory `\(path)` has no tokenizer.json, and no vocab.json with merges.txt; give the"
                + " directory of a tokenizer")
    }

    private static func content(_ tree: JSONTree, name: String) throws -> Content {
        func damaged(_ field: String) -> DatasetError {
            DatasetError("`\(name)`: `\(field)` is missing or damaged; take another copy of the tokenizer")
        }
        guard let kind = tree["tokenizer"]?.string else {
            return .bpe(try HuggingFaceFile(tree, name: name).tokenizer())
        }
        switch kind {
        case "characters":
            guard let text = tree["characters"]?.bytes, let hasEnd = tree["end"]?.flag else {
                throw damaged("characters")
            }
            let scalars = text.withUnsafeBufferPointer { UTF8Scalars.scalars(of: $0) }
            guard !scalars.isEmpty, zip(scalars, scalars.dropFirst()).allSatisfy({ $0 < $1 }) else {
                throw damaged("characters")
            }
            return .characters(CharacterTokens(scalars: scalars, hasEnd: hasEnd))
        case "bytes":
            guard let hasEnd = tree["end"]?.flag else { throw damaged("end") }
            return .bytes(hasEnd: hasEnd)
        case "words":
            guard let words = tree["words"]?.elements?.map(\.bytes), words.allSatisfy({ $0 != nil }),
                Set(words).count == words.count, words.count <= Int(HuggingFaceFile.largestID)
            else { throw damaged("words") }
            return .words(WordTokens(words: words.compactMap { $0 }))
        default: throw damaged("tokenizer")
        }
    }

    // MARK: - GPT-2's two files

    private static func gpt2(vocabulary tree: JSONTree, _ path: String, mergesPath: String) throws
        -> BPETokenizer
    {
        let vocabulary = try HuggingFaceFile.vocabulary(tree, field: "the file", name: path)
        let model = try BPEModel(
            vocabulary: vocabulary, merges: try merges(of: mergesPath),
            options: BPEModel.Options(isByteLevel: true), name: path)
        let end = Array(endName.utf8)
        return BPETokenizer(
            model: model,
            added: model.id(of: end).map { [AddedToken(id: $0, content: end, isSpecial: true)] } ?? [],
            normalizer: TextNormalizer(steps: []),
            preTokenizer: PreTokenizer(steps: [.byteLevel(addsSpace: false, splits: true)]),
            decoder: TokenDecoder(steps: [.byteLevel]), template: .init())
    }

    private static func merges(of path: String) throws -> [([UInt8], [UInt8])] {
        let text = try File.read(path, limit: largestFile)
        try text.withUnsafeBufferPointer { try UTF8Scalars.require($0) }
        var lines = text.split(separator: 10, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return try lines.enumerated().compactMap { index, line in
            if line.starts(with: "#version".utf8) { return nil }
            let bare = line.last == 13 ? line.dropLast() : line
            let parts = bare.split(separator: 0x20, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw DatasetError(
                    "`\(path)`, line \(index + 1): a merge is two tokens with a space between; take the"
                        + " model's own file")
            }
            return (Array(parts[0]), Array(parts[1]))
        }
    }
}
