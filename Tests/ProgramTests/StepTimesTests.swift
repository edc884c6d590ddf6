import Testing
import dist_train

@Suite struct StepTimesTests {
    /// Steps end every 500 ms, from second 10 on. The times are sums of powers of two, hence exact.
    private func run(_ times: StepTimes, steps: Int) -> [Bool] {
        (0..<steps).map { times.add(step: $0, at: 10 + 0.5 * Double($0)) }
    }

    @Test func warmStepsAreMeasuredForTheWantedTime() {
        let times = StepTimes(seconds: 2) { _ in true }
        // Warm with the end of the fourth step, at 11.5; the end is at 13.5, four steps later.
        #expect(run(times, steps: 8) == [false, false, false, false, false, false, false, true])
        #expect(times.milliseconds == [500, 500, 500, 500])
    }

    @Test func aTrainingIsColdForASecond() {
        let times = StepTimes(seconds: 0.125) { _ in true }
        for step in 0..<8 { #expect(!times.add(step: step, at: 0.125 * Double(step))) }
        #expect(times.milliseconds.isEmpty)
        _ = times.add(step: 8, at: 1)  // warm
        _ = times.add(step: 9, at: 1.25)
        #expect(times.milliseconds == [250])
    }

    @Test func atLeastThreeStepsAreMeasured() {
        let times = StepTimes(seconds: 0.125) { _ in true }
        #expect(run(times, steps: 7).firstIndex(of: true) == 6)
        #expect(times.milliseconds.count == 3)
    }

    @Test func stepsWithASmallerBatchAreLeftOut() {
        let times = StepTimes(seconds: 1) { $0 % 2 == 0 }
        _ = run(times, steps: 4)
        #expect(
            !times.add(step: 4, at: 12) && !times.add(step: 5, at: 12.25) && !times.add(step: 6, at: 12.5))
        #expect(times.milliseconds == [500, 250])
    }
}
