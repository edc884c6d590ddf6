import Platform
import Synchronization
import System
import Telemetry
import Testing

@Suite struct LogTests {
    private func makeLog(_ screen: Screen, minimum: LogLevel = .info) -> Log {
        Log(
            source: "coordinator", console: screen.console(isTerminal: false), minimum: minimum,
            wallClock: { 1_000_000_000 }, utcOffset: { _ in 0 })
    }

    /// Passes the path of a new file, which is removed afterwards.
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

    @Test func eventsBeforeTheFileAreKept() throws {
        try withFile { path in
            let screen = Screen()
            let log = makeLog(screen)
            log.record(.worker(.left(WorkerName(1))))
            log.record(.checkpoint(.snapshotCompleted(step: 3)))
            log.write(to: try AppendFile(path))
            log.record(.audit(.impossible))
            #expect(
                screen.take() == "01:46:40 coordinator: worker 1 has left\n"
                    + "01:46:40 coordinator: warning: audit: with one worker there is nothing to compare\n",
                "events below the minimum are in the file only")
            #expect(
                try lines(path).map { $0.split(separator: ",").dropFirst().prefix(4).joined(separator: ",") }
                    == [
                        #""level":"info","source":"coordinator","event":"worker_left","worker":1"#,
                        #""level":"debug","source":"coordinator","event":"snapshot_completed","step":3"#,
                        #""level":"warning","source":"coordinator","event":"audit_impossible","#
                            + #""message":"audit: with one worker there is nothing to compare"}"#,
                    ])
        }
    }

    /// Steps are in `metrics.jsonl`, and the progress line shows them with the epochs.
    @Test func stepsAreNotInTheLog() throws {
        try withFile { path in
            let screen = Screen()
            let log = makeLog(screen, minimum: .debug)
            log.write(to: try AppendFile(path))
            log.record(.training(.stepFinished(StepSummary(step: 1, epoch: 1, samples: 1, values: []))))
            log.record(
                .training(.epochFinished(EpochSummary(epoch: 1, epochs: 1, step: 1, train: [], seconds: 1))))
            #expect(screen.take() == "")
            #expect(try lines(path).count == 1 && lines(path)[0].contains("\"event\":\"epoch_finished\""))
        }
    }

    @Test func sinksReceiveWhatIsRecordedWhileTheyAreThere() {
        let log = makeLog(Screen())
        let sink = Collector()
        log.record(.checkpoint(.requested))
        log.add(sink)
        log.record(.ending(.stopRequested))
        log.record(.training(.stepFinished(StepSummary(step: 1, epoch: 1, samples: 1, values: []))))
        log.remove(sink)
        log.record(.checkpoint(.requested))
        #expect(
            sink.names == [
                "stop_requested coordinator 1000000000.0", "step_finished coordinator 1000000000.0",
            ])
    }

    @Test func aFileThatFailsIsComplainedAboutOnce() throws {
        try withFile { path in
            let screen = Screen()
            let log = makeLog(screen)
            let file = try AppendFile(path)
            log.write(to: file)
            try file.close()
            for _ in 0..<3 { log.record(.run(.readingData)) }
            let shown = screen.take()
            #expect(
                shown.components("the log is incomplete") == 1
                    && shown.components("coordinator: reading the data\n") == 3)
        }
    }

    @Test func manyThreadsKeepLinesWhole() async throws {
        let screen = Screen()
        let log = makeLog(screen)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<200 { log.record(.run(.readingData)) } } }
        }
        let lines = screen.take().split(separator: "\n")
        #expect(lines.count == 1600 && lines.allSatisfy { $0 == "01:46:40 coordinator: reading the data" })
    }
}

/// Keeps the names of the events that it receives, with their source and time.
private final class Collector: EventSink {
    private let state = Mutex<[String]>([])

    var names: [String] { state.withLock { $0 } }

    func receive(_ event: RunEvent, at time: Double, from source: String) {
        state.withLock { $0.append("\(event.facts.name) \(source) \(time)") }
    }
}

extension String {
    /// The number of times that `part` occurs.
    fileprivate func components(_ part: String) -> Int {
        var (count, rest) = (0, self[...])
        while let range = rest.firstRange(of: part) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
