import Cluster
import Testing

@Suite struct HeartbeatCounterTests {
    /// The coordinator counts as lost after six times `--peer-timeout` without an answer, and not before.
    @Test func silence() {
        var counter = HeartbeatCounter(questions: 0)
        for _ in 0..<3 {
            for beat in 1...HeartbeatCounter.mostUnanswered { #expect(counter.beat() == true, "\(beat)") }
            _ = counter.answered()
        }
        for _ in 1...HeartbeatCounter.mostUnanswered { #expect(counter.beat() == true) }
        #expect(counter.beat() == false)
        #expect(HeartbeatCounter.mostUnanswered == 6 * HeartbeatCounter.beatsPerTimeout)
    }

    /// The clock's first questions follow each other at once; afterwards one goes with each beat.
    @Test func firstQuestions() {
        var counter = HeartbeatCounter(questions: 8)
        let answers = (1...20).map { _ in counter.answered() }
        #expect(answers == (1...20).map { $0 < 8 })
        var none = HeartbeatCounter(questions: 0)
        #expect(none.answered() == false)
    }
}
