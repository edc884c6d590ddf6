import Platform
import Synchronization
import System
import TestSupport
import Testing

/// Lines wait while they cannot be written, and none is lost or changes its place.
@Suite struct PatientFileTests {
    /// A disk of so many bytes, which takes a block or refuses it.
    private final class Disk: Sendable {
        private struct State {
            var room: Int
            var bytes: [UInt8] = []
            var attempts = 0
        }

        private let state: Mutex<State>

        init(room: Int) { state = Mutex(State(room: room)) }

        func write(_ block: [UInt8]) throws {
            try state.withLock { state in
                state.attempts += 1
                guard block.count <= state.room else {
                    throw SystemError(cannot: "write", "metrics.jsonl", code: ENOSPC)
                }
                state.room -= block.count
                state.bytes += block
            }
        }

        func add(_ room: Int) { state.withLock { $0.room += room } }
        var text: String { state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }
        var attempts: Int { state.withLock { $0.attempts } }
    }

    private func file(_ disk: Disk, limit: Int = 1 << 20) -> PatientFile {
        PatientFile("metrics.jsonl", limit: limit, write: { try disk.write($0) })
    }

    @Test func linesWaitAndComeInTheirOrder() throws {
        let disk = Disk(room: 5)
        let file = file(disk)
        try file.append("1234")
        #expect(file.backlog == nil && disk.text == "1234\n")
        for line in ["a", "bc", ""] { try file.append(line) }
        let backlog = try #require(file.backlog)
        #expect(backlog.lines == 3 && backlog.bytes == 6)
        #expect(backlog.reason.hasPrefix("cannot write `metrics.jsonl`: no space left on the device; free"))
        #expect(throws: SystemError.self) { try file.flush() }
        disk.add(2)
        // There is room for the first of them alone.
        #expect(throws: SystemError.self) { try file.flush() }
        #expect(disk.text == "1234\na\n" && file.backlog?.lines == 2)
        disk.add(100)
        try file.append("d")
        #expect(disk.text == "1234\na\nbc\n\nd\n" && file.backlog == nil)
        try file.synchronize()
    }

    /// Whatever room there is and when it comes: what is written are the first lines, and in the end all.
    @Test(arguments: UInt64(1)...20) func anyRoom(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let disk = Disk(room: 0)
        let file = file(disk)
        var expected = ""
        for number in 0..<300 {
            let line = "\(number)" + String(repeating: "x", count: Int(random.next() % 20))
            expected += line + "\n"
            if random.next() % 4 == 0 { disk.add(Int(random.next() % 200)) }
            try file.append(line)
            #expect(expected.hasPrefix(disk.text))
            #expect(disk.text.utf8.count + (file.backlog?.bytes ?? 0) == expected.utf8.count)
        }
        disk.add(1 << 20)
        try file.flush()
        #expect(disk.text == expected)
    }

    /// A full disk costs one attempt for each line, however many wait.
    @Test func aFullDiskIsAskedOnce() throws {
        let disk = Disk(room: 0)
        let file = file(disk)
        for _ in 0..<1000 { try file.append("line") }
        #expect(disk.attempts == 1000)
        disk.add(1 << 20)
        try file.flush()
        #expect(disk.text.utf8.count == 5000 && disk.attempts < 1020)
    }

    @Test func theLimit() throws {
        let disk = Disk(room: 0)
        let file = file(disk, limit: 1024)
        for _ in 0..<8 { try file.append(String(repeating: "x", count: 127)) }
        let error = #expect(throws: SystemError.self) { try file.append("one more") }
        #expect(
            error?.description.hasPrefix(
                "1.0 KiB of lines wait in memory for `metrics.jsonl`, and no more may:")
                == true)
        disk.add(2000)
        try file.flush()
        #expect(disk.text.hasSuffix("x\none more\n") && disk.text.utf8.count == 1033)
        #expect(PatientFile.usualLimit == 64 << 20)
    }

    /// A real disk that is full, and then is not.
    @Test(.enabled(if: SmallFileSystem.isPossible, "mounting a file system needs root"))
    func aFullDiskLetsLinesWait() async throws {
        try await onThread {
            let disk = try SmallFileSystem(bytes: 1 << 16)
            let path = Path.join(disk.path, "metrics.jsonl")
            let file = try PatientFile(path)
            let filler = Path.join(disk.path, "filler")
            disk.fill(filler)
            let lines = (0..<500).map { "\($0) " + String(repeating: "x", count: 50) }
            for line in lines { try file.append(line) }
            let backlog = try #require(file.backlog)
            #expect(backlog.lines > 300 && backlog.reason.contains("no space left on the device"))
            let written = try File.readText(path, limit: 1 << 20)
            #expect(written.isEmpty || written.hasSuffix("\n"))
            #expect(throws: SystemError.self) { try file.synchronize() }
            try File.remove(filler)
            try file.synchronize()
            #expect(file.backlog == nil)
            #expect(
                try File.readText(path, limit: 1 << 20) == lines.map { $0 + "\n" }.joined())
        }
    }
}
