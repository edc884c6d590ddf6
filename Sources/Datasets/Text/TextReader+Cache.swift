import System

// Large texts are made tokens once.
extension TextReader {
    /// Takes the data sets from the cache if the texts are large and have been read before; otherwise makes
    /// them, in the cache if the texts are large.
    mutating func remembered(
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
    func store(_ vocabulary: Int) throws -> TokenStore {
        try TokenStore(.ofTokens(vocabulary), at: workshop.map { $0.prefix + ".tokens" })
    }

    mutating func build(
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
