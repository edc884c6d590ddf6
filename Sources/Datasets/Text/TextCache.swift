import System

/// The data sets that were made of large texts: files of the cache, and an entry that tells which.
///
/// An entry is named by a hash of the texts' bytes, of the tokenizer and of all options. It is written last,
/// by a rename, with its own checksum in the first line; a damaged one is made again. Processes that start at
/// the same time wait for the one that has the lock.
struct TextCache {
    /// Texts with fewer bytes are read anew at every start.
    static let smallestText = 4 << 20
    /// A number that rises with every change of the tokens that a tokenizer makes.
    private static let version = 1

    private let cache: DataCache
    private let directory: String

    /// Nil without a directory that can be written to.
    init?(_ path: String?) {
        guard let cache = try? DataCache(path), let directory = cache.directory else { return nil }
        (self.cache, self.directory) = (cache, directory)
    }

    struct Entry {
        var tokenizer: Tokenizer?
        var context: Int?
        var classNames: [String]?
        var notes: [DataNote]
        /// The training, the validation and the test part.
        var parts: [DataCache.Name?]
    }

    /// The beginning of the names of the files of a key.
    func prefix(_ key: String) -> String { Path.join(directory, "text-" + key) }

    func lock(_ key: String) throws -> FileLock {
        try FileLock(prefix(key) + ".lock", waiting: .untilFree)
    }

    /// A hash of the bytes of files.
    /// - Throws: `SystemError` if one cannot be read.
    static func contents(of paths: [String]) throws -> [UInt8] {
        try paths.flatMap { try MappedFile($0).sha256() }
    }

    /// A name for texts, by the hash of their bytes, and for all that decides what is made of them.
    static func key(_ contents: [UInt8], _ options: [String]) -> String {
        let hash = SHA256()
        func add(_ text: String) {
            hash.update(littleEndian: UInt64(text.utf8.count))
            hash.update(text)
        }
        add("texts \(version)")
        for option in options { add(option) }
        hash.update(contents)
        return String(hash.hexDigest().prefix(40))
    }

    /// The data sets of an entry; nil if there are none, or if one of them is damaged.
    func datasets(_ key: String) -> (entry: Entry, parts: [Dataset?])? {
        guard let entry = entry(key) else { return nil }
        var datasets: [Dataset?] = []
        for name in entry.parts {
            guard let name else {
                datasets.append(nil)
                continue
            }
            guard let dataset = cache.dataset(name) else { return nil }
            datasets.append(dataset)
        }
        return (entry, datasets)
    }

    /// Moves a finished file to its place in the cache, and opens it.
    func adopt(_ path: String, _ name: DataCache.Name) throws -> Dataset {
        guard let place = cache.path(of: name) else { preconditionFailure("the cache has a directory") }
        try File.move(path, to: place)
        return try Dataset(MappedFile(place), hash: name.hash)
    }
}

// MARK: - Entries as text

extension TextCache {
    func write(_ entry: Entry, _ key: String) throws {
        func list(_ parts: [String]) -> String { "[\(parts.joined(separator: ","))]" }
        let tokenizer = entry.tokenizer.map {
            String(decoding: JSONText.quoted($0.serialized), as: UTF8.self)
        }
        let notes = entry.notes.map { note in
            list(
                [note.kind, note.text].map { JSONText.quoted($0) }
                    + (note.cure.map { [JSONText.quoted($0)] } ?? []))
        }
        let parts = entry.parts.map { part in
            part.map { #"["\#(TextFormat.hex($0.hash))","\#($0.byteCount)"]"# } ?? "null"
        }
        let classes = entry.classNames.map { list($0.map { JSONText.quoted($0) }) } ?? "null"
        let text =
            #"{"tokenizer":\#(tokenizer ?? "null"),"context":\#(entry.context ?? 0),"classes":\#(classes)"#
            + #","notes":\#(list(notes)),"parts":\#(list(parts))}"#
        let sum = SHA256.hexDigest(of: Array(text.utf8))
        try File.writeAtomically(Array((sum + "\n" + text).utf8), to: prefix(key) + ".json", mode: 0o600)
    }

    private func entry(_ key: String) -> Entry? {
        guard let text = try? File.read(prefix(key) + ".json", limit: 1 << 30) else { return nil }
        return try? Self.parse(text)
    }

    /// Nil if the text is damaged.
    static func parse(_ text: [UInt8]) throws -> Entry? {
        guard text.count > 65, text[64] == 0x0A else { return nil }
        let body = Array(text[65...])
        guard SHA256.hexDigest(of: body).utf8.elementsEqual(text[..<64]) else { return nil }
        let tree = try JSONTree(body, name: "an entry of the cache")
        let context = tree["context"]?.id
        guard let notes = tree["notes"]?.elements, let parts = tree["parts"]?.elements, let context else {
            return nil
        }
        return Entry(
            tokenizer: try tree["tokenizer"]?.bytes.map { try Tokenizer(serialized: $0) },
            context: context == 0 ? nil : Int(context),
            classNames: tree["classes"]?.elements?.compactMap(\.string),
            notes: notes.compactMap(note), parts: parts.map(part))
    }

    private static func note(_ value: JSONTree) -> DataNote? {
        guard let texts = value.elements?.compactMap(\.string), texts.count > 1 else { return nil }
        return DataNote(texts[0], texts[1], cure: texts.count > 2 ? texts[2] : nil)
    }

    private static func part(_ value: JSONTree) -> DataCache.Name? {
        guard let texts = value.elements?.compactMap(\.string), texts.count == 2,
            let bytes = Int(texts[1]), let hash = TextFormat.bytes(hex: texts[0]),
            hash.count == SHA256.byteCount
        else { return nil }
        return DataCache.Name(hash: hash, byteCount: bytes)
    }
}
