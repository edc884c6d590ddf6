import Checkpoints
import Jobs
import NeuralNetwork
import System
import TestSupport
import Testing
import Training

/// A training that evaluates the running average of its parameters.
@Suite(.serialized) struct WeightAverageTests {
    private let data: DecodedData
    private let plain: LocalTraining
    private let averaged: LocalTraining
    private static let average = WeightAverage(decay: 0.8, isWarmed: true)

    /// `dense2` is frozen: such tensors have no owner and no average.
    init() throws {
        var job = ExactnessTests.job(batch: 200, microbatches: 8, optimizer: ExactnessTests.adam)
        job.freeze = ["dense2"]
        data = try DecodedData(reading: job.data)
        plain = LocalTraining(plan: try TrainingPlan(job, data.facts), data: data)
        job.optimization.average = Self.average
        averaged = LocalTraining(plan: try TrainingPlan(job, data.facts), data: data)
    }

    private var layout: ParameterLayout { averaged.plan.network.layout }
    private var names: [String] { averaged.plan.job.momentNames }

    @Test func membersAndLanes() throws {
        let quiet = try averaged.run(members: 1, lanes: 1)
        #expect((quiet.evaluations[.validation]?.value(named: "accuracy") ?? 0) > 0.7)
        for (members, lanes) in [(1, 2), (2, 1), (3, 2), (5, 1), (8, 1)] {
            let result = try averaged.run(members: members, lanes: lanes)
            #expect(result.snapshot == quiet.snapshot, "members \(members), lanes \(lanes)")
            #expect(result.reports == quiet.reports)
            #expect(result.evaluations == quiet.evaluations)
        }
    }

    /// The average changes nothing of the training; it is that of the parameters after each step, in double;
    /// and the evaluation is that of a model with such parameters.
    @Test func averagesWhatAPlainTrainingMakes() throws {
        let end = try averaged.run(members: 2, lanes: 1)
        let same = try plain.run(members: 1, lanes: 1)
        #expect(end.snapshot.parameters == same.snapshot.parameters)
        #expect(end.snapshot.moments.dropLast() == same.snapshot.moments[...])
        #expect(end.snapshot.statistics == same.snapshot.statistics)
        #expect(end.reports == same.reports)

        var expected = [Double](repeating: 7, count: layout.flatCount)
        for step in 0..<plain.plan.totalSteps {
            let w = try plain.run(members: 1, lanes: 1, stopAfter: step + 1).snapshot.parameters
            let decay = min(Self.average.decay, Double(step) / Double(step + 9))
            for i in expected.indices { expected[i] = decay * expected[i] + (1 - decay) * Double(w[i]) }
        }
        let kept = try #require(end.snapshot.moments.last)
        let worst = zip(expected, kept).map { abs($0 - Double($1)) }.max() ?? 1
        #expect(worst < 1e-6, "\(worst)")
        #expect(kept != Array(end.snapshot.parameters.prefix(layout.flatCount)))

        var model = same.snapshot
        model.parameters = end.snapshot.evaluatedParameters
        let evaluated = try plain.run(members: 1, lanes: 1, from: model).evaluations
        #expect(evaluated == end.evaluations)
        #expect(evaluated != same.evaluations, "the average is another model")
    }

    /// From a checkpoint in the middle, and one at an epoch's end, which evaluates first.
    @Test(arguments: [5, 8]) func goesOnFromACheckpoint(step: Int) throws {
        let quiet = try averaged.run(members: 1, lanes: 1)
        let half = try averaged.run(members: 3, lanes: 1, stopAfter: step).snapshot
        let directory = try TemporaryDirectory()
        let entry = try CheckpointStore(directory: directory.file("c")).write(
            step: half.step, model: half.modelTensors(layout),
            optimizer: half.optimizerTensors(layout, momentNames: names), state: .null)
        let checkpoint = try Checkpoint(path: entry.path)
        #expect(checkpoint.stateSHA256() == half.stateSHA256(layout, momentNames: names))
        var back = try Snapshot(
            checkpoint, layout: layout, momentNames: names, epochTotals: half.epochTotals)
        back.decisions = half.decisions
        #expect(back == half)
        let rest = try averaged.run(members: 2, lanes: 2, from: back)
        #expect(rest.snapshot == quiet.snapshot && rest.evaluations == quiet.evaluations)

        // The model in the file is the average; the parameters lie with the moments.
        let model = try Snapshot(checkpoint, layout: layout, momentNames: [], epochTotals: [])
        #expect(model.parameters == half.evaluatedParameters && !model.isAveraged)
        let head = try #require(layout.tensors.first { $0.name == "head.bias" })
        #expect(checkpoint.optimizer["raw.head.bias"]?.floats() == Array(half.parameters[head.range]))
        #expect(checkpoint.model["head.bias"]?.floats() == Array(try #require(half.moments.last)[head.range]))
        #expect(checkpoint.optimizer["raw.dense2.weight"] == nil && checkpoint.model["dense2.weight"] != nil)
    }

    /// A checkpoint without an average is not taken for one with it.
    @Test func refusesACheckpointWithoutAverage() throws {
        let snapshot = try plain.run(members: 1, lanes: 1, stopAfter: 1).snapshot
        let directory = try TemporaryDirectory()
        let entry = try CheckpointStore(directory: directory.file("c")).write(
            step: 1, model: snapshot.modelTensors(layout),
            optimizer: snapshot.optimizerTensors(layout, momentNames: plain.plan.job.momentNames),
            state: .null)
        let error = #expect(throws: CheckpointError.self) {
            try Snapshot(Checkpoint(path: entry.path), layout: layout, momentNames: names, epochTotals: [])
        }
        #expect(error?.description.contains("`raw.head.bias` is missing") == true)
    }

    /// Weights from a file are where the average begins, too.
    @Test func beginsWithLoadedWeights() throws {
        let source = try averaged.run(members: 1, lanes: 1, stopAfter: 3).snapshot
        let directory = try TemporaryDirectory()
        let entry = try CheckpointStore(directory: directory.file("c")).write(
            step: 3, model: source.modelTensors(layout), optimizer: [], state: .null)
        var snapshot = Snapshot(initial: layout, moments: names.count, isAveraged: true, seed: 9)
        #expect(snapshot.evaluatedParameters == snapshot.parameters)
        try Weights(path: entry.path).load(into: &snapshot, layout, skip: [])
        #expect(snapshot.parameters == source.evaluatedParameters)
        #expect(snapshot.evaluatedParameters == snapshot.parameters)
    }
}
