import Checkpoints
import Cluster
import Collectives
import Jobs
import Kernels
import NeuralNetwork
import Synchronization
import System
import Telemetry
import TestSupport
import Testing
import Training

/// What the coordinator puts together from messages that come in any order.
@Suite struct RunRecordTests {
    private let directory: TemporaryDirectory
    private let plan: TrainingPlan

    /// 1,437 samples in batches of 500: 3 steps per epoch, the last one ragged; 360 samples of validation are 6 chunks of 64 or so.
    init() throws {
        directory = try TemporaryDirectory()
        let job = Job(
            name: "record", seed: 3,
            data: DataSpec(train: .digits, validation: .digits, normalization: .zScore),
            layers: [
                NamedLayer("a", .flatten),
                NamedLayer("b", .dense(units: 100, bias: false, initializer: .heNormal)),
                NamedLayer("c", .batchNorm(momentum: 0.1, epsilon: 1e-5)),
                NamedLayer("d", .dense(units: 10, bias: true, initializer: .xavierUniform)),
            ],
            loss: .crossEntropy,
            optimizer: .adam(learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8), batchSize: 500,
            microbatches: 4, epochs: 2, logEvery: 2)
        plan = try TrainingPlan(job, DecodedData(reading: job.data).facts)
    }

    private func record(start: Snapshot? = nil, isAudited: Bool = false) throws -> RunRecord {
        RunRecord(
            plan: plan, start: start ?? Snapshot(initial: plan.network.layout, moments: 2, seed: 3),
            metrics: try MetricsLog(directory.file("metrics.jsonl"), isExact: true),
            reporter: ProgressReporter(
                console: Console(isTerminal: false) { _ in }, epochs: 2, steps: plan.totalSteps),
            isAudited: isAudited)
    }

    private func lines() throws -> [String] {
        try File.readText(directory.file("metrics.jsonl"), limit: 1 << 20).split(separator: "\n").map(
            String.init)
    }

    private func partition(members: Int) -> Partition {
        OwnerPattern.spread.partition(usedCount: plan.network.layout.usedCount, members: members)
    }

    private func report(_ loss: Double, samples: Double = 500) -> Totals {
        Totals(plan.trainReport, sums: [loss * samples, samples / 2, samples])
    }

    /// A state in which every float differs.
    private func state(step: Int, epochTotals: [Double]) -> Snapshot {
        var snapshot = Snapshot(initial: plan.network.layout, moments: 2, seed: 3)
        snapshot.step = step
        snapshot.epochTotals = epochTotals
        for i in 0..<plan.network.layout.usedCount {
            snapshot.parameters[i] = Float(i) + 0.25
            snapshot.moments[0][i] = Float(-i) - 0.5
            snapshot.moments[1][i] = Float(i) * 3 + 1
        }
        for i in snapshot.statistics.indices { snapshot.statistics[i] = Float(i) + 1_000_000 }
        return snapshot
    }

    private func parts(of snapshot: Snapshot, _ partition: Partition) -> [FloatBuffer] {
        (0..<partition.members).map { rank in
            let assignment = Assignment(even: plan.geometry.microbatches, members: partition.members)
            let member = MemberState(
                plan: plan, partition: partition, rank: rank, stepPlans: plan.stepPlans(assignment))
            member.load(snapshot)
            return member.snapshotPart()
        }
    }

    /// Runs of `size` floats, as they travel.
    private func send(_ part: FloatBuffer, rank: Int, step: Int, to record: RunRecord, runs size: Int = .max)
        throws -> Snapshot?
    {
        var (offset, snapshot) = (0, Snapshot?.none)
        while offset < part.count {
            let count = min(size, part.count - offset)
            snapshot = try record.snapshotPart(
                step: step, rank: rank, offset: offset,
                UnsafeBufferPointer(start: part.pointer + offset, count: count))
            offset += count
        }
        return snapshot
    }

