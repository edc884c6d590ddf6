import Cluster
import Datasets
import Synchronization
import System
import TestSupport
import Testing
import Threads

/// One fetch per machine; what lies damaged on the disk is fetched anew.
@Suite struct DataCacheTests {
    private struct Fetched {
        let ticket: DatasetTicket
        let bytes: [UInt8]

        init() throws {
            let dataset = try Digits.load().validation
            bytes = Array(dataset.serialized)
            ticket = DatasetTicket(role: .validation, hash: dataset.contentHash(), byteCount: bytes.count)
        }
    }

    private func path(_ directory: TemporaryDirectory, _ ticket: DatasetTicket) -> String {
        directory.file(TextFormat.hex(ticket.hash) + ".dataset")
    }

    @Test func fetchedOnce() throws {
        let (directory, source) = (try TemporaryDirectory(), try Fetched())
        var fetches = 0
        for _ in 0..<3 {
            let dataset = try DataCache(directory.path).dataset(source.ticket) {
                fetches += 1
                return source.bytes
            }
            #expect(Array(dataset.serialized) == source.bytes)
            #expect(dataset.count == Digits.validationCount)
        }
        #expect(fetches == 1)
    }

    /// Threads with caches of their own stand for processes: the lock is a file's.
    @Test func fetchedOnceByMany() throws {
        let (directory, source) = (try TemporaryDirectory(), try Fetched())
        let (fetches, good) = (Count(), Count())
        let threads = try (0..<6).map { i in
            let (path, bytes, ticket) = (directory.path, source.bytes, source.ticket)
            return try Thread(named: "cache \(i)") {
                let dataset = try? DataCache(path).dataset(ticket) {
                    fetches.add()
                    return bytes
                }
                if let dataset, Array(dataset.serialized) == bytes { good.add() }
            }
        }
        for thread in threads { thread.join() }
        #expect(fetches.value == 1)
        #expect(good.value == 6)
    }

    @Test(arguments: ["flipped", "truncated", "empty", "longer"])
    func damagedFilesAreFetchedAnew(damage: String) throws {
        let (directory, source) = (try TemporaryDirectory(), try Fetched())
        let cache = try DataCache(directory.path)
        _ = try cache.dataset(source.ticket) { source.bytes }
        var bytes = source.bytes
        switch damage {
        case "flipped": bytes[bytes.count / 2] ^= 1
        case "truncated": bytes.removeLast()
        case "empty": bytes = []
        default: bytes.append(0)
        }
        try File.writeAtomically(bytes, to: path(directory, source.ticket))
        var fetches = 0
        let dataset = try cache.dataset(source.ticket) {
            fetches += 1
            return source.bytes
        }
        #expect(fetches == 1)
        #expect(Array(dataset.serialized) == source.bytes)
        #expect(try File.read(path(directory, source.ticket), limit: 1 << 20) == source.bytes)
    }

    /// A file without the promised content is not kept.
    @Test func wrongContentIsRefused() throws {
        let (directory, source) = (try TemporaryDirectory(), try Fetched())
        var wrong = source.bytes
        wrong[100] ^= 4
        #expect(throws: SystemError.self) { try DataCache(directory.path).dataset(source.ticket) { wrong } }
        #expect(!File.exists(path(directory, source.ticket)))
        _ = try DataCache(directory.path).dataset(source.ticket) { source.bytes }
    }

    @Test func placesThatCannotBeMade() throws {
        #expect {
            try DataCache("/proc/no/such/place")
        } throws: {
            "\($0)".contains("--cache-dir")
        }
    }
}

private final class Count: Sendable {
    private let count = Atomic<Int>(0)
    func add() { count.add(1, ordering: .relaxed) }
    var value: Int { count.load(ordering: .relaxed) }
}
