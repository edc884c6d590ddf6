import Telemetry
import Testing

@Suite struct ProgressFormatTests {
    private let progress = Progress(
        epoch: 3, epochs: 5, step: 1500, steps: 3000,
        values: [NamedValue("loss", 0.12345), NamedValue("accuracy", 0.98765)], samplesPerSecond: 12_345.4,
        secondsLeft: 83.2)

    @Test func wideBar() {
        #expect(
            ProgressFormat.bar(progress, width: 200)
                == "epoch 3/5  [====================>                   ]  step 1,500/3,000  50%  loss"
                + " 0.1235  accuracy 0.9877  12,345 samples/s  ETA 1m23s")
    }

    @Test func narrowBars() {
        #expect(
            ProgressFormat.bar(progress, width: 100)
                == "epoch 3/5  step 1,500/3,000  50%  loss 0.1235  accuracy 0.9877  12,345 samples/s"
                + "  ETA 1m23s"
        )
        #expect(
            ProgressFormat.bar(progress, width: 80)
                == "epoch 3/5  step 1,500/3,000  50%  loss 0.1235  accuracy 0.9877  ETA 1m23s")
        #expect(
            ProgressFormat.bar(progress, width: 60)
                == "epoch 3/5  50%  loss 0.1235  accuracy 0.9877  ETA 1m23s")
        #expect(ProgressFormat.bar(progress, width: 40) == "epoch 3/5  50%  loss 0.1235  ETA 1m23s")
        #expect(ProgressFormat.bar(progress, width: 15) == "epoch 3/5  50%")
        #expect(ProgressFormat.bar(progress, width: 5) == "epoc")
    }

    @Test func neverFillsTheLine() {
        for width in 0...250 {
            for step in [0, 1, 1499, 3000, 4000] {
                var changed = progress
                changed.step = step
                #expect(
                    ProgressFormat.bar(changed, width: width).count <= max(0, width - 1), "width \(width)")
            }
        }
    }

    @Test func lines() {
        #expect(
            ProgressFormat.line(progress)
                == "epoch 3/5  step 1,500/3,000  50%  loss 0.1235  accuracy 0.9877  12,345 samples/s"
                + "  ETA 1m23s"
        )
        #expect(
            ProgressFormat.line(Progress(epoch: 1, epochs: 1, step: 0, steps: 0))
                == "epoch 1/1  step 0/0   0%"
        )
        #expect(
            ProgressFormat.line(
                Progress(
                    epoch: 1, epochs: 2, step: 3, steps: 3, values: [NamedValue("loss", .nan)],
                    samplesPerSecond: 9.96, secondsLeft: 0.4))
                == "epoch 1/2  step 3/3  100%  loss nan  10.0 samples/s  ETA 0 s")
        #expect(
            ProgressFormat.line(
                Progress(
                    epoch: 1, epochs: 1, step: 1, steps: 2, slowest: "worker 9 (0.25 of the others' speed)"))
                == "epoch 1/1  step 1/2  50%  slow: worker 9 (0.25 of the others' speed)")
    }

    /// A wait is told in the place of speed and time, and is the last piece to go.
    @Test func waiting() {
        var waiting = progress
        waiting.waitsFor = "a worker"
        #expect(
            ProgressFormat.bar(waiting, width: 90)
                == "epoch 3/5  step 1,500/3,000  50%  loss 0.1235  accuracy 0.9877  waiting for a worker")
        #expect(ProgressFormat.bar(waiting, width: 40) == "epoch 3/5  50%  waiting for a worker")
    }

    @Test(
        arguments: [
            (0.4, "0 s"), (59.4, "59 s"), (59.6, "1m00s"), (3_599, "59m59s"), (3_600, "1h00m"),
            (86_399, "23h59m"), (86_400, "1d00h"), (1e12, "a long time"), (.infinity, "a long time"),
        ] as [(Double, String)])
    func timeThatIsLeft(seconds: Double, text: String) {
        let progress = Progress(epoch: 1, epochs: 1, step: 0, steps: 1, secondsLeft: seconds)
        #expect(ProgressFormat.line(progress) == "epoch 1/1  step 0/1   0%  ETA \(text)")
    }

    @Test func sentencesOfEpochs() {
        func sentence(_ epoch: EpochSummary) -> String { RunEvent.training(.epochFinished(epoch)).sentence }
        let both = EpochSummary(
            epoch: 1, epochs: 5, step: 9, train: [NamedValue("loss", 0.5), NamedValue("accuracy", 0.9)],
            validation: [NamedValue("loss", 0.25), NamedValue("accuracy", 0.95)], seconds: 12.34)
        #expect(
            sentence(both)
                == "epoch 1/5  loss 0.5000  accuracy 0.9000  validation loss 0.2500, accuracy 0.9500  12.3 s")
        let one = EpochSummary(epoch: 1, epochs: 1, step: 9, train: [NamedValue("loss", 2)], seconds: 1)
        #expect(sentence(one) == "epoch 1/1  loss 2.0000  1.00 s")
    }
}
