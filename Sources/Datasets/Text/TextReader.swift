import System

/// Reads texts and makes data sets of them, the training data first: its vocabulary, classes and number of
/// positions hold for the others. Large texts are made tokens once (`TextCache`).
package struct TextReader {
    /// Nil before the training data, and for token ids without a tokenizer.
    package internal(set) var known: Tokenizer?
    /// Positions of a sample, at most; nil before the training data.
    package internal(set) var context: Int?
    package internal(set) var classNames: [String]?
    package internal(set) var notes: [DataNote] = []
    /// The directory of the cache; nil: the usual one.
    let cacheDirectory: String?
    /// Texts with so many bytes are kept in the cache.
    let smallestCached: Int
    /// The cache, and the beginning of the names of its files for what is being read; nil: in memory.
    var workshop: (cache: TextCache, prefix: String)?
    /// The data sets that have been made in the cache.
    var made: [DataCache.Name] = []

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
        if data.target != nil { classNames = Set(labels).sorted() }
        let parts = try split.parts(count: documents.count) {
            guard let names = classNames, data.target != nil else { return nil }
            let numbers = Self.numbers(of: names)
            return (labels.map { numbers[$0] ?? 0 }, names.count)
        }
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

    func tokenizer() -> Tokenizer {
        guard let known else { preconditionFailure("the training texts come first") }
        return known
    }
}
