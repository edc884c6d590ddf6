import Configuration
import Telemetry
import Testing

@Suite struct RunOverviewTests {
    private static let plan = RunOverview.Plan(
        epochs: 3, steps: 30, samplesPerStep: 50, monitor: "validation.accuracy")
    private let one = EventExample.one
    private let two = EventExample.two

    private func overview(_ events: [RunEvent]) -> RunOverview {
        var overview = RunOverview(Self.plan)
        for (index, event) in events.enumerated() { overview.take(event, at: 100 + Double(index)) }
        return overview
    }

    private func step(_ step: Int, seconds: Double = 0, loss: Double = 1) -> StepSummary {
        StepSummary(
            step: step, epoch: 1 + (step - 1) / 10, samples: 50, values: [NamedValue("loss", loss)],
            learningRate: 0.1, seconds: seconds)
    }

    private func epoch(_ epoch: Int, accuracy: Double, isBest: Bool?) -> EpochSummary {
        EpochSummary(
            epoch: epoch, epochs: 3, step: 10 * epoch, train: [NamedValue("loss", 1)], penalty: 0.5,
            validation: [NamedValue("accuracy", accuracy)], isBest: isBest, seconds: Double(epoch))
    }

    private static let finish = RunEvent.Finish(
        steps: 30, epochs: 3, workers: 1, recoveries: 0, seconds: 1, stateSHA256: "", isExact: true)

    /// Events and the state that they lead to.
    static let states: [(events: [RunEvent], state: RunOverview.State)] = {
        let joined = RunEvent.worker(.joined(EventExample.one))
        let started = RunEvent.generation(.started(number: 1, workers: 1, step: 0))
        let missing = RunEvent.worker(.missing(ready: 0, needed: 1, paused: 0, hasBegun: true))
        let failed = RunEvent.ending(.failed(reason: "no memory", checkpoint: nil, resumeCommand: "x"))
        return [
            ([], .starting), ([.run(.readingData)], .starting), ([joined], .waiting), ([missing], .waiting),
            ([joined, started], .training), ([joined, started, missing], .waiting),
            ([joined, started, missing, started], .training),
            ([started, .ending(.finished(finish))], .finished),
            ([started, .ending(.stopped(step: 3, steps: 30, resumeCommand: "x"))], .stopped),
            ([started, failed], .failed),
        ]
    }()

    @Test(arguments: states.indices) func theStateFollowsFromTheEvents(index: Int) {
        let (events, state) = Self.states[index]
        #expect(overview(events).state == state)
    }

    @Test func theMessageSaysWhatIsMissing() {
        let missing = RunEvent.worker(.missing(ready: 0, needed: 1, paused: 0, hasBegun: true))
        let started = RunEvent.generation(.started(number: 2, workers: 1, step: 0))
        #expect(overview([missing]).message == missing.sentence)
        #expect(overview([missing, started]).message == nil)
        let failed = RunEvent.ending(.failed(reason: "no memory", checkpoint: nil, resumeCommand: "x"))
        #expect(overview([failed]).message == failed.sentence)
    }

    @Test func progressIsThatOfTheBar() {
        var overview = RunOverview(Self.plan, begin: (epoch: 2, step: 10))
        #expect(overview.meter.progress.step == 10 && overview.meter.progress.epoch == 2)
        overview.take(.generation(.started(number: 1, workers: 1, step: 10)), at: 100)
        overview.take(.training(.stepFinished(step(11, seconds: 0.5))), at: 100.5)
        overview.take(.training(.stepFinished(step(12, seconds: 1))), at: 101)
        let progress = overview.meter.progress
        #expect(progress.step == 12 && progress.steps == 30 && progress.epoch == 2)
        // 50 samples in half a second, up to rounding.
        #expect(abs((progress.samplesPerSecond ?? 0) - 100) < 1e-9)
        #expect(abs((progress.secondsLeft ?? 0) - 9) < 1e-9)
        #expect(overview.trainingSeconds == 1)
    }

    @Test func curvesOfStepsAndEpochs() throws {
        let overview = overview([
            .training(.stepLogged(step(1, loss: 3))), .training(.stepLogged(step(2, loss: 2))),
            .training(.epochFinished(epoch(1, accuracy: 0.5, isBest: true))),
        ])
        let curves = Dictionary(uniqueKeysWithValues: overview.curves.curves.map { ($0.label.id, $0) })
        #expect(curves["step.loss"]?.x == [1, 2] && curves["step.loss"]?.y == [3, 2])
        #expect(curves["learning_rate"]?.y == [0.1, 0.1])
        #expect(curves["train.loss"]?.x == [10] && curves["train.penalty"]?.y == [0.5])
        let accuracy = try #require(curves["validation.accuracy"])
        #expect(accuracy.label.group == "accuracy" && accuracy.label.set == "validation")
        #expect(accuracy.label.pace == .epoch && accuracy.y == [0.5])
        #expect(curves.count == 5)
    }

