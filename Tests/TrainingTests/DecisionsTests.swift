import Checkpoints
import Configuration
import Jobs
import NeuralNetwork
import TestSupport
import Testing
import Training

/// The rules after an evaluation, as a pure function of its metrics.
@Suite struct DecisionsTests {
    private func run(_ decisions: Decisions, _ values: [Double?], from state: DecisionState = DecisionState())
        -> (
            [Decision], DecisionState
        )
    {
        var state = state
        let made = values.enumerated().map { i, value in
            decisions.decide(&state, after: 10 * (i + 1)) { _ in value }
        }
        return (made, state)
    }

    private func stop(_ mode: MetricMonitor.Mode, patience: Int, delta: Double = 0) -> Decisions {
        Decisions(
            earlyStopping: EarlyStopping(
                monitor: MetricMonitor(.validation, "x", mode), patience: patience, minimumDelta: delta))
    }

    @Test func stopsAfterPatienceWithoutImprovement() {
        #expect(
            run(stop(.min, patience: 2), [3, 2, 2, 2.5, 1]).0.map(\.stops) == [
                false, false, false, true, false,
            ])
        #expect(run(stop(.max, patience: 1), [3, 4, 4]).0.map(\.stops) == [false, false, true])
        #expect(
            run(stop(.max, patience: 3), [1, 0, 0, 2, 1, 1, 1]).0.map(\.stops) == [
                false, false, false, false, false, false, true,
            ])
    }

    /// An improvement by at most the minimum does not count, and the best value stays. Slow progress counts
    /// once it adds up.
    @Test func minimumDelta() {
        #expect(
            run(stop(.min, patience: 2, delta: 0.5), [3, 2.6, 2.4, 2.1, 2.0]).0.map(\.stops) == [
                false, false, false, false, true,
            ])
    }

    @Test func valuesThatAreNoNumbers() {
        #expect(run(stop(.min, patience: 2), [1, .nan, -.infinity]).0.map(\.stops) == [false, false, true])
        #expect(run(stop(.min, patience: 2), [.nan, 5, nil]).1.earlyStopping.best == 5)
    }

    @Test func theEarlierOfEqualValuesIsTheBest() {
        let (made, state) = run(
            Decisions(best: MetricMonitor(.validation, "accuracy", .max)), [0.5, 0.7, 0.7, 0.6])
        #expect(made.map(\.isBest) == [true, true, false, false])
        #expect(state.best.step == 20)
        #expect(state.best.best == 0.7)
    }

    /// A resumed job may choose its best checkpoint by another metric; the old best value is then dropped.
    @Test func anotherMeasure() {
        let (_, state) = run(Decisions(best: MetricMonitor(.validation, "accuracy", .max)), [0.5, 0.7])
        let (made, later) = run(Decisions(best: MetricMonitor(.validation, "loss", .min)), [3], from: state)
        #expect(made[0].isBest)
        #expect(later.best.best == 3)
    }

    /// A state that was written into a checkpoint and read back leads to the same decisions.
    @Test func replays() throws {
        let rules = Decisions(
            earlyStopping: EarlyStopping(monitor: MetricMonitor(.train, "loss", .min), patience: 3),
            best: MetricMonitor(.validation, "loss", .min))
        let values: [Double] = [5, 4, 4.5, 3, 3, 3.5, 3.2]
        var (state, states) = (DecisionState(), [DecisionState]())
        let made = values.enumerated().map { i, value in
            states.append(state)
            return rules.decide(&state, after: i + 1) { _ in value }
        }
        for (i, value) in values.enumerated() {
            var before = try readBack(states[i])
            #expect(rules.decide(&before, after: i + 1) { _ in value } == made[i])
        }
        #expect(made.last?.stops == true)
    }

    /// Returns the state as a resumed run finds it in the manifest of a checkpoint.
    private func readBack(_ state: DecisionState) throws -> DecisionState {
        let diagnostics = Diagnostics()
        let text = DecisionState.codec.encode(state).compactJSON()
        let manifest = try #require(JSON5.parse(text, name: "manifest.json", diagnostics: diagnostics))
        return try #require(DecisionState.codec.read(manifest, diagnostics))
    }

    /// The rate falls where PyTorch's rule lets it fall, whatever else is decided, and also from a state that
    /// was written and read back.
    @Test func plateaus() throws {
        let policy = PlateauPolicy(factor: 0.5, patience: 1, threshold: 0, minimumLearningRate: 0.3)
        let monitor = MetricMonitor(.validation, "loss", .min)
        let rules = Decisions(
            best: monitor, plateau: Decisions.Plateau(monitor: monitor, policy: policy, learningRate: 1))
        let values: [Double] = [3, 2, 2, 2.5, 1, .infinity, 1, 1, 1, 1]
        let expected = [1, 1, 1, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3, 0.3]
        var state = DecisionState()
        for (i, value) in values.enumerated() {
            var copy = try readBack(state)
            let decision = rules.decide(&state, after: i + 1) { _ in value }
            #expect(decision.factor == expected[i], "evaluation \(i + 1)")
            #expect(rules.decide(&copy, after: i + 1) { _ in value } == decision)
        }
    }

    @Test func namesTellTheMode() throws {
        for (metric, mode) in [
            ("loss", MetricMonitor.Mode.min), ("rmse", .min), ("accuracy", .max), ("top_5", .max),
            ("f1", .max),
        ] {
            #expect(MetricMonitor.usualMode(of: metric) == mode, "\(metric)")
        }
        #expect(MetricMonitor.usualMode(of: "thing") == nil)
    }
}

/// The fields `early_stopping` and `checkpoint.best` of a config.
@Suite struct CourseConfigTests {
    @Test func roundTrips() throws {
        let job = try load(
            config([
                "early_stopping": #"{monitor: "train.accuracy", patience: 7, minimum_delta: 0.01}"#,
                "checkpoint": #"{every: 20, keep: 2, best: {monitor: "train.loss", mode: "max"}}"#,
            ])
        ).job
        #expect(
            job.earlyStopping
                == EarlyStopping(
                    monitor: MetricMonitor(.train, "accuracy", .max), patience: 7, minimumDelta: 0.01))
        #expect(
            job.checkpoint
                == CheckpointPolicy(every: .steps(20), keep: 2, best: MetricMonitor(.train, "loss", .max)))
        #expect(try Job(resolvedText: job.resolved.prettyJSON()) == job)
        #expect(
            try load(config(["early_stopping": "{}"])).job.earlyStopping?.monitor.name == "validation.loss")
    }

    @Test func mistakes() throws {
        #expect(
            try complaint(config(["early_stopping": #"{monitor: "loss"}"#]))?.contains(
                "`monitor` must be `train.` or `validation.`")
                == true)
        #expect(
            try complaint(config(["early_stopping": #"{monitor: "train.thing"}"#]))?.contains(
                "say with `mode`") == true)
        #expect(try complaint(config(["early_stopping": #"{monitor: "train.thing", mode: "max"}"#])) == nil)
        #expect(
            try complaint(config(["checkpoint": #"{best: 3}"#]))?.contains("must be a value to monitor")
                == true)
        #expect(try complaint(config(["early_stopping": "{patience: 0}"])) != nil)
    }
}
