import Cluster
import Collectives
import Testing
import Training

/// Messages whose bytes are well-formed and whose values are impossible.
@Suite struct MessageRangeTests {
    private func isRefused<Value: MessageValue>(_ value: Value) -> Bool {
        do {
            _ = try value.encoded.withUnsafeBytes { try Value(decoding: $0, named: "test") }
            return false
        } catch {
            return error is MalformedMessage
        }
    }

    private func changed<Value>(_ value: Value, _ change: (inout Value) -> Void) -> Value {
        var value = value
        change(&value)
        return value
    }

    @Test func inconsistentFormations() {
        func refused(_ change: (inout Formation) -> Void) -> Bool {
            isRefused(changed(MessageExamples.formation, change))
        }
        #expect(!refused { _ in })
        #expect(refused { $0.rank = 3 })
        #expect(refused { $0.rank = -1 })
        #expect(refused { $0.owners[5] = 3 })
        #expect(refused { $0.cuts = [0, 8] })
        #expect(refused { $0.cuts = [0, 5, 3, 8] })
        #expect(refused { $0.cuts = [1, 3, 4, 8] })
        #expect(refused { $0.cuts = [.min, 3, 4, 8] })
        #expect(refused { $0.firstStep = -1 })
        #expect(refused { $0.members = [] })
        #expect(refused { $0.firstStep = .max })
        #expect(refused { $0.members[1].endpoints = [] }, "nobody could dial it")
        #expect(refused { $0.learningRateFactor = .nan })
        #expect(refused { $0.audit?.fraction = 1.5 })
    }

    @Test func absurdWelcomes() {
        func refused(_ change: (inout Welcome) -> Void) -> Bool {
            isRefused(changed(MessageExamples.welcome, change))
        }
        #expect(!refused { _ in })
        for seconds in [Double.nan, .infinity, 0, -1] {
            #expect(refused { $0.peerTimeout = seconds }, "\(seconds)")
        }
        for bytes in [Int.min, -1, 0, 1 << 47, .max] {
            #expect(refused { $0.datasets[0].byteCount = bytes }, "\(bytes)")
        }
        #expect(refused { $0.datasets[0].hash = [] })
    }

    /// Times that no clock can have shown would corrupt sums and traces.
    @Test func impossibleTimes() {
        for (begin, end, busy) in [
            (2.0, 1.0, 0.0), (1, 2, 3), (1, .nan, 0), (.infinity, .infinity, 0), (1e12, 1e12, 0), (1, 2, -1),
        ] {
            var message = TimingMessage(
                offset: 0, through: 1, spans: [Span(.data, step: 0, begin: 1, end: 2)])
            message.spans[0].begin = begin
            message.spans[0].end = end
            message.spans[0].busy = busy
            #expect(isRefused(message), "\(begin) \(end) \(busy)")
        }
        for offset in [Double.nan, .infinity, 1e10] {
            #expect(isRefused(TimingMessage(offset: offset, through: 1, spans: [])))
        }
    }

    /// A span of a step that the job does not have would be waited for without end.
    @Test func stepsThatTheJobDoesNotHave() {
        func spans(_ steps: [Int]) -> TimingMessage {
            TimingMessage(
                offset: 0, through: .max, spans: steps.map { Span(.data, step: $0, begin: 1, end: 2) })
        }
        #expect(spans([]).isWithin(steps: 0) && spans([0, 7, 3]).isWithin(steps: 7))
        #expect(!spans([0, 8]).isWithin(steps: 7) && !spans([1 << 47]).isWithin(steps: 7))
    }

    @Test func impossibleNumbers() {
        for step in [-1, .min, 1 << 48, .max] {
            #expect(isRefused(StepReport(step: step, clock: 0, values: [])))
            #expect(isRefused(EvaluationReport(set: .validation, step: step, firstChunk: 0, reports: [])))
            #expect(isRefused(Decision(step: step)))
        }
        #expect(isRefused(EvaluationReport(set: .validation, step: 0, firstChunk: -1, reports: [])))
        #expect(isRefused(WorkerFailure(reason: "", divergedStep: -1)))
        #expect(isRefused(PeerFailure(rank: -1, reason: "")))
        #expect(isRefused(DataChunk(dataset: -1, number: 0)) && isRefused(DataChunk(dataset: 0, number: -1)))
        for factor in [-1, Double.nan, .infinity] { #expect(isRefused(Decision(step: 1, factor: factor))) }
    }

    /// A sender makes one line of any text; a receiver refuses what no sender makes.
    @Test func sentences() throws {
        #expect(Sentence("a\nb\u{1b}[31m\u{7f}").text == "a b [31m ")
        let long = Sentence(String(repeating: "é", count: 1500))
        #expect(long.text == String(repeating: "é", count: 1000))
        #expect(Sentence(long.text) == long)
        #expect(!isRefused(long))
        for text in ["a\nb", "\u{7f}", String(repeating: "x", count: 2001)] {
            let bytes = text.encoded
            #expect(throws: MalformedMessage.self) {
                try bytes.withUnsafeBytes { try Sentence(decoding: $0, named: "test") }
            }
        }
    }

    @Test func chunksCoverADataSet() {
        for (bytes, chunks) in [(0, 0), (1, 1), (1 << 20, 1), ((1 << 20) + 1, 2), (5_000_000, 5)] {
            let ticket = DatasetTicket(role: .train, hash: [], byteCount: bytes)
            #expect(ticket.chunkCount == chunks)
            let ranges = (0..<chunks).map { ticket.range(ofChunk: $0) }
            #expect(ranges.reduce(0) { $0 + $1.count } == bytes)
            #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
        }
    }

    /// Long reports are divided between messages, and every chunk's report arrives once, in order.
    @Test func evaluationsAreDivided() {
        let width = 3
        let reports = (0..<(7 * width)).map(Double.init)
        for limit in [1, 3, 5, 6, 20, 21, 1000] {
            let messages = EvaluationReport.divided(
                .test, step: 9, chunks: 4..<11, reports: reports, limit: limit)
            #expect(messages.flatMap(\.reports) == reports)
            #expect(messages.allSatisfy { $0.set == .test && $0.step == 9 })
            #expect(messages.allSatisfy { $0.reports.count <= max(width, limit) })
            var next = 4
            for message in messages {
                #expect(message.firstChunk == next)
                next += message.reports.count / width
            }
            #expect(next == 11)
        }
        #expect(EvaluationReport.divided(.test, step: 9, chunks: 4..<4, reports: []).isEmpty)
    }
}
