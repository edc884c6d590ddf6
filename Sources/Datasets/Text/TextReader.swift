import System

/// Reads texts and makes data sets of them, the training data first: its vocabulary, classes and number of
/// positions hold for the others.
package struct TextReader {
    /// Nil before the training data.
    package private(set) var known: Tokenizer?
    /// Positions of a sample, at most; nil before the training data.
    package private(set) var context: Int?
    package private(set) var classNames: [String]?
    package private(set) var notes: [DataNote] = []

    /// - Parameters:
    ///   - tokenizer: of an earlier training; nil to make it from the training texts.
    ///   - context: of an earlier training.
    package init(tokenizer: Tokenizer? = nil, context: Int? = nil, classNames: [String]? = nil) {
        (known, self.context, self.classNames) = (tokenizer, context, classNames)
    }

    /// Reads texts as one data set.
    /// - Parameter isTraining: false for windows that lie side by side, up to the last token, unless the data
    ///   have a stride.
    /// - Throws: `DatasetError` or `SystemError`.
    package mutating func read(_ data: TextData, isTraining: Bool) throws -> Dataset {
        let documents = try TextDocuments(data)
        try learn(data, from: documents, all: documents)
        return try read(data, documents, isTraining: isTraining)
    }

    /// Reads texts and divides them: a stream by position, where the first part trains, then come the
    /// validation and the test part; documents as any samples. The vocabulary of words is that of the
    /// training part.
    /// - Throws: `DatasetError` or `SystemError`.
    package mutating func read(_ data: TextData, divided split: DataSplit) throws -> (
        train: Dataset, validation: Dataset?, test: Dataset?
    ) {
        let documents = try TextDocuments(data)
        if data.isStream { return try read(data, documents, dividedByPosition: split) }
        let parts = try split.parts(count: documents.documents.count) {
            let names = Self.classNames(documents)
            let labels = documents.documents.map { document in
                Int32(document.label.flatMap { names.firstIndex(of: $0) } ?? 0)
            }
            return data.target == nil ? nil : (labels, names.count)
        }
        classNames = data.target == nil ? nil : Self.classNames(documents)
        let training = documents.selecting(parts.train)
        try learn(data, from: training, all: documents)
        return (
            try read(data, training, isTraining: true),
            try split.validation.map { _ in
                try read(data, documents.selecting(parts.validation), isTraining: false)
            },
            try split.test.map { _ in try read(data, documents.selecting(parts.test), isTraining: false) }
        )
    }

    private mutating func read(
        _ data: TextData, _ documents: TextDocuments, dividedByPosition split: DataSplit
    ) throws -> (train: Dataset, validation: Dataset?, test: Dataset?) {
        try learn(data, from: documents, all: documents)
        let stream = try stream(documents)
        // The stride is that of the training; parts that are evaluated have windows side by side.
        var evaluated = data
        evaluated.stride = data.evaluationStride
        let rest = 1 - (split.validation ?? 0) - (split.test ?? 0)
        let first = Int(Double(stream.count) * rest)
        let second = Int(Double(stream.count) * (1 - (split.test ?? 0)))
        return (
            try windows(data, stream[..<first], isTraining: true),
            try split.validation.map { _ in
                try windows(evaluated, stream[first..<second], isTraining: false)
            },
            try split.test.map { _ in try windows(evaluated, stream[second...], isTraining: false) }
        )
    }

    private mutating func read(
        _ data: TextData, _ documents: TextDocuments, isTraining: Bool
    ) throws -> Dataset {
        if data.target != nil { return try classes(data, documents) }
        if data.prompt != nil { return try answers(data, documents) }
        return try windows(data, try stream(documents)[...], isTraining: isTraining)
    }

    /// Makes the tokenizer, unless an earlier training gave it: characters of all texts, so that each has a
    /// token; words of those that train.
    private mutating func learn(
        _ data: TextData, from training: TextDocuments, all: TextDocuments
    ) throws {
        guard known == nil else { return }
        func texts(_ documents: TextDocuments) -> [UnsafeBufferPointer<UInt8>] {
            documents.documents.flatMap { [$0.prompt, $0.text] }.filter { !$0.isEmpty }
        }
        known =
            switch data.tokens {
            case .characters: try .characters(of: texts(all), hasEnd: all.needsEnds)
            case .bytes: .bytes(hasEnd: all.needsEnds)
            case .words(let minimum): try .words(of: texts(training), minimumFrequency: minimum)
            case .file(let path): try Tokenizer(path: path)
            }
    }

    private static func classNames(_ documents: TextDocuments) -> [String] {
        Set(documents.documents.compactMap(\.label)).sorted()
    }

    private func tokenizer() -> Tokenizer {
        guard let known else { preconditionFailure("the training texts come first") }
        return known
    }
}

// MARK: - Language models

extension TextReader {
    /// The tokens of all documents, each followed by the end token where there are several.
    private func stream(_ documents: TextDocuments) throws -> [Int32] {
        let tokenizer = tokenizer()
        var encoder = Tokenizer.Encoder(tokenizer)
        var stream: [Int32] = []
        for document in documents.documents {
            stream += try Self.located(document) { try encoder.encode($0.text) }
            if documents.needsEnds, let end = tokenizer.endOfText { stream.append(end) }
        }
        return stream
    }

    private static func located<Value>(
        _ document: TextDocuments.Document, _ body: (TextDocuments.Document) throws -> Value
    ) throws -> Value {
        do { return try body(document) } catch let error as DatasetError {
            throw DatasetError("\(document.place): \(error.description)")
        }
    }

