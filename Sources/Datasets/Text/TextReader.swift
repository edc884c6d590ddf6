import System

/// Reads texts and makes data sets of them, the training data first: its vocabulary, classes and number of
/// positions hold for the others. Large texts are made tokens once (`TextCache`).
package struct TextReader {
    /// Nil before the training data, and for token ids without a tokenizer.
    package private(set) var known: Tokenizer?
    /// Positions of a sample, at most; nil before the training data.
    package private(set) var context: Int?
    package private(set) var classNames: [String]?
    package private(set) var notes: [DataNote] = []
    /// The directory of the cache; nil: the usual one.
    private let cacheDirectory: String?
    /// Texts with so many bytes are kept in the cache.
    private let smallestCached: Int
    /// The cache, and the beginning of the names of its files for what is being read; nil: in memory.
    private var workshop: (cache: TextCache, prefix: String)?
    /// The data sets that have been made in the cache.
    private var made: [DataCache.Name] = []

    /// - Parameters:
    ///   - tokenizer: of an earlier training; nil to make it from the training texts.
    ///   - context: of an earlier training.
    package init(
        tokenizer: Tokenizer? = nil, context: Int? = nil, classNames: [String]? = nil,
        cacheDirectory: String? = nil, smallestCached: Int = TextCache.smallestText
    ) {
        (known, self.context, self.classNames) = (tokenizer, context, classNames)
        (self.cacheDirectory, self.smallestCached) = (cacheDirectory, smallestCached)
    }

    package typealias Parts = (train: Dataset, validation: Dataset?, test: Dataset?)

    /// Reads texts as one data set.
    /// - Parameter isTraining: false for windows that lie side by side, up to the last token, unless the data
    ///   have a stride.
    /// - Throws: `DatasetError` or `SystemError`.
    package mutating func read(_ data: TextData, isTraining: Bool) throws -> Dataset {
        try remembered(data, "whole, \(isTraining)") { reader in
            (try reader.readWhole(data, isTraining: isTraining), nil, nil)
        }.train
    }

    /// Reads texts and divides them: a stream by position, where the first part trains, then come the
    /// validation and the test part; documents as any samples. The vocabulary of words is that of the
    /// training part.
    /// - Throws: `DatasetError` or `SystemError`.
    package mutating func read(_ data: TextData, divided split: DataSplit) throws -> Parts {
        try remembered(data, "divided, \(split)") { try $0.readParts(data, split) }
    }

    private mutating func readWhole(_ data: TextData, isTraining: Bool) throws -> Dataset {
        if data.isTokenFile {
            let stream = try tokens(of: data)
            return try windows(data, stream, 0..<stream.count, isTraining: isTraining)
        }
        let documents = try TextDocuments(data)
        try learn(data, from: documents, all: documents)
        return try read(data, documents, isTraining: isTraining)
    }

    private mutating func readParts(_ data: TextData, _ split: DataSplit) throws -> Parts {
        if data.isTokenFile { return try parts(data, try tokens(of: data), split) }
        let documents = try TextDocuments(data)
        if data.isStream {
            try learn(data, from: documents, all: documents)
            return try parts(data, try stream(documents), split)
        }
        let labels = documents.labels
        let parts = try split.parts(count: documents.count) {
            guard data.target != nil else { return nil }
            let names = Set(labels).sorted()
            return (labels.map { name in Int32(names.firstIndex(of: name) ?? 0) }, names.count)
        }
        if data.target != nil { classNames = Set(labels).sorted() }
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

    /// Divides a stream by position.
    private mutating func parts(_ data: TextData, _ stream: TokenStore, _ split: DataSplit) throws -> Parts {
        // The stride is that of the training; parts that are evaluated have windows side by side.
        var evaluated = data
        evaluated.stride = data.evaluationStride
        let rest = 1 - (split.validation ?? 0) - (split.test ?? 0)
        let first = Int(Double(stream.count) * rest)
        let second = Int(Double(stream.count) * (1 - (split.test ?? 0)))
        return (
            try windows(data, stream, 0..<first, isTraining: true),
            try split.validation.map { _ in
                try windows(evaluated, stream, first..<second, isTraining: false)
            },
            try split.test.map { _ in
                try windows(evaluated, stream, second..<stream.count, isTraining: false)
            }
        )
    }

    private mutating func read(
        _ data: TextData, _ documents: TextDocuments, isTraining: Bool
    ) throws -> Dataset {
        if data.target != nil { return try classes(data, documents) }
        if data.prompt != nil { return try answers(data, documents) }
        let stream = try stream(documents)
        return try windows(data, stream, 0..<stream.count, isTraining: isTraining)
    }

    /// Makes the tokenizer, unless an earlier training gave it: characters of all texts, so that each has a
    /// token; words of those that train.
    private mutating func learn(
        _ data: TextData, from training: TextDocuments, all: TextDocuments
    ) throws {
        guard known == nil else { return }
        known =
            switch data.tokens {
            case .characters:
                try .characters(hasEnd: all.needsEnds) { try Self.visit(all, data.path, $0) }
            case .bytes: .bytes(hasEnd: all.needsEnds)
            case .words(let minimum):
                try .words(minimumFrequency: minimum) { try Self.visit(training, data.path, $0) }
            case .file(let path): try Tokenizer(path: path)
            }
    }

    /// Calls `body` with all texts, long ones piece by piece.
    private static func visit(
        _ documents: TextDocuments, _ path: String, _ body: Tokenizer.TextVisitor
    ) throws {
        var progress = ReadingProgress()
        var bytes = 0
        try documents.forEach { document in
            for text in [document.prompt, document.text] where !text.isEmpty {
                try TextPieces.forEach(of: text) { range in
                    do { try body(UnsafeBufferPointer(rebasing: text[range])) } catch {
                        try UTF8Scalars.require(UnsafeBufferPointer(rebasing: text[..<range.upperBound]))
                        throw error
                    }
                    if range.upperBound < text.count { document.release(range.upperBound) }
                    bytes += range.count
                    progress.show("`\(path)`: \(TextFormat.bytes(bytes)) searched for its vocabulary")
                }
            }
        }
    }

    private func tokenizer() -> Tokenizer {
        guard let known else { preconditionFailure("the training texts come first") }
        return known
    }
}

// MARK: - The cache

extension TextReader {
    /// Takes the data sets from the cache if the texts are large and have been read before; otherwise makes
    /// them, in the cache if the texts are large.
    private mutating func remembered(
        _ data: TextData, _ way: String, _ make: (inout TextReader) throws -> Parts
    ) throws -> Parts {
        if known == nil, case .file(let path) = data.tokens { known = try Tokenizer(path: path) }
        let files = try TextDocuments.files(data)
        let size = files.reduce(0) { $0 + ((try? File.size($1)) ?? 0) }
        guard size >= smallestCached, let cache = TextCache(cacheDirectory) else { return try make(&self) }
        let contents = try TextCache.contents(of: files)
        let key = cacheKey(data, way, contents)
        if let parts = take(cache.datasets(key)) { return parts }
        let lock = try cache.lock(key)
        defer { withExtendedLifetime(lock) {} }
        if let parts = take(cache.datasets(key)) { return parts }
        let earlier = notes
        (workshop, made, notes) = ((cache, cache.prefix(key)), [], [])
        defer {
            workshop = nil
            notes = earlier + notes.filter { !earlier.contains($0) }
        }
        let parts = try make(&self)
        var names = made[...]
        let entry = TextCache.Entry(
            tokenizer: known, context: context, classNames: classNames, notes: notes,
            parts: [parts.train, parts.validation, parts.test].map { $0 == nil ? nil : names.popFirst() })
        try cache.write(entry, key)
        // Whoever reads the texts for a trained model knows their tokenizer already.
        let laterKey = TextReader(tokenizer: known, classNames: classNames).cacheKey(data, way, contents)
        if laterKey != key { try cache.write(entry, laterKey) }
        return parts
    }

    /// A hash of the texts and of all that decides their tokens and samples.
    private func cacheKey(_ data: TextData, _ way: String, _ contents: [UInt8]) -> String {
        TextCache.key(
            contents,
            [
                "\(data)", way, known.map { TextFormat.hex($0.hash) } ?? "", "\(context ?? 0)",
                "\(classNames ?? [])",
            ])
    }

    private mutating func take(_ found: (entry: TextCache.Entry, parts: [Dataset?])?) -> Parts? {
        guard let found, found.parts.count == 3, let train = found.parts[0] else { return nil }
        let entry = found.entry
        (known, context, classNames) = (entry.tokenizer, entry.context, entry.classNames)
        notes += entry.notes.filter { !notes.contains($0) }
        return (train, found.parts[1], found.parts[2])
    }

    /// Tokens of this number of different ones, in the cache or in memory.
    private func store(_ vocabulary: Int) throws -> TokenStore {
        try TokenStore(.ofTokens(vocabulary), at: workshop.map { $0.prefix + ".tokens" })
    }

    private mutating func build(
        _ form: DatasetForm, _ tokens: TokenStore, _ range: Range<Int>, _ samples: [StreamSample] = [],
        labels: [Int32] = []
    ) throws -> Dataset {
        guard let workshop else {
            return try Dataset.build(form, tokens, range, samples: samples, labels: labels)
        }
        let path = workshop.prefix + ".new"
        let name = try Dataset.write(form, tokens, range, samples: samples, labels: labels, to: path)
        made.append(name)
        return try workshop.cache.adopt(path, name)
    }
}

// MARK: - Language models

extension TextReader {
    /// The tokens of all documents, each followed by the end token where there are several.
    private func stream(_ documents: TextDocuments) throws -> TokenStore {
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
    private mutating func tokens(of data: TextData) throws -> TokenStore {
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

    private static func located<Value>(
        _ document: TextDocuments.Document, _ body: (TextDocuments.Document) throws -> Value
    ) throws -> Value {
        do { return try body(document) } catch let error as DatasetError {
            throw DatasetError("\(document.place): \(error.description)")
        }
    }

    private mutating func windows(
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

    private mutating func answers(_ data: TextData, _ documents: TextDocuments) throws -> Dataset {
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

// MARK: - Classes

extension TextReader {
    private mutating func classes(_ data: TextData, _ documents: TextDocuments) throws -> Dataset {
        let tokenizer = tokenizer()
        let names = classNames ?? Set(documents.labels).sorted()
        classNames = names
        let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
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
