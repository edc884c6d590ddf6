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
        // The values of the step itself are not shown.
        let summary = StepSummary(
            step: step, epoch: 1, samples: samples, values: [NamedValue("loss", 99)], epochValues: values)
        reporter.receive(.training(.stepFinished(summary)), at: 0, from: "coordinator")
    }

    private func epoch(
        _ reporter: ProgressReporter, of epochs: Int, loss: Double, isBest: Bool? = nil, seconds: Double
    ) {
        let report = EpochSummary(
            epoch: 1, epochs: epochs, step: 1, train: [NamedValue("loss", loss)], isBest: isBest,
            seconds: seconds)
        reporter.receive(.training(.epochFinished(report)), at: 0, from: "coordinator")
    }

    @Test func aTerminalIsRedrawnAtMostTenTimesASecond() {
        let screen = Screen()
        let reporter = ProgressReporter(
            console: screen.console(isTerminal: true, width: 70), epochs: 1, steps: 100, now: screen.now)
        step(reporter, 1, samples: 10, loss: 1)
        #expect(
            screen.take() == erase + "epoch 1/1  [>                       ]  step   1/100   1%  loss 1.0000")
        for number in 2...4 {
            screen.wait(0.03)
            step(reporter, number, samples: 10, loss: 1)
            #expect(screen.take() == "")
        }
        screen.wait(0.03)  // 0.12 s after the first
        step(reporter, 5, samples: 10, loss: 1)
        // 4 steps of 10 samples in 0.12 s; 95 steps are left.
        #expect(screen.take() == erase + "epoch 1/1  step   5/100   5%  loss 1.0000  333 samples/s  ETA 3 s")
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
        epoch(reporter, of: 1, loss: 2, isBest: true, seconds: 1)
        #expect(screen.take() == erase + "epoch 1/1 *  loss 2.0000  1.00 s\n" + bar)
        reporter.finish()
        #expect(screen.take() == erase)
        log.record(.session(.finished(reason: "after")))
        #expect(screen.take() == "00:00:00 after\n")
    }

    /// A file has a line for each epoch, and one where an epoch takes minutes; no control characters.
    @Test func aFileHasALineForEachEpoch() {
        let screen = Screen()
        let reporter = ProgressReporter(
            console: screen.console(isTerminal: false), epochs: 2, steps: 1000, now: screen.now)
        for number in 1...61 {
            #expect(screen.take() == "")
            step(reporter, number, samples: 100, loss: 0.5, accuracy: 0.25)
            screen.wait(1)
        }
        #expect(
            screen.take()
                == "epoch 1/2  step    61/1,000   6%  loss 0.5000  accuracy 0.2500  100 samples/s"
                + "  ETA 15m39s\n"
        )
        reporter.wait(for: "a worker")
        #expect(screen.take() == "")
        epoch(reporter, of: 2, loss: 0.5, seconds: 11)
        #expect(screen.take() == "epoch 1/2  loss 0.5000  11.0 s\n")
        reporter.finish()
        #expect(screen.take() == "")
    }

    /// While nothing is computed, the bar says what is waited for; the wait changes neither speed nor ETA.
    @Test func waitingIsSaidAndNotCounted() {
        let screen = Screen()
        let reporter = ProgressReporter(
            console: screen.console(isTerminal: true, width: 80), epochs: 1, steps: 100, now: screen.now)
        reporter.wait(for: "2 workers")
        #expect(
            screen.take()
                == erase + "epoch 1/1  [>                       ]  step   0/100   0%  waiting for 2 workers")
        screen.wait(3600)
        reporter.receive(.generation(.started(number: 1, workers: 1, step: 0)), at: 0, from: "coordinator")
        #expect(screen.take() == "")
        for number in 1...10 {
            screen.wait(1)
            step(reporter, number, samples: 10, loss: 1)
        }
        let computing = "step  10/100  10%  loss 1.0000  10.0 samples/s  ETA 1m30s"
        #expect(screen.take().hasSuffix(erase + "epoch 1/1  \(computing)"))
        reporter.wait(for: "a worker")
        #expect(
            screen.take() == erase
                + "epoch 1/1  [=>          ]  step  10/100  10%  loss 1.0000  waiting for a worker")
        reporter.wait(for: "a worker")
        #expect(screen.take() == "", "the same is not drawn again")
        screen.wait(7200)
        reporter.receive(.generation(.started(number: 2, workers: 1, step: 10)), at: 0, from: "coordinator")
        screen.wait(1)
        step(reporter, 11, samples: 10, loss: 1)
        #expect(screen.take().hasSuffix("10.0 samples/s  ETA 1m29s"))
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