    private mutating func windows(
        _ data: TextData, _ stream: ArraySlice<Int32>, isTraining: Bool
    ) throws -> Dataset {
        let tokenizer = tokenizer()
        let length = context ?? data.context ?? TextData.usualContext
        context = length
        guard stream.count > (isTraining ? length : 1) else {
            throw DatasetError(
                "`\(data.path)`: a part of \(TextFormat.count(stream.count, "token")) has no window of"
                    + " \(length) and the token behind it; give a smaller `context`, or more text")
        }
        let stride = isTraining ? data.stride ?? length : min(length, data.stride ?? length)
        var form = DatasetForm(
            elementType: .ofTokens(tokenizer.vocabularySize), sampleShape: [length, 1], count: 0,
            targets: .nextToken,
            stream: StreamForm(
                positions: stream.count, vocabulary: tokenizer.vocabularySize,
                index: .windows(stride: stride)))
        guard !isTraining else {
            form.count = StreamForm.windows(of: length + 1, stride: stride, in: stream.count)
            return try Self.build(form, stream)
        }
        // Every token is a target once: behind the first window those of the last `stride` positions.
        var samples: [StreamSample] = []
        var (start, counted) = (0, 0)
        while counted < stream.count - 1 {
            let end = min(start + length, stream.count - 1)
            samples.append(StreamSample(start: start, length: end - start, firstCounted: counted - start))
            (start, counted) = (start + stride, end)
        }
        form.count = samples.count
        form.stream?.index = .table
        return try Self.build(form, stream, samples)
    }

    private mutating func answers(_ data: TextData, _ documents: TextDocuments) throws -> Dataset {
        let tokenizer = tokenizer()
        var encoder = Tokenizer.Encoder(tokenizer)
        var (stream, samples) = ([Int32](), [StreamSample]())
        for document in documents.documents {
            let (prompt, answer) = try Self.located(document) {
                (try encoder.encode($0.prompt), try encoder.encode($0.text))
            }
            let end = tokenizer.endOfText.map { [$0] } ?? []
            guard prompt.count + answer.count + end.count > 1, !(answer + end).isEmpty else {
                throw DatasetError("\(document.place): there is nothing to predict")
            }
            samples.append(
                StreamSample(
                    start: stream.count, length: prompt.count + answer.count + end.count - 1,
                    firstCounted: max(0, prompt.count - 1)))
            stream += prompt + answer + end
        }
        let longest = samples.map(\.length).max() ?? 1
        let length = context ?? data.context ?? longest
        context = length
        if let bad = samples.firstIndex(where: { $0.length > length }) {
            throw DatasetError(
                "\(documents.documents[bad].place): prompt and answer have"
                    + " \(TextFormat.count(samples[bad].length + 1, "token")), more than the `context` of"
                    + " \(length) allows; give a larger one")
        }
        return try Self.build(
            DatasetForm(
                elementType: .ofTokens(tokenizer.vocabularySize), sampleShape: [length, 1],
                count: samples.count, targets: .nextToken,
                stream: StreamForm(
                    positions: stream.count, vocabulary: tokenizer.vocabularySize, index: .table)),
            stream[...], samples)
    }

    static func build(
        _ form: DatasetForm, _ stream: ArraySlice<Int32>, _ samples: [StreamSample] = [],
        labels: [Int32] = []
    ) throws -> Dataset {
        try Dataset.build(form, samples: samples) { features, targets in
            let size = form.elementType.byteCount
            for (position, token) in stream.enumerated() {
                switch form.elementType {
                case .uint8: features[position] = UInt8(truncatingIfNeeded: token)
                case .uint16:
                    features.storeBytes(
                        of: UInt16(truncatingIfNeeded: token).littleEndian, toByteOffset: position * size,
                        as: UInt16.self)
                default:
                    features.storeBytes(
                        of: UInt32(bitPattern: token).littleEndian, toByteOffset: position * size,
                        as: UInt32.self)
                }
            }
            labels.withUnsafeBytes { targets.copyMemory(from: $0) }
        }
    }
}

// MARK: - Classes

extension TextReader {
    private mutating func classes(_ data: TextData, _ documents: TextDocuments) throws -> Dataset {
        let tokenizer = tokenizer()
        let names = classNames ?? Self.classNames(documents)
        classNames = names
        let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
        var encoder = Tokenizer.Encoder(tokenizer)
        var (texts, labels) = ([[Int32]](), [Int32]())
        for document in documents.documents {
            let tokens = try Self.located(document) { try encoder.encode($0.text) }
            guard !tokens.isEmpty else {
                throw DatasetError("\(document.place): the text has no tokens; remove the row")
            }
            guard let label = document.label.flatMap({ numbers[$0] }) else {
                throw DatasetError(
                    "\(document.place): the class `\(document.label ?? "")` is not one of the training data"
                        + " (\(names.prefix(10).joined(separator: ", ")))")
            }
            texts.append(tokens)
            labels.append(label)
        }
        let length = context ?? data.context ?? texts.map(\.count).max() ?? 1
        context = length
        note(texts, tokenizer, length, data.path)
        var (stream, samples) = ([Int32](), [StreamSample]())
        for text in texts {
            samples.append(StreamSample(start: stream.count, length: min(length, text.count)))
            stream += text.prefix(length)
        }
        return try Self.build(
            DatasetForm(
                elementType: .ofTokens(tokenizer.vocabularySize), sampleShape: [length, 1],
                count: samples.count, targets: .classes(names),
                stream: StreamForm(
                    positions: stream.count, vocabulary: tokenizer.vocabularySize, index: .table)),
            stream[...], samples, labels: labels)
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
