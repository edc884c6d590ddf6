import Cluster
import Collectives
import Telemetry
import Testing

/// The phases in which members spend a step's time, from made-up timelines.
@Suite struct TimingRecordTests {
    private static let workers = [TimedWorker(id: 4, name: "a/1"), TimedWorker(id: 7, name: "b/2")]

    /// A step of 10 s: data 1, forward 3 with an exchange asked at `asked` and answered at 3.5, backward 4,
    /// and the end from `ready` to 10.
    private func step(_ step: Int, at begin: Double, asked: Double, ready: Double) -> [Span] {
        [
            Span(.data, step: step, begin: begin, end: begin + 1),
            Span(.statistics, step: step, begin: begin + asked, end: begin + 3.5),
            Span(.forward, step: step, begin: begin + 1, end: begin + 4),
            Span(.backward, step: step, begin: begin + 4, end: begin + ready),
            Span(.update, step: step, begin: begin + 8, end: begin + 9.5, busy: 0.5),
            Span(.gradients, step: step, begin: begin + ready, end: begin + 10),
        ]
    }

    /// The first member asks at 2 and the second at 3: of its 1.5 s the first waits 1 s for the second, which
    /// waits for nobody.
    @Test func dividesExchanges() {
        var record = TimingRecord(stepsPerEpoch: 1)
        record.begin(Self.workers, step: 0)
        #expect(record.add(rank: 0, through: 1, step(0, at: 100, asked: 2, ready: 8)) == [])
        #expect(record.workers.isEmpty, "the other member's times are needed")
        #expect(record.add(rank: 1, through: 1, step(0, at: 100, asked: 3, ready: 9)) == [])
        let (first, second) = (record.workers[0].times, record.workers[1].times)
        #expect(record.workers.map(\.worker) == Self.workers)
        #expect([first.data, first.forward, first.backward] == [1, 1.5, 4])
        #expect([first.statistics, first.gradients, first.waiting, first.update] == [0.5, 1, 2, 0.5])
        #expect([second.data, second.forward, second.backward] == [1, 2.5, 5])
        #expect([second.statistics, second.gradients, second.waiting, second.update] == [0.5, 1, 0, 0.5])
        #expect(first.total == 10 && second.total == 10 && first.steps == 1)
    }

    /// Nobody can have waited longer than the exchange lasted, or less than not at all, whatever the clocks
    /// say.
    @Test(arguments: [-50.0, -1, 0, 1, 50])
    func clocksThatDiffer(shift: Double) {
        var record = TimingRecord(stepsPerEpoch: 1)
        record.begin(Self.workers, step: 0)
        _ = record.add(rank: 0, through: 1, step(0, at: 100, asked: 2, ready: 8))
        _ = record.add(rank: 1, through: 1, step(0, at: 100 + shift, asked: 2, ready: 8))
        for (_, times) in record.workers {
            #expect(times.total == 10)
            for part in StepTimes.parts { #expect(times[keyPath: part.path] >= 0, "\(part.name)") }
            #expect(times.waiting <= 3.5)
        }
    }

    /// Messages hold several steps, and come from one member earlier than from the other.
    @Test func epochsAreReportedOnce() {
        var record = TimingRecord(stepsPerEpoch: 2)
        record.begin(Self.workers, step: 0)
        func spans(_ steps: Range<Int>) -> [Span] {
            steps.flatMap { step($0, at: Double(100 * $0), asked: 2, ready: 8) }
        }
        #expect(record.add(rank: 0, through: 5, spans(0..<5)) == [])
        #expect(
            record.add(rank: 1, through: 2, spans(0..<2)) == [],
            "an evaluation behind the epoch's last step belongs to it")
        #expect(record.add(rank: 1, through: 2, [Span(.evaluation, step: 2, begin: 200, end: 207)]) == [])
        let complete = record.add(rank: 1, through: 5, spans(2..<5))
        #expect(complete.map(\.epoch) == [1, 2])
        #expect(complete[0].workers.map(\.times.evaluation) == [0, 7])
        #expect(complete.flatMap { $0.workers.map(\.times.steps) } == [2, 2, 2, 2])
        let rest = record.finish()
        #expect(rest.map(\.epoch) == [3] && rest[0].workers.map(\.times.steps) == [1, 1])
        #expect(record.finish() == [])
        #expect(record.workers.map(\.times.steps) == [5, 5])
        #expect(record.workers.map(\.times.evaluation) == [0, 7])
    }

