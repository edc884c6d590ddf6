import Telemetry
import Testing

@Suite struct TimeLineTests {
    private func facts(_ event: RunEvent) -> EventFacts { event.facts }

    @Test func anEntryHasTheEventsFacts() {
        var line = TimeLine()
        line.add(
            RunEvent.worker(.lost(EventExample.two, reason: "silent", rank: 1, step: 12, phase: nil)).facts,
            at: 5)
        let entry = line.entries[0]
        #expect(entry.number == 1 && entry.time == 5 && entry.event == "worker_lost")
        #expect(entry.level == .warning && entry.worker == 2 && entry.step == 12)
        #expect(entry.text == "worker 2 (node2) is lost in step 12: silent")
    }

    /// Joins, losses, recoveries and checkpoints outlive any number of other events.
    @Test func whatMattersIsKept() {
        var line = TimeLine()
        func add(_ event: RunEvent) { line.add(event.facts, at: 0) }
        add(.worker(.joined(EventExample.one)))
        add(.worker(.lost(EventExample.one, reason: "silent")))
        add(.generation(.recoveryStarted(step: 1, lostSteps: 1)))
        add(.checkpoint(.written(step: 3, path: "x", isRequested: false)))
        for step in 1...5_000 { add(.checkpoint(.snapshotCompleted(step: step))) }
        for _ in 1...500 { add(.checkpoint(.requested)) }
        #expect(line.entries.count == TimeLine.mostEntries)
        #expect(line.count == 5_504 && line.count - line.entries.count == 4_504)
        #expect(
            line.entries.prefix(4).map(\.event)
                == ["worker_joined", "worker_lost", "recovery_started", "checkpoint_written"])
        // The newest of the others are there.
        #expect(line.entries[4].step == 5_000 - 496 + 1)
        #expect(line.entries.suffix(500).allSatisfy { $0.event == "checkpoint_requested" })
    }

    /// A night without workers: an entry every 10 s.
    @Test func waitingHidesNothing() {
        var line = TimeLine()
        line.add(RunEvent.worker(.lost(EventExample.one, reason: "silent")).facts, at: 0)
        let missing = RunEvent.worker(.missing(ready: 0, needed: 1, paused: 0, hasBegun: true))
        for _ in 1...3_000 { line.add(missing.facts, at: 0) }
        #expect(line.entries.count == TimeLine.mostEntries && line.entries[0].event == "worker_lost")
    }

    /// A thousand losses make room for a newer one.
    @Test func theOldestGoesFirst() {
        var line = TimeLine()
        for step in 1...1_001 {
            line.add(RunEvent.worker(.lost(EventExample.one, reason: "x", step: step)).facts, at: 0)
        }
        #expect(line.entries.count == 1_000 && line.entries[0].step == 2)
    }

    @Test func stepsAndEpochsAreNoEntries() {
        var line = TimeLine()
        let step = StepSummary(step: 1, epoch: 1, samples: 1, values: [])
        let epoch = EpochSummary(epoch: 1, epochs: 1, step: 1, train: [], seconds: 0)
        for event: RunEvent in [
            .training(.stepFinished(step)), .training(.stepLogged(step)), .training(.epochFinished(epoch)),
            .timing(.epoch(EpochTimes(epoch: 1, workers: []))), .worker(.observed(EventExample.observation)),
        ] { line.add(event.facts, at: 0) }
        #expect(line.entries.isEmpty && line.count == 0)
    }

    @Test func entriesBehindANumber() {
        var line = TimeLine()
        for _ in 1...3 { line.add(RunEvent.checkpoint(.requested).facts, at: 0) }
        #expect(line.entries(after: 0).map(\.number) == [1, 2, 3])
        #expect(line.entries(after: 2).map(\.number) == [3])
        #expect(line.entries(after: 3).isEmpty)
    }

    @Test func aLongSentenceIsCut() {
        var line = TimeLine()
        line.add(RunEvent.timing(.steps(table: String(repeating: "x", count: 1 << 20))).facts, at: 0)
        #expect(line.entries[0].text.count == TimeLine.longestText)
    }
}
