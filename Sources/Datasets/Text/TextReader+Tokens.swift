import System

// Samples whose targets are the next tokens.
extension TextReader {
    /// The tokens of all documents, each followed by the end token where there are several.
    func stream(_ documents: TextDocuments) throws -> TokenStore {
        let tokenizer = tokenizer()
        let (before, behind) = tokenizer.template
        var encoder = Tokenizer.Encoder(tokenizer)
        let stream = try store(tokenizer.vocabularySize)
        var progress = ReadingProgress()
        var bytes = 0
        try documents.forEach { document in
            try stream.append(before)
            try Self.located(document) { document in
                var done = 0
                try encoder.encode(long: document.text) { ids, end in
                    try stream.append(ids)
                    if end < document.text.count { document.release(end) }
                    (bytes, done) = (bytes + end - done, end)
                    progress.show("\(document.place): \(TextFormat.bytes(bytes)) are tokens")
                }
            }
            try stream.append(behind)
            // A template may have ended the document already.
            if documents.needsEnds, let end = tokenizer.endOfText, behind.last != end {
                try stream.append([end])
            }
        }
        return stream
    }

    /// The ids of a file that has them already.
    mutating func tokens(of data: TextData) throws -> TokenStore {
        if known == nil, case .bytes = data.tokens { known = .bytes(hasEnd: false) }
        let vocabulary = try vocabulary(data)
        let store = try store(vocabulary)
        try TokenFile.append(data.path, vocabulary: vocabulary, to: store)
        return store
    }

    private func vocabulary(_ data: TextData) throws -> Int {
        guard data.isTokenFile else { return tokenizer().vocabularySize }
        guard let vocabulary = data.vocabulary ?? known?.vocabularySize else {
            throw DatasetError(
                "`\(data.path)` has token ids; give the `tokenizer` that made them, or their number as"
                    + " `vocabulary`")
        }
        if let known, known.vocabularySize > vocabulary {
            throw DatasetError(
                "the tokenizer of `\(data.path)` has \(known.vocabularySize) tokens; give a `vocabulary` of"
                    + " so many or more, or leave it out")
        }
        return vocabulary
    }

    static func located<Value>(
        _ document: TextDocuments.Document, _ body: (TextDocuments.Document) throws -> Value
    ) throws -> Value {
        do { return try body(document) } catch let error as DatasetError {
            throw DatasetError("\(document.place): \(error.description)")
        }
    }

    mutating func windows(
        _ data: TextData, _ stream: TokenStore, _ part: Range<Int>, isTraining: Bool
    ) throws -> Dataset {
        let vocabulary = try vocabulary(data)
        let length = context ?? data.context ?? TextData.usualContext
        context = length
        guard part.count > (isTraining ? length : 1) else {
            throw DatasetError(
                "`\(data.path)`: a part of \(TextFormat.count(part.count, "token")) has no window of"
                    + " \(length) and the token behind it; give a smaller `context`, or more text")
        }
        let stride = isTraining ? data.stride ?? length : min(length, data.stride ?? length)
        var form = DatasetForm(
            elementType: .ofTokens(vocabulary), sampleShape: [length, 1], count: 0, targets: .nextToken,
            stream: StreamForm(
                positions: part.count, vocabulary: vocabulary, index: .windows(stride: stride)))
        guard !isTraining else {
            form.count = StreamForm.windows(of: length + 1, stride: stride, in: part.count)
            return try build(form, stream, part)
        }
        // Every token is a target once: behind the first window those of the last `stride` positions.
        var samples: [StreamSample] = []
        var (start, counted) = (0, 0)
        while counted < part.count - 1 {
            let end = min(start + length, part.count - 1)
            samples.append(StreamSample(start: start, length: end - start, firstCounted: counted - start))
            (start, counted) = (start + stride, end)
        }
        form.count = samples.count
        form.stream?.index = .table
        return try build(form, stream, part, samples)
    }

    mutating func answers(_ data: TextData, _ documents: TextDocuments) throws -> Dataset {
        let tokenizer = tokenizer()
        let (before, behind) = tokenizer.template
        let end = tokenizer.endOfText.map { behind.last == $0 ? [] : [$0] } ?? []
        var encoder = Tokenizer.Encoder(tokenizer)
        let stream = try store(tokenizer.vocabularySize)
        var (samples, longest) = ([StreamSample](), (length: 0, place: ""))
        var progress = ReadingProgress()
        try documents.forEach { document in
            let (prompt, text) = try Self.located(document) {
                (try encoder.encode($0.prompt), try encoder.encode($0.text))
            }
            let answer = text + behind + end
            let length = before.count + prompt.count + answer.count - 1
            guard length > 0, !answer.isEmpty else {
                throw DatasetError("\(document.place): there is nothing to predict")
            }
            samples.append(
                StreamSample(
                    start: stream.count, length: length,
                    firstCounted: max(0, before.count + prompt.count - 1)))
            if length > longest.length { longest = (length, document.place) }
            try stream.append(before + prompt + answer)
            progress.show("\(document.place): \(TextFormat.count(stream.count, "token"))")
        }
        let length = context ?? data.context ?? longest.length
        context = length
        if longest.length > length {
            throw DatasetError(
                "\(longest.place): prompt and answer have"
                    + " \(TextFormat.count(longest.length + 1, "token")), more than the `context` of"
                    + " \(length) allows; give a larger one")
        }
        return try build(
            DatasetForm(
                elementType: .ofTokens(tokenizer.vocabularySize), sampleShape: [length, 1],
                count: samples.count, targets: .nextToken,
                stream: StreamForm(
                    positions: stream.count, vocabulary: tokenizer.vocabularySize, index: .table)),
            stream, 0..<stream.count, samples)
    }
}