    @Test(arguments: [[0, 1, 2], [0, 2, 1], [2, 1, 0], [1, 0, 2]])
    func snapshotPartsInAnyOrderOfRanks(order: [Int]) throws {
        let record = try record()
        let partition = partition(members: 3)
        record.begin(partition)
        for step in 1...2 { try record.stepDone(step, report(Double(step))) }
        let expected = state(step: 2, epochTotals: [1_500, 500, 1_000])
        let parts = parts(of: expected, partition)
        for rank in order.dropLast() {
            #expect(try send(parts[rank], rank: rank, step: 2, to: record, runs: 777) == nil)
        }
        let snapshot = try send(parts[order[2]], rank: order[2], step: 2, to: record)
        #expect(snapshot == expected)
        #expect(record.snapshot == expected)
    }

    /// A member whose link is slow sends its part when the others are many steps ahead.
    @Test func lateParts() throws {
        let job = Job(
            name: "long", seed: 3, data: plan.job.data, layers: plan.job.layers, loss: .crossEntropy,
            optimizer: plan.job.optimizer,
            batchSize: 10, microbatches: 2, epochs: 2, logEvery: 1000)
        let plan = try TrainingPlan(job, plan.facts)
        let record = RunRecord(
            plan: plan, start: Snapshot(initial: plan.network.layout, moments: 2, seed: 3),
            metrics: try MetricsLog(directory.file("late.jsonl"), isExact: true),
            reporter: ProgressReporter(
                console: Console(isTerminal: false) { _ in }, epochs: 2, steps: plan.totalSteps))
        let partition = partition(members: 2)
        record.begin(partition)
        try record.stepDone(1, report(1, samples: 10))
        let expected = state(step: 1, epochTotals: [10, 5, 10])
        let parts = parts(of: expected, partition)
        _ = try send(parts[0], rank: 0, step: 1, to: record)
        for step in 2...130 { try record.stepDone(step, report(1, samples: 10)) }
        #expect(try send(parts[1], rank: 1, step: 1, to: record) == expected)
    }

