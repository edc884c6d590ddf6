import System

// Texts with a class.
extension TextReader {
    /// The number of each class.
    static func numbers(of names: [String]) -> [String: Int32] {
        Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
    }

    mutating func classes(_ data: TextData, _ documents: TextDocuments) throws -> Dataset {
        let tokenizer = tokenizer()
        let names = classNames ?? Set(documents.labels).sorted()
        classNames = names
        let numbers = Self.numbers(of: names)
        let (before, behind) = tokenizer.template
        var encoder = Tokenizer.Encoder(tokenizer)
        var (texts, labels, hashes) = ([[Int32]](), [Int32](), [UInt64]())
        try documents.forEach { document in
            let tokens = before + (try Self.located(document) { try encoder.encode($0.text) }) + behind
            guard !tokens.isEmpty else {
                throw DatasetError("\(document.place): the text has no tokens; remove the row")
            }
            guard let label = document.label.flatMap({ numbers[$0] }) else {
                throw DatasetError(
                    "\(document.place): the class `\(document.label ?? "")` is not one of the training data"
                        + " (\(names.prefix(10).joined(separator: ", ")))")
            }
            texts.append(tokens)
            hashes.append(NameTable.hash(document.text))
            labels.append(label)
        }
        let length = context ?? data.context ?? texts.map(\.count).max() ?? 1
        context = length
        note(texts, tokenizer, length, data.path)
        let stream = try store(tokenizer.vocabularySize)
        var samples: [StreamSample] = []
        for text in texts {
            samples.append(StreamSample(start: stream.count, length: min(length, text.count)))
            try stream.append(text.prefix(length))
        }
        let dataset = try build(
            DatasetForm(
                elementType: .ofTokens(tokenizer.vocabularySize), sampleShape: [length, 1],
                count: samples.count, targets: .classes(names),
                stream: StreamForm(
                    positions: stream.count, vocabulary: tokenizer.vocabularySize, index: .table)),
            stream, 0..<stream.count, samples, labels: labels)
        dataset.textHashes = hashes
        return dataset
    }

    /// Remarks on texts that are cut, and on words that are unknown.
    private mutating func note(
        _ texts: [[Int32]], _ tokenizer: Tokenizer, _ length: Int, _ path: String
    ) {
        let cut = texts.count { $0.count > length }
        if cut > 0 {
            notes.append(
                DataNote(
                    "cut_texts",
                    "\(cut) of \(TextFormat.count(texts.count, "text")) in `\(path)` have more than \(length)"
                        + " tokens, of which the first \(length) are read",
                    cure: "set `context` to \(texts.map(\.count).max() ?? length) to read them whole"))
        }
        guard let unknown = tokenizer.unknown else { return }
        let (all, missing) = texts.reduce(into: (0, 0)) { sums, text in
            sums.0 += text.count
            sums.1 += text.count { $0 == unknown }
        }
        let percent = TextFormat.fixed(100 * Double(missing) / Double(max(1, all)), 1)
        notes.append(
            DataNote(
                "unknown_words",
                "`\(path)`: \(TextFormat.grouped(all)) words, \(percent) % of them not in the vocabulary of"
                    + " \(TextFormat.grouped(tokenizer.vocabularySize))"))
    }
}
