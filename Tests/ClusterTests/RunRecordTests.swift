import Checkpoints
import Cluster
import Collectives
import Jobs
import NeuralNetwork
import System
import Telemetry
import TestSupport
import Testing
import Training

/// The lines of `metrics.jsonl` that a run's progress leads to.
@Suite struct RunRecordTests {
    /// A run without members: reports go into its progress, and the effects into its record.
    private final class Bench {
        let plan: TrainingPlan
        var progress: RunProgress
        let record: RunRecord
        private let directory: TemporaryDirectory
        private var path: String { directory.file("metrics.jsonl") }

        /// 1,437 samples in batches of 500 are 3 steps per epoch, of which every second one is logged.
        init(isAudited: Bool = false) throws {
            directory = try TemporaryDirectory()
            let job = Job(
                name: "record", seed: 3, data: DataSpec(train: .digits, validation: .digits),
                layers: [
                    NamedLayer("a", .flatten),
                    NamedLayer("b", .dense(units: 10, bias: true, initializer: .xavierUniform)),
                ],
                loss: .crossEntropy, optimizer: .gradientDescent(learningRate: 0.25, momentum: 0),
                batchSize: 500, microbatches: 4, epochs: 2, logEvery: 2)
            plan = try TrainingPlan(job, DecodedData(reading: job.data).facts)
            progress = RunProgress(
                plan, from: Snapshot(initial: plan.network.layout, moments: 0, seed: 3), isAudited: isAudited)
            record = RunRecord(
                plan: plan, metrics: try MetricsLog(directory.file("metrics.jsonl"), isExact: true),
                log: Log(source: "coordinator", console: Console(isTerminal: false) { _ in }),
                isAudited: isAudited)
            try begin()
        }

        func take(_ effects: [RunProgress.Effect]) throws {
            for effect in effects { try record.take(effect) }
        }

        func begin() throws {
            record.begin()
            try take(
                progress.begin(
                    Partition(
                        usedCount: plan.network.layout.usedCount,
                        owners: Partition.spreadOwners(
                            usedCount: plan.network.layout.usedCount, members: 1),
                        members: 1)))
        }

        func steps(_ steps: ClosedRange<Int>, loss: Double) throws {
            for step in steps {
                let samples = Double(plan.geometry.batchSize(ofStep: step - 1))
                let report = Totals(plan.trainReport, sums: [loss * samples, samples / 2, samples])
                try take(progress.stepDone(step, report))
            }
        }

        func evaluate(after done: Int, loss: Double) throws {
            let count = plan.facts.validationCount
            let reports = stride(from: 0, to: count, by: plan.chunkSize).flatMap { first in
                let samples = Double(min(plan.chunkSize, count - first))
                return [loss * samples, 0, samples]
            }
            try take(progress.evaluated(.validation, done: done, firstChunk: 0, reports: reports))
        }

        func snapshot(_ step: Int) throws {
            let count = plan.network.layout.usedCount
            let part = [Float](repeating: 0.5, count: progress.partition?.ownedCounts[0] ?? count)
            try part.withUnsafeBufferPointer {
                try take(progress.snapshotPart(step: step, rank: 0, offset: 0, $0))
            }
        }

        /// The lines without their end, which a clock measured.
        func lines() throws -> [String] {
            try File.readText(path, limit: 1 << 20).split(separator: "\n").map { line in
                line.split(separator: ",").filter { !$0.hasPrefix("\"seconds\":") }.joined(separator: ",")
            }
        }
    }

    private static let step2 =
        #"{"kind":"step","step":2,"epoch":1,"loss":1,"accuracy":0.5,"learning_rate":0.25"#
    private static let step3 =
        #"{"kind":"step","step":3,"epoch":1,"loss":1,"accuracy":0.5,"learning_rate":0.25"#
    private static let epoch1 =
        #"{"kind":"epoch","epoch":1,"step":3,"train":{"loss":1,"accuracy":0.5},"#
        + #""validation":{"loss":0.5,"accuracy":0}"#

    /// The file has one order, whatever comes late.
    @Test func linesStandInTheOrderOfTheJob() throws {
        let bench = try Bench()
        try bench.steps(1...5, loss: 1)
        #expect(try bench.lines() == [Self.step2, Self.step3])
        try bench.evaluate(after: 3, loss: 0.5)
        let step4 = Self.step2.replacing("\"step\":2,\"epoch\":1", with: "\"step\":4,\"epoch\":2")
        #expect(try bench.lines() == [Self.step2, Self.step3, Self.epoch1, step4])
    }

    /// A generation that begins again at the snapshot replays without a second line, in the middle of an
    /// epoch and at its end.
    @Test func generationsReplay() throws {
        let bench = try Bench()
        try bench.steps(1...3, loss: 1)
        try bench.snapshot(3)
        try bench.evaluate(after: 3, loss: 0.5)
        let before = try bench.lines()
        #expect(before == [Self.step2, Self.step3, Self.epoch1])
        try bench.begin()
        try bench.evaluate(after: 3, loss: 0.5)
        #expect(try bench.lines() == before)
        for _ in 0..<2 {
            try bench.steps(4...5, loss: 1)
            try bench.begin()
            try bench.evaluate(after: 3, loss: 0.5)
        }
        #expect(try bench.lines().count == before.count + 1)
        #expect(throws: ReplayDiffers.self) { try bench.steps(4...5, loss: 7) }
        try bench.begin()
        #expect(throws: ReplayDiffers.self) { try bench.evaluate(after: 3, loss: 0.25) }
    }

    /// Until its snapshot is there, an audit may find that a step was computed wrongly: then it never was,
    /// and what is computed instead stands alone.
    @Test(arguments: [true, false])
    func auditedSteps(evaluationFirst: Bool) throws {
        let bench = try Bench(isAudited: true)
        try bench.steps(1...2, loss: 9)
        bench.record.retract()
        try bench.begin()
        try bench.steps(1...3, loss: 1)
        if evaluationFirst { try bench.evaluate(after: 3, loss: 0.5) }
        #expect(try bench.lines().isEmpty)
        // A loss that has nothing to do with an audit: what is computed again must be the same.
        try bench.begin()
        #expect(throws: ReplayDiffers.self) { try bench.steps(1...2, loss: 9) }
        try bench.begin()
        try bench.steps(1...3, loss: 1)
        if evaluationFirst { try bench.evaluate(after: 3, loss: 0.5) }
        try bench.snapshot(3)
        if !evaluationFirst {
            #expect(try bench.lines() == [Self.step2, Self.step3])
            try bench.evaluate(after: 3, loss: 0.5)
        }
        try bench.steps(4...4, loss: 9)
        bench.record.retract()
        #expect(try bench.lines() == [Self.step2, Self.step3, Self.epoch1])
    }
}
