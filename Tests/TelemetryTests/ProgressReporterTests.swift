import Telemetry
import Testing

@Suite struct ProgressReporterTests {
    private let erase = "\r\u{1b}[K"

    private func step(
        _ reporter: ProgressReporter, _ step: Int, samples: Int, loss: Double? = nil, accuracy: Double? = nil
    ) {
        let values = [("loss", loss), ("accuracy", accuracy)].compactMap { name, value in
            value.map { NamedValue(name, $0) }
        }
        reporter.receive(
            .training(.stepFinished(StepSummary(step: step, epoch: 1, samples: samples, values: values))),
            at: 0,
            from: "coordinator")
    }

    private func epoch(_ reporter: ProgressReporter, of epochs: Int, loss: Double, seconds: Double) {
        let report = EpochSummary(
            epoch: 1, epochs: epochs, step: 1, train: [NamedValue("loss", loss)], seconds: seconds)
        reporter.receive(.training(.epochFinished(report)), at: 0, from: "coordinator")
    }

    @Test func aTerminalIsRedrawnAtMostTenTimesASecond() {
        let screen = Screen()
        let reporter = ProgressReporter(
            console: screen.console(isTerminal: true, width: 70), epochs: 1, steps: 100, now: screen.now)
        step(reporter, 1, samples: 10, loss: 1)
        #expect(
            screen.take() == erase + "epoch 1/1  [>                          ]  step 1/100  1%  loss 1.0000")
        for number in 2...4 {
            screen.wait(0.03)
            step(reporter, number, samples: 10, loss: 1)
            #expect(screen.take() == "")
        }
        screen.wait(0.03)  // 0.12 s after the first
        step(reporter, 5, samples: 10, loss: 1)
        // 4 steps of 10 samples in 0.12 s; 95 steps are left.
        #expect(screen.take() == erase + "epoch 1/1  step 5/100  5%  loss 1.0000  333 samples/s  ETA 3 s")
    }

    /// Whatever the clock says: near 18,405 s a time less 0.1 s is less than 0.1 s away.
    @Test(arguments: [0, 18_404.823447382, 1e7]) func theBarAppearsAtOnce(time: Double) {
        let screen = Screen()
        let reporter = ProgressReporter(
            console: screen.console(isTerminal: true), epochs: 1, steps: 4, now: { time })
        step(reporter, 1, samples: 1, loss: 1)
        #expect(screen.take().contains("step 1/4"))
    }

    @Test func logLinesAppearAboveTheBar() {
        let screen = Screen()
        let console = screen.console(isTerminal: true, width: 60)
        let log = Log(source: "", console: console, wallClock: { 0 }, utcOffset: { _ in 0 })
        let reporter = ProgressReporter(console: console, epochs: 1, steps: 4, now: screen.now)
        log.record(.session(.finished(reason: "before")))
        #expect(screen.take() == "00:00:00 before\n")
        step(reporter, 2, samples: 1)
        let bar = "epoch 1/1  [===============>               ]  step 2/4  50%"
        #expect(screen.take() == erase + bar)
        log.record(.session(.finished(reason: "during")))
        #expect(screen.take() == erase + "00:00:00 during\n" + bar)
        epoch(reporter, of: 1, loss: 2, seconds: 1)
        #expect(screen.take() == erase + "epoch 1/1  loss 2.0000  1.00 s\n" + bar)
        reporter.finish()
        #expect(screen.take() == erase)
        log.record(.session(.finished(reason: "after")))
        #expect(screen.take() == "00:00:00 after\n")
    }

    @Test func elsewhereALineEveryFiveSeconds() {
        let screen = Screen()
        let reporter = ProgressReporter(
            console: screen.console(isTerminal: false), epochs: 2, steps: 1000, now: screen.now)
        for number in 1...11 {
            step(reporter, number, samples: 100, loss: 0.5, accuracy: 0.25)
            screen.wait(1)
        }
        #expect(
            screen.take()
                == "epoch 1/2  step 6/1,000  0%  loss 0.5000  accuracy 0.2500  100 samples/s  ETA 16 min 34"
                + " s\n"
                + "epoch 1/2  step 11/1,000  1%  loss 0.5000  accuracy 0.2500  100 samples/s  ETA 16 min 29"
                + " s\n"
        )
        epoch(reporter, of: 2, loss: 0.5, seconds: 11)
        #expect(screen.take() == "epoch 1/2  loss 0.5000  11.0 s\n")
        reporter.finish()
        #expect(screen.take() == "")
    }

    /// The slow worker is named until it is slow no more.
    @Test func theSlowestWorkerIsNamed() {
        let screen = Screen()
        let reporter = ProgressReporter(
            console: screen.console(isTerminal: true, width: 200), epochs: 1, steps: 4, now: screen.now)
        let slow = RunEvent.training(.slowestChanged(worker: WorkerName(9), speed: 0.25))
        reporter.receive(slow, at: 0, from: "coordinator")
        step(reporter, 1, samples: 1)
        #expect(screen.take().hasSuffix("  slow: worker 9 (0.25 of the others' speed)"))
        reporter.receive(.training(.slowestChanged(worker: nil, speed: 1)), at: 0, from: "coordinator")
        screen.wait(1)
        step(reporter, 2, samples: 1)
        #expect(!screen.take().contains("slow"))
    }
}

@Suite struct RateMeterTests {
    @Test func rateOfTheWindow() {
        var meter = RateMeter(window: 10)
        #expect(meter.samplesPerSecond == nil)
        for second in 0...100 {
            meter.record(step: second + 1, samples: second < 50 ? 10 : 40, at: Double(second))
        }
        #expect(meter.samplesPerSecond == 40)
        #expect(meter.stepsPerSecond == 1)
    }

    @Test func manyStepsASecond() {
        var meter = RateMeter(window: 1)
        for index in 0...100_000 { meter.record(step: index + 1, samples: 3, at: Double(index) / 1024) }
        #expect(meter.samplesPerSecond.map { abs($0 - 3072) < 1 } == true)
    }

    @Test func aRollBackStartsAnew() {
        var meter = RateMeter()
        meter.record(step: 10, samples: 5, at: 0)
        meter.record(step: 11, samples: 5, at: 1)
        meter.record(step: 4, samples: 5, at: 2)
        #expect(meter.stepsPerSecond == nil)
        meter.record(step: 5, samples: 5, at: 2.5)
        #expect(meter.stepsPerSecond == 2)
    }
}