    /// Norms and dead units have a curve for each tensor.
    @Test func curvesOfDiagnostics() {
        var logged = step(1)
        logged.gradients = [GradientNorms("dense1.weight", l1: 1, l2: 2, linf: 3)]
        logged.deadUnits = [NamedValue("relu1", 0.25)]
        let curves = overview([.training(.stepLogged(logged))]).curves.curves
        let norms = curves.first { $0.label.group == "gradient_norms" }
        #expect(norms?.label.name == "dense1.weight" && norms?.y == [2])
        #expect(curves.first { $0.label.group == "dead_units" }?.y == [0.25])
    }

    /// 50 samples a step. Steps that follow too closely for the clock's milliseconds count together.
    @Test func theThroughputIsSamplesBySecondsOfTraining() {
        let seconds = [0, 0.5, 0.501, 0.502, 1.5, 1.5]
        let overview = overview(
            seconds.enumerated().map { .training(.stepLogged(step($0 + 1, seconds: $1))) })
        let curve = overview.curves.curves.first { $0.label.id == "samples_per_second" }
        #expect(curve?.x == [2, 5] && curve?.y == [100, 150])
    }

    @Test func theBestEpochIsThatOfTheMonitor() {
        let overview = overview([
            .training(.epochFinished(epoch(1, accuracy: 0.5, isBest: true))),
            .training(.epochFinished(epoch(2, accuracy: 0.75, isBest: true))),
            .training(.epochFinished(epoch(3, accuracy: 0.6, isBest: false))),
        ])
        #expect(overview.best == RunOverview.Best(value: 0.75, epoch: 2, step: 20))
    }

    @Test func lossesRecoveriesAndCheckpointsAreCounted() throws {
        let overview = overview([
            .worker(.joined(one)), .worker(.joined(two)), .worker(.lost(two, reason: "silent")),
            .generation(.recoveryStarted(step: 0, lostSteps: 3)),
            .checkpoint(.written(step: 7, path: "x", isRequested: false)),
            .training(.evaluationFinished(set: "test", step: 30, values: [NamedValue("loss", 2)])),
        ])
        #expect(overview.deaths == 1 && overview.recoveries == 1)
        #expect(overview.checkpoint?.step == 7 && overview.checkpoint?.time == 104)
        let evaluation = try #require(overview.evaluations.first)
        #expect(evaluation.set == "test" && evaluation.step == 30)
        #expect(evaluation.values == [NamedValue("loss", 2)])
        #expect(overview.board.workers.map(\.state) == [.joining, .lost])
        #expect(overview.started == 100 && overview.newest == 105)
    }

    @Test func observationsTellOfTheWorkers() {
        let overview = overview([
            .worker(.joined(one)), .worker(.joined(two)), .worker(.observed(EventExample.observation)),
            .worker(.left(one)),
        ])
        // Those that are connected stand behind those that are gone, from the next observation on.
        #expect(overview.board.workers.map(\.state) == [.left, .joining])
        #expect(overview.board.workers[0].memory == 9_000_000 && overview.board.workers[0].rank == nil)
        #expect(overview.observation?.received == 2_000)
    }

    /// The part of the newest time that a worker waited, and the sums of all of it.
    @Test func timesAreThoseOfTheNewestObservation() {
        func times(_ forward: Double, _ waiting: Double) -> EpochTimes.Worker {
            EpochTimes.Worker(
                WorkerName(1, name: one.name), steps: 1,
                parts: [NamedValue("forward", forward), NamedValue("waiting", waiting)], beside: [])
        }
        var overview = RunOverview(Self.plan)
        // Epochs before the run was resumed: another process.
        let before = EpochTimes.Worker(
            WorkerName(1, name: "node1/1"), steps: 4, parts: [NamedValue("forward", 9)], beside: [])
        for epoch in 1...2 {
            overview.take(.timing(.epoch(EpochTimes(epoch: epoch, workers: [before]))), at: 0)
        }
        overview.take(.worker(.observed(Observation(workers: [], times: [times(3, 1)]))), at: 1)
        #expect(overview.board.waiting(of: one) == nil)
        overview.take(.worker(.observed(Observation(workers: [], times: [times(4, 4)]))), at: 2)
        #expect(overview.board.waiting(of: one) == 0.75)
        // Its own epochs are part of that.
        overview.take(.timing(.epoch(EpochTimes(epoch: 3, workers: [times(4, 4)]))), at: 3)
        #expect(overview.board.times.map(\.steps) == [8, 1])
        #expect(overview.board.times[0].parts == [NamedValue("forward", 18)])
        #expect(overview.board.times[1].parts.map(\.value) == [4, 4])
    }

