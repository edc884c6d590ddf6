import Cluster
import Testing

@Suite struct SnapshotPacerTests {
    /// Steps of 10 ms; a snapshot takes `cost` from its step's report. The share of the time that snapshots
    /// take.
    private func share(cost: Double, bytes: Int, seconds: Double) -> (share: Double, count: Int) {
        var pacer = SnapshotPacer(bytes: bytes)
        pacer.begin(now: 0)
        var (now, spent, count, step) = (0.0, 0.0, 0, 0)
        var due: (step: Int, time: Double)?
        while now < seconds {
            now += 0.01
            step += 1
            if let pending = due, now >= pending.time {
                pacer.completed(pending.step, now: pending.time)
                (spent, count, due) = (spent + cost, count + 1, nil)
            }
            // A snapshot that is asked for after one step comes with the next.
            if pacer.stepDone(step, now: now) { due = (step + 1, now + 0.01 + cost) }
        }
        return (spent / seconds, count)
    }

    @Test func cheapOnesComeEverySecond() {
        let (share, count) = share(cost: 0.002, bytes: 1000, seconds: 60)
        #expect((55...60).contains(count))
        #expect(share < 0.02)
    }

    @Test(arguments: [0.05, 0.3, 2])
    func dearOnesTakeAtMostTwoPercent(cost: Double) {
        let (share, count) = share(cost: cost, bytes: Int(cost * 5e8), seconds: 600 + 200 * cost)
        #expect(share <= 0.021)
        #expect(count >= 5)
    }

    /// Deaths do not put the next snapshot off: where they are frequent, there would never be one.
    @Test func isDueAfterADeath() {
        var pacer = SnapshotPacer(bytes: 0)
        pacer.begin(now: 0)
        #expect(pacer.stepDone(1, now: 0.6) == false)
        pacer.begin(now: 0.9)
        #expect(pacer.stepDone(1, now: 1.1) == true)
        #expect(pacer.stepDone(2, now: 1.2) == false, "asked for already")
        pacer.begin(now: 1.3)
        #expect(pacer.stepDone(1, now: 1.4) == true, "what the generation before was asked for is void")
    }
}
