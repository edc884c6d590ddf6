import Telemetry
import Testing

@Suite struct SpeedMeterTests {
    /// The newest steps count most: after four times the memory, old ones weigh e⁻⁴.
    @Test func theNewestStepsCountMost() throws {
        var meter = SpeedMeter(memory: 10)
        #expect(meter.samplesPerSecond == nil && meter.secondsLeft(steps: 1, epochs: 1) == nil)
        for second in 0...100 {
            meter.record(step: second + 1, epoch: 1, samples: second < 60 ? 10 : 40, at: Double(second))
        }
        let rate = try #require(meter.samplesPerSecond)
        #expect(rate > 39 && rate < 40)
        #expect(meter.secondsLeft(steps: 7, epochs: 0).map { abs($0 - 7) < 1e-9 } == true)
    }

    @Test func manyStepsASecond() {
        var meter = SpeedMeter(memory: 1)
        for index in 0...100_000 {
            meter.record(step: index + 1, epoch: 1, samples: 3, at: Double(index) / 1024)
        }
        #expect(meter.samplesPerSecond.map { abs($0 - 3072) < 1 } == true)
    }

    /// Somebody who looks seldom sees many steps at once.
    @Test func severalStepsAtOnce() {
        var meter = SpeedMeter()
        meter.start(step: 0, at: 0)
        meter.record(step: 8, epoch: 1, samples: 80, at: 0.5)
        meter.record(step: 24, epoch: 1, samples: 160, at: 1)
        #expect(meter.samplesPerSecond.map { abs($0 - 240) < 2 } == true)
        #expect(meter.secondsLeft(steps: 24, epochs: 0).map { abs($0 - 1) < 0.01 } == true)
    }

    /// Steps that are computed again after a loss are steps, and the time of the recovery is none.
    @Test func waitsDoNotCount() {
        var meter = SpeedMeter()
        meter.start(step: 0, at: 0)
        meter.record(step: 1, epoch: 1, samples: 5, at: 1)
        meter.record(step: 2, epoch: 1, samples: 5, at: 2)
        meter.pause()
        meter.start(step: 0, at: 1000)
        meter.record(step: 1, epoch: 1, samples: 5, at: 1001)
        meter.record(step: 2, epoch: 1, samples: 5, at: 1002)
        #expect(meter.samplesPerSecond.map { abs($0 - 5) < 1e-9 } == true)
        meter.pause()
        meter.record(step: 3, epoch: 1, samples: 5, at: 5000)
        #expect(meter.samplesPerSecond.map { abs($0 - 5) < 1e-9 } == true)
    }

    /// Ten steps of 1 s and an evaluation of 4 s in each of five epochs: after two of them, and whenever one
    /// looks, the rest is predicted within a second.
    @Test func evaluationsAreMeasuredByThemselves() throws {
        var meter = SpeedMeter()
        var time = 0.0
        meter.start(step: 0, at: 0)
        for step in 1...50 {
            let epoch = (step - 1) / 10 + 1
            if step > 1, step % 10 == 1 { time += 4 }
            time += 1
            meter.record(step: step, epoch: epoch, samples: 8, at: time)
            let left = meter.secondsLeft(steps: 50 - step, epochs: 5 - epoch + 1)
            if step > 10 { #expect(try abs(#require(left) - (50 + 5 * 4 - time)) < 1, "step \(step)") }
        }
        #expect(meter.samplesPerSecond.map { abs($0 - 8) < 1e-6 } == true)
    }
}