    @Test func partsThatDoNotFit() throws {
        let record = try record()
        let partition = partition(members: 2)
        record.begin(partition)
        try record.stepDone(1, report(1))
        let part = parts(of: state(step: 1, epochTotals: [0, 0, 0]), partition)[1]
        let whole = UnsafeBufferPointer(start: part.pointer, count: part.count)
        #expect(throws: MalformedMessage.self, "a hole") {
            try record.snapshotPart(step: 1, rank: 1, offset: 5, whole)
        }
        #expect(throws: MalformedMessage.self, "no such rank") {
            try record.snapshotPart(step: 1, rank: 2, offset: 0, whole)
        }
        #expect(throws: MalformedMessage.self, "an old step") {
            try record.snapshotPart(step: 0, rank: 1, offset: 0, whole)
        }
        #expect(throws: MalformedMessage.self, "beyond the end") {
            try record.snapshotPart(step: plan.totalSteps + 1, rank: 1, offset: 0, whole)
        }
    }

    @Test func whatIsNotFinite() throws {
        let record = try record()
        let partition = partition(members: 2)
        record.begin(partition)
        try record.stepDone(1, report(1))
        var bad = state(step: 1, epochTotals: [0, 0, 0])
        bad.moments[1][40] = .infinity
        let parts = parts(of: bad, partition)
        #expect(throws: DivergedError.self) {
            for rank in 0..<2 { _ = try send(parts[rank], rank: rank, step: 1, to: record) }
        }
        #expect(record.snapshot.step == 0, "the one before stands")
        #expect(throws: DivergedError.self) { try record.stepDone(2, report(.nan)) }
    }

    private func chunks(loss: Double) -> [Double] {
        let count = Evaluator.chunkCount(samples: plan.facts.validationCount)
        return (0..<count).flatMap { chunk in
            let samples = min(Evaluator.chunkSize, plan.facts.validationCount - chunk * Evaluator.chunkSize)
            return [loss * Double(samples), 0, Double(samples)]
        }
    }

    /// The last step's report comes from rank 0, the evaluation from everyone: whichever is last completes the epoch.
    @Test(arguments: [true, false])
    func evaluationAndReportInAnyOrder(evaluationFirst: Bool) throws {
        let record = try record()
        record.begin(partition(members: 2))
        for step in 1...2 { try record.stepDone(step, report(1)) }
        let reports = chunks(loss: 0.5)
        let half = 3 * (reports.count / 6)
        if !evaluationFirst { try record.stepDone(3, report(4, samples: 437)) }
        // The second member's chunks before the first one's.
        try record.evaluated(.validation, done: 3, firstChunk: half / 3, reports: Array(reports[half...]))
        #expect(record.evaluated[.validation] == nil)
        try record.evaluated(.validation, done: 3, firstChunk: 0, reports: Array(reports[..<half]))
        #expect(record.evaluated[.validation]?.totals.loss == 0.5)
        if evaluationFirst {
            #expect(try lines().count == 1, "step 2 alone")
            try record.stepDone(3, report(4, samples: 437))
        }
        #expect(try lines().count == 3)
        #expect(try lines().last?.contains("\"validation\":{\"loss\":0.5,\"accuracy\":0}") == true)
        #expect(record.train?.samples == 1_437)
        #expect(!record.isFinished)
    }

    /// Rank 0, of whose chunks there may be none, has a slow link: its reports come behind the evaluations of two epochs.
    @Test func evaluationsAheadOfReports() throws {
        let record = try record()
        record.begin(partition(members: 2))
        for (epoch, loss) in [(1, 0.5), (2, 0.25)] {
            try record.evaluated(.validation, done: 3 * epoch, firstChunk: 0, reports: chunks(loss: loss))
        }
        for step in 1...6 {
            try record.stepDone(step, report(1, samples: step.isMultiple(of: 3) ? 437 : 500))
        }
        let epochs = try lines().filter { $0.contains("\"validation\"") }
        #expect(epochs.count == 2)
        #expect(epochs.first?.contains("\"validation\":{\"loss\":0.5,") == true)
        #expect(record.evaluated[.validation]?.totals.loss == 0.25)
    }

    @Test func chunksThatDoNotExist() throws {
        let record = try record()
        record.begin(partition(members: 1))
        let count = Evaluator.chunkCount(samples: plan.facts.validationCount)
        #expect(throws: MalformedMessage.self) {
            try record.evaluated(.validation, done: 3, firstChunk: count, reports: [1, 2, 3])
        }
        #expect(throws: MalformedMessage.self) {
            try record.evaluated(.validation, done: 3, firstChunk: 0, reports: [1, 2])
        }
        #expect(throws: MalformedMessage.self) {
            try record.evaluated(.test, done: 3, firstChunk: 0, reports: [1, 2, 3])
        }
        // Nothing is kept for steps after which nobody evaluates.
        for step in [0, 1, 7, .max] {
            #expect(throws: MalformedMessage.self) {
                try record.evaluated(.validation, done: step, firstChunk: 0, reports: [1, 2, 3])
            }
        }
    }

    /// Numbers that no batch gives.
    @Test func absurdReports() throws {
        let record = try record()
        record.begin(partition(members: 1))
        for samples in [Double.nan, .infinity, 1e300, -1, 501] {
            #expect(throws: MalformedMessage.self, "\(samples)") {
                try record.stepDone(1, Totals(plan.trainReport, sums: [1, 1, samples]))
            }
        }
        #expect(throws: MalformedMessage.self) {
            try record.stepDone(1, Totals(plan.trainReport, sums: [1, .nan, 500]))
        }
        try record.stepDone(1, report(1))
    }

    @Test func stepsBehindTheEnd() throws {
        let record = try record()
        record.begin(partition(members: 1))
        for step in 1...plan.totalSteps {
            try record.stepDone(step, report(1, samples: step % 3 == 0 ? 437 : 500))
        }
        #expect(throws: MalformedMessage.self) { try record.stepDone(plan.totalSteps + 1, report(1)) }
    }

    @Test func stepsComeOneAfterTheOther() throws {
        let record = try record()
        record.begin(partition(members: 1))
        try record.stepDone(1, report(1))
        #expect(throws: MalformedMessage.self) { try record.stepDone(1, report(1)) }
        #expect(throws: MalformedMessage.self) { try record.stepDone(3, report(1)) }
    }

    /// A generation that begins again at the snapshot replays without a second line, in the middle of an epoch and at its end.
    @Test func generationsReplay() throws {
        let record = try record()
        let partition = partition(members: 2)
        record.begin(partition)
        for step in 1...3 { try record.stepDone(step, report(Double(step), samples: step == 3 ? 437 : 500)) }
        let end = state(step: 3, epochTotals: [500 + 1_000 + 3 * 437, 718.5, 1_437])
        let parts = parts(of: end, partition)
        for rank in 0..<2 { _ = try send(parts[rank], rank: rank, step: 3, to: record) }
        #expect(record.snapshot == end)
        try record.evaluated(.validation, done: 3, firstChunk: 0, reports: chunks(loss: 1))
        let before = try lines()
        record.begin(partition)
        try record.evaluated(.validation, done: 3, firstChunk: 0, reports: chunks(loss: 1))
        #expect(try lines() == before)
        for _ in 0..<2 {
            for step in 4...5 { try record.stepDone(step, report(Double(step))) }
            record.begin(partition)
            #expect(record.steps == 3)
        }
        #expect(try lines().count == before.count + 1)
        #expect(throws: ReplayDiffers.self) { for step in 4...5 { try record.stepDone(step, report(7)) } }
    }

    /// Until its snapshot is there, an audit may find that a step was computed wrongly: then it never was, and what is computed instead stands alone.
    @Test(arguments: [true, false])
    func auditedSteps(evaluationFirst: Bool) throws {
        let record = try record(isAudited: true)
        let partition = partition(members: 2)
        record.begin(partition)
        for step in 1...2 { try record.stepDone(step, report(9)) }
        record.retract()
        record.begin(partition)
        for step in 1...3 { try record.stepDone(step, report(1, samples: step == 3 ? 437 : 500)) }
        if evaluationFirst {
            try record.evaluated(.validation, done: 3, firstChunk: 0, reports: chunks(loss: 0.5))
        }
        #expect(try lines().isEmpty)
        // A loss that has nothing to do with an audit: what is computed again must be the same.
        record.begin(partition)
        #expect(throws: ReplayDiffers.self) { for step in 1...2 { try record.stepDone(step, report(9)) } }
        record.begin(partition)
        for step in 1...3 { try record.stepDone(step, report(1, samples: step == 3 ? 437 : 500)) }
        if evaluationFirst {
            try record.evaluated(.validation, done: 3, firstChunk: 0, reports: chunks(loss: 0.5))
        }

        let parts = parts(of: state(step: 3, epochTotals: [1_437, 718.5, 1_437]), partition)
        for rank in 0..<2 { _ = try send(parts[rank], rank: rank, step: 3, to: record) }
        if !evaluationFirst {
            #expect(try lines().count == 2)
            try record.evaluated(.validation, done: 3, firstChunk: 0, reports: chunks(loss: 0.5))
        }
        try record.stepDone(4, report(9))
        record.retract()
        #expect(
            try lines().map { String($0.prefix(19)) } == [
                "{\"step\":2,\"epoch\":1", "{\"step\":3,\"epoch\":1", "{\"epoch\":1,\"step\":3",
            ])
        #expect(try lines().allSatisfy { $0.contains("\"loss\":1,") })
    }
}