    /// The coordinator sums up workers that are gone, under a name that grows with them.
    @Test func timesOfTheGoneAreToldOnce() {
        var overview = RunOverview(Self.plan)
        for count in 1...3 {
            let gone = EpochTimes.Worker(
                WorkerName(0, name: "the first \(count) that are gone"), steps: count,
                parts: [NamedValue("forward", Double(count))], beside: [])
            overview.take(.worker(.observed(Observation(workers: [], times: [gone]))), at: Double(count))
        }
        #expect(overview.board.times.map(\.steps) == [3])
    }

    /// Hundreds of workers come and go.
    @Test func formerWorkersAreBounded() {
        var overview = RunOverview(Self.plan)
        for number in 1...1_000 {
            overview.take(.worker(.joined(WorkerName(number, name: "n/\(number)"))), at: 0)
            overview.take(.worker(.lost(WorkerName(number), reason: "x")), at: 0)
        }
        #expect(overview.deaths == 1_000)
        #expect(overview.board.workers.map(\.worker.number) == Array(901...1_000))
    }

    /// A million steps, with losses among them.
    @Test func memoryIsBoundedOverAMillionSteps() {
        var overview = RunOverview(Self.plan)
        for number in 1...1_000_000 {
            let step = step(number, seconds: Double(number), loss: number == 777_777 ? 99 : 1)
            overview.take(.training(.stepFinished(step)), at: Double(number))
            overview.take(.training(.stepLogged(step)), at: Double(number))
            if number % 1_000 == 0 {
                overview.take(.checkpoint(.snapshotCompleted(step: number)), at: Double(number))
            }
        }
        #expect(overview.curves.curves.count == 3)
        #expect(overview.curves.curves.allSatisfy { $0.x.count <= Curve.mostBuckets })
        #expect(overview.curves.curves[0].high.max() == 99)
        #expect(overview.timeLine.entries.count <= TimeLine.mostEntries)
        #expect(overview.meter.step == 1_000_000)
    }

    // MARK: Files

    /// Lines lead back to events: what a run wrote, its overview can be made of.
    @Test(arguments: EventExample.all) func aLineOfTheLogLeadsBackToItsFacts(_ example: EventExample) throws {
        let facts = example.event.facts
        let text = LogFormat.json(facts, time: 1_790_000_000.125, source: "coordinator")
        let value = try #require(JSON5.parse(text, name: "line", diagnostics: Diagnostics()))
        let line = try #require(LogLine.facts(of: value))
        #expect(line.time == 1_790_000_000.125)
        #expect(LogFormat.json(line.facts, time: 1_790_000_000.125, source: "coordinator") == text)
    }

    @Test func aLineOfTheMetricsLeadsBackToItsEvent() throws {
        var logged = step(7, seconds: 1.25)
        logged.samples = 0
        logged.gradients = [GradientNorms("a", l1: 1, l2: 2, linf: 3)]
        logged.deadUnits = [NamedValue("b", 0.5)]
        var epoch = epoch(2, accuracy: 0.5, isBest: nil)
        epoch.epochs = 0
        epoch.stoppedEarly = true
        let times = EpochTimes(
            epoch: 2,
            workers: [
                EpochTimes.Worker(
                    WorkerName(1, name: "n/1"), steps: 3, parts: [NamedValue("data", 0.5)],
                    beside: [NamedValue("update", 2)])
            ])
        for event: RunEvent in [
            .training(.stepLogged(logged)), .training(.stepLogged(step(1).withoutSamples)),
            .training(.epochFinished(epoch)), .timing(.epoch(times)),
        ] {
            let text = try #require(MetricsLine.line(of: event)).compactJSON()
            let value = try #require(JSON5.parse(text, name: "line", diagnostics: Diagnostics()))
            #expect(MetricsLine.event(of: value) == event)
        }
    }

    @Test func linesOfOtherKindsAreNoEvents() throws {
        for text in ["{}", "[]", "3", #"{"kind":"x","step":1}"#, #"{"kind":"step"}"#, #"{"kind":"times"}"#] {
            let value = try #require(JSON5.parse(text, name: "line", diagnostics: Diagnostics()))
            #expect(MetricsLine.event(of: value) == nil)
            #expect(LogLine.facts(of: value) == nil)
        }
    }
}

extension StepSummary {
    fileprivate var withoutSamples: StepSummary {
        var copy = self
        copy.samples = 0
        return copy
    }
}
