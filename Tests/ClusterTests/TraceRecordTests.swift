import Cluster
import Collectives
import Configuration
import TestSupport
import Testing

@Suite struct TraceRecordTests {
    /// Times that no decimal holds: rounding must not let a child out of its parent.
    private func spans(_ step: Int) -> [Span] {
        let begin = 1e6 + Double(step) / 7
        let times = (0...6).map { begin + Double($0) / 61 }
        return [
            Span(.data, step: step, begin: times[0], end: times[1]),
            Span(.statistics, step: step, begin: times[1], end: times[2]),
            Span(.layerForward, step: step, begin: times[1], end: times[2], layer: 8),
            Span(.forward, step: step, begin: times[1], end: times[2]),
            Span(.backward, step: step, begin: times[2], end: times[4]),
            Span(.gradients, step: step, begin: times[4], end: times[6]),
            Span(.update, step: step, begin: times[3], end: times[5], busy: 1e-3),
        ]
    }

    private func events(_ trace: TraceRecord) throws -> [ConfigValue] {
        let diagnostics = Diagnostics()
        let value = JSON5.parse(trace.json { "layer\"\($0)" }, name: "trace", diagnostics: diagnostics)
        try diagnostics.check()
        return try #require(value?["traceEvents"]?.elements)
    }

    @Test func isJSONWithNestedEvents() throws {
        var trace = TraceRecord(path: "", start: 0)
        for worker in [3, 5] {
            for step in 0..<50 {
                trace.add(spans(step), worker: worker, name: "host \"x\"/\(worker)", rank: worker / 4)
            }
            trace.add(
                [Span(.evaluation, step: 50, begin: 1e6 + 50 / 7, end: 1e6 + 50 / 7 + 1)], worker: worker,
                name: "", rank: 0)
        }
        let events = try events(trace)
        #expect(events.count { $0["ph"] == "M" } == 6)
        #expect(
            events.contains { $0["args"]?["name"] == "worker 3, rank 0 (host \"x\"/3)" } == false,
            "the newest name counts")
        let spans = try TraceEvent.checked(events)
        #expect(spans.count == 2 * (50 * 8 + 1))
        #expect(spans.count { $0.name == "step" } == 100)
        #expect(spans.count { $0.name == "layer\"8" } == 100)
        #expect(spans.allSatisfy { ($0.thread == 2) == ($0.name == "update") })
        #expect(spans.first { $0.name == "step" }?.begin == 0)
        #expect(trace.extent == "steps 1 to 50")
    }

    @Test func isBounded() throws {
        var trace = TraceRecord(path: "", start: 10)
        for step in 10..<(10 + TraceRecord.mostSteps + 5) {
            trace.add(spans(step), worker: 1, name: "w", rank: 0)
        }
        #expect(trace.extent == "steps 11 to 2010 (no more are kept)")
        #expect(try events(trace).count { $0["name"] == "step" } == TraceRecord.mostSteps)
    }

    @Test func emptyIsValid() throws {
        #expect(try events(TraceRecord(path: "", start: 0)).isEmpty)
    }
}
