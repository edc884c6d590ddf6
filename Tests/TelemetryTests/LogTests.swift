import Platform
import Synchronization
import System
import Telemetry
import Testing

@Suite struct LogTests {
    private func makeLog(_ screen: Screen, verbosity: Verbosity = .normal) -> Log {
        Log(
            source: "coordinator", console: screen.console(isTerminal: false), verbosity: verbosity,
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
                "others are in the file only")
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
            let log = makeLog(screen, verbosity: .verbose)
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
            for _ in 0..<3 { log.record(.checkpoint(.requested)) }
            let shown = screen.take()
            #expect(
                shown.components("log.jsonl is incomplete from now on: cannot write") == 1
                    && shown.components("coordinator: a checkpoint was requested\n") == 3)
            // The complaint itself is one of the records that are dropped.
            #expect(log.dropped.map(\.count) == [4])
            log.recordLosses()
            #expect(screen.take().components("log.jsonl lacks 4 records that could not be written\n") == 1)
        }
    }

    /// On a terminal a process does not name itself, unless everything is shown; lines are broken between
    /// words, but for commands; and a complaint that repeats itself is shown once until the training goes on.
    @Test func aTerminalIsReadByAPerson() {
        let screen = Screen()
        func log(_ verbosity: Verbosity) -> Log {
            Log(
                source: "coordinator", console: screen.console(isTerminal: true, width: 40),
                verbosity: verbosity, wallClock: { 0 }, utcOffset: { _ in 0 })
        }
        let normal = log(.normal)
        normal.record(.worker(.lost(WorkerName(2, name: "node2/815"), reason: "it hangs", step: 7)))
        #expect(screen.take() == "00:00:00 warning: worker 2 (node2) is\n         lost in step 7: it hangs\n")
        normal.record(.generation(.ending(number: 1, reason: "r")))
        #expect(screen.take() == "")
        log(.verbose).record(.generation(.ending(number: 1, reason: "r")))
        #expect(screen.take() == "00:00:00 coordinator: the workers\n         regroup after this step: r\n")
        let join = "dist-train worker --join 10.0.0.5"
        normal.record(.run(.listening(host: "::", port: 7070, joinCommand: join)))
        #expect(screen.take() == "00:00:00 listening on [::]:7070; a worker joins with:  \(join)\n")
        // The link itself is shown, which no event holds.
        let page = RunEvent.run(.pageListening(address: "http://127.0.0.1:1/", linkFile: "runs/a/page"))
        normal.record(page)
        #expect(screen.take() == "")
        log(.verbose).record(page)
        #expect(screen.take().components("runs/a/page") == 1)
        for _ in 0..<3 {
            normal.record(.worker(.missing(ready: 0, needed: 1, paused: 0, hasBegun: true)))
        }
        #expect(screen.take().components("no progress") == 1)
        normal.record(.generation(.started(number: 2, workers: 1, step: 7)))
        normal.record(.worker(.missing(ready: 0, needed: 1, paused: 0, hasBegun: true)))
        #expect(screen.take().components("no progress") == 1)
        log(.quiet).record(.run(.listening(host: "::", port: 7070, joinCommand: join)))
        #expect(screen.take() == "")
    }

    @Test func manyThreadsKeepLinesWhole() async throws {
        let screen = Screen()
        let log = makeLog(screen)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<200 { log.record(.checkpoint(.requested)) } } }
        }
        let lines = screen.take().split(separator: "\n")
        #expect(
            lines.count == 1600
                && lines.allSatisfy { $0 == "01:46:40 coordinator: a checkpoint was requested" })
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