    /// In a job in which workers come and go, the times of the first of those that are gone become one;
    /// nothing is lost of the sums.
    @Test func manyComeAndGo() {
        var record = TimingRecord(stepsPerEpoch: 1_000_000)
        let count = TimingRecord.mostGone + 50
        for i in 0..<count {
            record.begin([TimedWorker(id: 1, name: "stays"), TimedWorker(id: 2 + i, name: "w\(i)")], step: i)
            for rank in 0..<2 {
                _ = record.add(rank: rank, through: i + 1, step(i, at: 0, asked: 2, ready: 8))
            }
        }
        record.begin([TimedWorker(id: 1, name: "stays")], step: count)
        let workers = record.workers
        #expect(workers.map(\.worker.id) == [0, 1] + (2 + 50..<2 + count))
        #expect(workers[0].worker.name == "the first 50 that are gone" && workers[0].times.steps == 50)
        #expect(workers[1].worker.name == "stays" && workers[1].times.steps == count)
        #expect(
            workers.dropFirst(2).allSatisfy {
                $0.worker.name == "w\($0.worker.id - 2)" && $0.times.steps == 1
            })
    }

    /// A generation that is given up leaves steps of some members only; the next one computes them again.
    @Test func nextGeneration() {
        var record = TimingRecord(stepsPerEpoch: 100)
        record.begin(Self.workers, step: 0)
        _ = record.add(rank: 0, through: 3, (0..<3).flatMap { step($0, at: Double($0), asked: 2, ready: 8) })
        let others = [Self.workers[1], TimedWorker(id: 9, name: "c/3")]
        record.begin(others, step: 1)
        for rank in 0..<2 {
            _ = record.add(
                rank: rank, through: .max, (1..<3).flatMap { step($0, at: Double($0), asked: 2, ready: 8) })
        }
        #expect(record.workers.map(\.worker) == others)
        #expect(record.workers.map(\.times.steps) == [2, 2])
        #expect(record.add(rank: 2, through: 9, []) == [], "there is no such member")
    }

    @Test func aTableForPeople() {
        var record = TimingRecord(stepsPerEpoch: 1)
        #expect(TimingReport.table(record.workers) == "")
        record.begin(Self.workers, step: 0)
        for rank in 0..<2 {
            _ = record.add(rank: rank, through: 1, step(0, at: 100, asked: 2 + Double(rank), ready: 8))
        }
        #expect(
            TimingReport.table(record.workers) == """
                worker  steps   ms/step         data      forward     backward\
                  statistics    gradients      waiting  update beside
                4 (a)       1  10000.00  1000.00 10%  1500.00 15%  4000.00 40%\
                   500.00 5%  2000.00 20%  1000.00 10%         500.00
                7 (b)       1  10000.00  1000.00 10%  2500.00 25%  4000.00 40%\
                   500.00 5%  2000.00 20%      0.00 0%         500.00
                """)
        #expect(
            record.finish().compactMap { MetricsLine.line(of: .timing(.epoch(TimingReport.summary($0)))) }
                .map { $0.compactJSON() }.joined().hasPrefix(
                    #"{"kind":"times","epoch":1,"workers":[{"worker":4,"name":"a/1","steps":1,"#
                        + #""seconds":{"data":1,"forward":1.5,"backward":4,"#))
    }
}

@Suite struct ClockOffsetTests {
    /// The answer that was held up says nothing as long as a quick one is fresh; clocks that drift apart make
    /// it stale.
    @Test func theShortestRoundTripCounts() {
        var offset = ClockOffset()
        #expect(offset.seconds == 0)
        offset.add(asked: 10, answered: 1010.4, now: 11)
        #expect(abs(offset.seconds - 999.9) < 1e-9)
        offset.add(asked: 20, answered: 1020.001, now: 20.002)
        #expect(abs(offset.seconds - 1000) < 1e-9)
        offset.add(asked: 30, answered: 1030.9, now: 31)
        #expect(abs(offset.seconds - 1000) < 1e-9, "a slow round trip")
        offset.add(asked: 1000, answered: 2000.11, now: 1000.02)
        #expect(abs(offset.seconds - 1000.1) < 1e-9, "not much longer, but 980 s later")
        offset.add(asked: 2000, answered: .nan, now: 2000.001)
        offset.add(asked: 2000, answered: 1, now: 1999)
        #expect(abs(offset.seconds - 1000.1) < 1e-9 && offset.answers == 4, "nonsense")
    }
}
