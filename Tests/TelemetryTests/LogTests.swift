import Platform
import System
import Telemetry
import Testing

@Suite struct LogTests {
    private func makeLog(_ screen: Screen) -> Log {
        Log(
            source: "coordinator", console: screen.console(isTerminal: false), wallClock: { 1_000_000_000 },
            utcOffset: { _ in 0 })
    }

    /// A file of its own, removed afterwards.
    private func withFile(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/telemetry-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        try #require(descriptor >= 0)
        close(descriptor)
        let path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        defer { unlink(path) }
        try body(path)
    }

    private func lines(_ path: String) throws -> [Substring] {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
    }

    @Test func recordsBeforeTheFileAreKept() throws {
        try withFile { path in
            let screen = Screen()
            let log = makeLog(screen)
            log.info("first", ["port": 7070])
            log.debug("unseen")
            log.record(in: try AppendFile(path))
            log.warning("second")
            #expect(screen.take() == "01:46:40 coordinator: first\n01:46:40 coordinator: warning: second\n")
            let head = #"{"time":"2001-09-09T01:46:40.000Z","level":"#
            #expect(
                try lines(path) == [
                    #"\#(head)"info","source":"coordinator","message":"first","port":7070}"#[...],
                    #"\#(head)"debug","source":"coordinator","message":"unseen"}"#[...],
                    #"\#(head)"warning","source":"coordinator","message":"second"}"#[...],
                ])
        }
    }

    @Test func aFileThatFailsIsComplainedAboutOnce() throws {
        try withFile { path in
            let screen = Screen()
            let log = makeLog(screen)
            let file = try AppendFile(path)
            log.record(in: file)
            try file.close()
            for _ in 0..<3 { log.info("x") }
            let shown = screen.take()
            #expect(
                shown.components("the log is incomplete") == 1 && shown.components("coordinator: x\n") == 3)
        }
    }

    @Test func manyThreadsKeepLinesWhole() async throws {
        let screen = Screen()
        let log = makeLog(screen)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<200 { log.info("a line of text") } } }
        }
        let lines = screen.take().split(separator: "\n")
        #expect(lines.count == 1600 && lines.allSatisfy { $0 == "01:46:40 coordinator: a line of text" })
    }
}

extension String {
    /// How often `part` occurs.
    fileprivate func components(_ part: String) -> Int {
        var (count, rest) = (0, self[...])
        while let range = rest.firstRange(of: part) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
