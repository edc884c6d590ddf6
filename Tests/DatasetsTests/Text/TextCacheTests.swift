import Datasets
import Synchronization
import System
import TestSupport
import Testing
import Threads

/// Large texts are made tokens once; what comes from the cache is what is made in memory.
@Suite struct TextCacheTests {
    private let directory: TemporaryDirectory
    private let cache: String

    init() throws {
        directory = try TemporaryDirectory()
        cache = directory.file("cache")
    }

    private static func lines(_ count: Int, _ seed: Int = 0) -> String {
        (0..<count).map { "Line \($0 &* 7919 &+ seed) of é, \($0 % 3 == 0 ? "\n" : "")and  more.\n" }.joined()
    }

    /// A text, a directory, JSON lines, prompts and answers, and a table with classes.
    private static func sources(_ directory: TemporaryDirectory) throws -> [TextData] {
        let text = directory.file("text.txt")
        try File.writeAtomically(lines(300), to: text)
        let folder = directory.file("texts")
        try Directory.create(folder)
        for i in 0..<3 { try File.writeAtomically(lines(40, i), to: Path.join(folder, "\(i).txt")) }
        let json = directory.file("lines.jsonl")
        let line = (0..<50).map { #"{"text":"number \#($0) é","question":"\#($0)+1","answer":"\#($0 + 1)"}"# }
        try File.writeAtomically(line.joined(separator: "\n\t \r\n\n") + "\n", to: json)
        let table = directory.file("table.csv")
        let rows = (0..<40).map { "the text \($0),\($0 % 2 == 0 ? "even" : "odd")" }
        try File.writeAtomically((["text,class"] + rows).joined(separator: "\n"), to: table)
        var sources = [
            TextData(path: text), TextData(path: folder), TextData(path: json), TextData(path: json),
            TextData(path: table),
        ]
        sources[0].stride = 3
        for i in 0..<3 { sources[i].context = 16 }
        sources[2].field = "text"
        (sources[3].prompt, sources[3].answer) = ("question", "answer")
        (sources[4].column, sources[4].target) = ("text", "class")
        return sources
    }

    private static let split = DataSplit(validation: 0.2, test: 0.1, seed: 5)

    private static func bytes(_ parts: TextReader.Parts) -> [[UInt8]?] {
        [parts.train, parts.validation, parts.test].map { $0.map { Array($0.serialized) } }
    }

    private static func reader(_ cache: String) -> TextReader {
        TextReader(cacheDirectory: cache, smallestCached: 1)
    }

    @Test func cachedDataAreThoseInMemory() throws {
        let tokenizers: [TextData.Tokens] = [
            .characters, .bytes, .words(minimum: 1), .words(minimum: 2),
            .file(TextFixtures.path("gpt2.json")),
            .file(TextFixtures.path("llama3.json")), .file(TextFixtures.path("llama2.json")),
        ]
        for source in try Self.sources(directory) {
            for tokens in tokenizers {
                var data = source
                data.tokens = tokens
                var (plain, first, second) = (TextReader(), Self.reader(cache), Self.reader(cache))
                let expected = Self.bytes(try plain.read(data, divided: Self.split))
                let made = try first.read(data, divided: Self.split)
                let found = try second.read(data, divided: Self.split)
                #expect(Self.bytes(made) == expected && Self.bytes(found) == expected)
                #expect(!expected.isEmpty && made.train.isMapped && found.train.isMapped)
                for reader in [first, second] {
                    #expect(reader.known == plain.known && reader.context == plain.context)
                    #expect(reader.classNames == plain.classNames && reader.notes == plain.notes)
                }
                #expect(found.train.contentHash() == SHA256.digest(of: expected[0] ?? []))
                let whole = try TextReader().reading(data)
                #expect(Array(try Self.reader(cache).reading(data).serialized) == Array(whole.serialized))
            }
        }
        // Nothing of the work is left behind.
        let left = try Directory.list(cache).filter { $0.hasSuffix(".tokens") || $0.hasSuffix(".new") }
        #expect(left.isEmpty)
    }

    /// The time at which each file of a cache was written.
    private static func times(_ cache: String) throws -> [String: Double] {
        let names = try Directory.list(cache).filter { !$0.hasSuffix(".lock") }
        return Dictionary(
            uniqueKeysWithValues: names.map { ($0, File.modified(Path.join(cache, $0)) ?? 0) })
    }

    @Test func nothingIsMadeTwice() throws {
        let data = try Self.sources(directory)[0]
        var reader = Self.reader(cache)
        _ = try reader.read(data, divided: Self.split)
        let times = try Self.times(cache)
        #expect(times.count == 5)  // three parts, the entry, and the entry for the trained model
        var second = Self.reader(cache)
        _ = try second.read(data, divided: Self.split)
        // As an evaluation reads them, which knows the tokenizer.
        var later = TextReader(tokenizer: reader.known, cacheDirectory: cache, smallestCached: 1)
        _ = try later.read(data, divided: Self.split)
        #expect(try Self.times(cache) == times)
    }

    /// Everything that decides the tokens or the samples has an entry of its own.
    @Test func otherOptionsAreOtherEntries() throws {
        let data = try Self.sources(directory)[0]
        var changed = data
        changed.stride = 5
        var bytes = data
        bytes.tokens = .bytes
        for data in [data, changed, bytes] {
            let plain = try TextReader().reading(data)
            #expect(Array(try Self.reader(cache).reading(data).serialized) == Array(plain.serialized))
        }
        // The same path with another text of the same length.
        let text = try File.readText(data.path, limit: 1 << 20)
        try File.writeAtomically(text.replacing("Line", with: "LINE"), to: data.path)
        let plain = try TextReader().reading(data)
        #expect(Array(try Self.reader(cache).reading(data).serialized) == Array(plain.serialized))
    }

    @Test(arguments: ["flipped", "truncated", "empty"])
    func damagedFilesAreMadeAnew(damage: String) throws {
        let data = try Self.sources(directory)[0]
        let expected = Array(try TextReader().reading(data).serialized)
        for ending in [".json", ".dataset"] {
            _ = try Self.reader(cache).reading(data)
            for name in try Directory.list(cache) where name.hasSuffix(ending) {
                let path = Path.join(cache, name)
                var bytes = try File.read(path, limit: 1 << 24)
                switch damage {
                case "flipped": bytes[bytes.count / 2] ^= 4
                case "truncated": bytes.removeLast(bytes.count / 3)
                default: bytes = []
                }
                try File.writeAtomically(bytes, to: path)
            }
            #expect(Array(try Self.reader(cache).reading(data).serialized) == expected)
            #expect(Array(try Self.reader(cache).reading(data).serialized) == expected)
        }
    }

    /// Threads stand for processes: the lock is a file's.
    @Test func manyAtTheSameTime() throws {
        let data = try Self.sources(directory)[0]
        let expected = Array(try TextReader().reading(data).serialized)
        let good = Mutex(0)
        let cache = cache
        let threads = try (0..<6).map { i in
            try Thread(named: "text \(i)") {
                let dataset = try? Self.reader(cache).reading(data)
                if let dataset, Array(dataset.serialized) == expected { good.withLock { $0 += 1 } }
            }
        }
        for thread in threads { thread.join() }
        #expect(good.withLock { $0 } == 6)
    }

    /// Pieces of any size have the tokens of the whole.
    @Test(arguments: TextFixtures.names)
    func piecesHaveTheTokensOfTheWhole(name: String) throws {
        let tokenizer = try Tokenizer(path: TextFixtures.path(name + ".json"))
        var text = Array(Self.lines(60).utf8)
        for string in try TextFixtures.strings().prefix(200) { text += string + Array(".\nNext".utf8) }
        let whole = try tokenizer.encode(text)
        for size in [1, 7, 64, 1000] {
            var (pieces, ids) = (0, [Int32]())
            var encoder = Tokenizer.Encoder(tokenizer)
            try text.withUnsafeBufferPointer { text in
                try encoder.encode(long: text, pieceSize: size) { part, _ in
                    ids += part
                    pieces += 1
                }
            }
            #expect(ids == whole)
            #expect(pieces > 1 || ["added", "llama2", "metaspace", "metaspace-first"].contains(name))
        }
    }

    @Test func faultsOfLaterPiecesHaveTheirPlaceInTheText() throws {
        let tokenizer = try Tokenizer.characters(of: [], hasEnd: false, text: "ab\n.")
        var encoder = Tokenizer.Encoder(tokenizer)
        let text = Array("ab.\nab.\nab.\naXb".utf8)
        #expect {
            try text.withUnsafeBufferPointer { try encoder.encode(long: $0, pieceSize: 3) { _, _ in } }
        } throws: {
            "\($0)".hasPrefix("line 4, column 2 of the text: the training text has no character `X`")
        }
    }
}

extension Tokenizer {
    fileprivate static func characters(of _: [Int], hasEnd: Bool, text: String) throws -> Tokenizer {
        try Array(text.utf8).withUnsafeBufferPointer { try characters(of: [$0], hasEnd: hasEnd) }
    }
}
