import Checkpoints
import Collectives
import Jobs
import Kernels
import NeuralNetwork
import Testing
import Training

/// Epochs and snapshots are put together from reports that come in any order.
@Suite struct RunProgressTests {
    private let fixture: RunProgressFixture

    init() throws { fixture = try RunProgressFixture() }

    // MARK: Snapshots

    @Test(arguments: [[0, 1, 2], [0, 2, 1], [2, 1, 0], [1, 0, 2]])
    func snapshotPartsInAnyOrderOfRanks(order: [Int]) throws {
        var progress = fixture.progress(members: 3)
        for step in 1...2 { _ = try progress.stepDone(step, fixture.report(Double(step), step: step)) }
        let expected = fixture.state(step: 2, epochTotals: [1_500, 500, 1_000])
        let parts = fixture.parts(of: expected, fixture.partition(members: 3))
        for rank in order.dropLast() {
            #expect(try progress.take(parts[rank], rank: rank, step: 2, runs: 777) == [])
        }
        let effects = try progress.take(parts[order[2]], rank: order[2], step: 2)
        #expect(effects == [.confirmed(through: 2), .snapshotTaken(expected)])
        #expect(progress.snapshot == expected)
    }

    /// A member whose link is slow sends its part when the others are many steps ahead.
    @Test func lateParts() throws {
        let fixture = try RunProgressFixture {
            ($0.batchSize, $0.microbatches, $0.logEvery) = (10, 2, 1000)
        }
        var progress = fixture.progress(members: 2)
        _ = try progress.stepDone(1, fixture.report(1, step: 1))
        let expected = fixture.state(step: 1, epochTotals: [10, 5, 10])
        let parts = fixture.parts(of: expected, fixture.partition(members: 2))
        _ = try progress.take(parts[0], rank: 0, step: 1)
        for step in 2...130 { _ = try progress.stepDone(step, fixture.report(1, step: step)) }
        #expect(
            try progress.take(parts[1], rank: 1, step: 1)
                == [.confirmed(through: 1), .snapshotTaken(expected)])
    }

    @Test func partsThatDoNotFit() throws {
        var progress = fixture.progress(members: 2)
        _ = try progress.stepDone(1, fixture.report(1, step: 1))
        let state = fixture.state(step: 1, epochTotals: [0, 0, 0])
        let part = fixture.parts(of: state, fixture.partition(members: 2))[1]
        let whole = UnsafeBufferPointer(start: part.pointer, count: part.count)
        for (what, step, rank, offset) in [
            ("a hole", 1, 1, 5), ("no such rank", 1, 2, 0), ("an old step", 0, 1, 0),
            ("beyond the end", fixture.plan.totalSteps + 1, 1, 0),
        ] {
            #expect(throws: InvalidReport.self, "\(what)") {
                try progress.snapshotPart(step: step, rank: rank, offset: offset, whole)
            }
        }
    }

    @Test func aSnapshotBeforeItsStep() throws {
        var progress = fixture.progress(members: 1)
        #expect(throws: InvalidReport.self) {
            try progress.take(fixture.state(step: 1, epochTotals: [0, 0, 0]), fixture)
        }
    }

    @Test func whatIsNotFinite() throws {
        var progress = fixture.progress(members: 2)
        _ = try progress.stepDone(1, fixture.report(1, step: 1))
        var bad = fixture.state(step: 1, epochTotals: [0, 0, 0])
        bad.moments[1][40] = .infinity
        #expect(throws: DivergedError.self) { try progress.take(bad, fixture) }
        #expect(progress.snapshot.step == 0, "the one before stands")
        #expect(throws: DivergedError.self) { try progress.stepDone(2, fixture.report(.nan, step: 2)) }
    }

    // MARK: Epochs

    /// The last step's report comes from rank 0, the evaluation from everyone: whichever is last completes
    /// the epoch.
    @Test(arguments: [true, false])
    func evaluationAndReportInAnyOrder(evaluationFirst: Bool) throws {
        var progress = fixture.progress(members: 2)
        for step in 1...2 { _ = try progress.stepDone(step, fixture.report(1, step: step)) }
        let reports = fixture.chunks(loss: 0.5)
        let half = 3 * (reports.count / 6)
        if !evaluationFirst {
            #expect(told(try progress.stepDone(3, fixture.report(4, step: 3))) == ["step 3, loss 4.0"])
        }
        // The second member's chunks before the first one's.
        #expect(
            try progress.evaluated(
                .validation, done: 3, firstChunk: half / 3, reports: Array(reports[half...])) == [])
        #expect(progress.evaluations[.validation] == nil)
        let evaluation = try progress.evaluated(
            .validation, done: 3, firstChunk: 0, reports: Array(reports[..<half]))
        let train = (500 + 500 + 4.0 * 437) / 1_437
        let epoch = "epoch 1 at 3, train \(train), validation 0.5"
        if evaluationFirst {
            #expect(told(evaluation) == ["validation at 3, loss 0.5"])
            #expect(
                told(try progress.stepDone(3, fixture.report(4, step: 3))) == ["step 3, loss 4.0", epoch])
        } else {
            #expect(told(evaluation) == ["validation at 3, loss 0.5", epoch])
        }
        #expect(progress.train?.samples == 1_437)
        #expect(!progress.isFinished)
    }

    /// Rank 0, of whose chunks there may be none, has a slow link: its reports come behind the evaluations of
    /// two epochs.
    @Test func evaluationsAheadOfReports() throws {
        var progress = fixture.progress(members: 2)
        for (done, loss) in [(3, 0.5), (6, 0.25)] {
            _ = try progress.evaluated(
                .validation, done: done, firstChunk: 0, reports: fixture.chunks(loss: loss))
        }
        let effects = try (1...6).flatMap { try progress.stepDone($0, fixture.report(1, step: $0)) }
        #expect(
            told(effects) == [
                "step 2, loss 1.0", "step 3, loss 1.0", "epoch 1 at 3, train 1.0, validation 0.5",
                "step 4, loss 1.0", "step 6, loss 1.0", "epoch 2 at 6, train 1.0, validation 0.25",
            ])
        #expect(progress.evaluations[.validation]?.totals.loss == 0.25)
    }

    /// An evaluation that comes late holds back the later steps' lines, so that the lines have one order.
    @Test func lateEvaluations() throws {
        var progress = fixture.progress(members: 1)
        let steps = try (1...5).flatMap { try progress.stepDone($0, fixture.report(1, step: $0)) }
        #expect(told(steps) == ["step 2, loss 1.0", "step 3, loss 1.0"])
        #expect(
            steps.count { if case .stepDone = $0 { true } else { false } } == 5,
            "the console is not held back")
        #expect(
            told(
                try progress.evaluated(
                    .validation, done: 3, firstChunk: 0, reports: fixture.chunks(loss: 0.5))) == [
                    "validation at 3, loss 0.5", "epoch 1 at 3, train 1.0, validation 0.5",
                    "step 4, loss 1.0",
                ])
    }

    /// A regularized job tells the penalty of the parameters at the epoch's end, which come with the
    /// snapshot.
    @Test func penaltiesComeWithSnapshots() throws {
        let fixture = try RunProgressFixture {
            $0.optimization.regularization = Regularization(l1: 0, l2: 0.1)
        }
        var progress = fixture.progress(members: 2)
        #expect(progress.penalty != nil, "of the initial parameters")
        for step in 1...3 { _ = try progress.stepDone(step, fixture.report(1, step: step)) }
        _ = try progress.evaluated(.validation, done: 3, firstChunk: 0, reports: fixture.chunks(loss: 0.5))
        let state = fixture.state(step: 3, epochTotals: [1_437, 718.5, 1_437])
        #expect(
            told(try progress.take(state, fixture)) == [
                "confirmed through 3", "epoch 1 at 3, train 1.0, validation 0.5, penalty", "snapshot 3",
            ])
    }

    @Test func chunksThatDoNotExist() throws {
        var progress = fixture.progress(members: 1)
        let count = Evaluator.chunkCount(samples: fixture.plan.facts.validationCount)
        #expect(throws: InvalidReport.self) {
            try progress.evaluated(.validation, done: 3, firstChunk: count, reports: [1, 2, 3])
        }
        #expect(throws: InvalidReport.self) {
            try progress.evaluated(.validation, done: 3, firstChunk: -1, reports: [1, 2, 3])
        }
        #expect(throws: InvalidReport.self) {
            try progress.evaluated(.validation, done: 3, firstChunk: .max, reports: [1, 2, 3])
        }
        #expect(throws: InvalidReport.self) {
            try progress.evaluated(.validation, done: 3, firstChunk: 0, reports: [1, 2])
        }
        #expect(throws: InvalidReport.self) {
            try progress.evaluated(.test, done: 3, firstChunk: 0, reports: [1, 2, 3])
        }
        // Nothing is kept for steps after which nobody evaluates.
        for step in [0, 1, 7, 9, .max] {
            #expect(throws: InvalidReport.self) {
                try progress.evaluated(.validation, done: step, firstChunk: 0, reports: [1, 2, 3])
            }
        }
    }

    // MARK: Steps

    /// Numbers that no batch gives.
    @Test func absurdReports() throws {
        var progress = fixture.progress(members: 1)
        let layout = fixture.plan.trainReport
        for samples in [Double.nan, .infinity, 1e300, -1, 501] {
            #expect(throws: InvalidReport.self, "\(samples)") {
                try progress.stepDone(1, Totals(layout, sums: [1, 1, samples]))
            }
        }
        #expect(throws: InvalidReport.self) {
            try progress.stepDone(1, Totals(layout, sums: [1, .nan, 500]))
        }
        _ = try progress.stepDone(1, fixture.report(1, step: 1))
    }

    @Test func stepsBehindTheEnd() throws {
        var progress = fixture.progress(members: 1)
        let last = fixture.plan.totalSteps
        for step in 1...last { _ = try progress.stepDone(step, fixture.report(1, step: step)) }
        #expect(throws: InvalidReport.self) { try progress.stepDone(last + 1, fixture.report(1, step: 1)) }
    }

    @Test func stepsComeOneAfterTheOther() throws {
        var progress = fixture.progress(members: 1)
        _ = try progress.stepDone(1, fixture.report(1, step: 1))
        #expect(throws: InvalidReport.self) { try progress.stepDone(1, fixture.report(1, step: 1)) }
        #expect(throws: InvalidReport.self) { try progress.stepDone(3, fixture.report(1, step: 3)) }
    }

    // MARK: Generations

    /// A generation begins at the newest snapshot. At an epoch's end it evaluates again, and the epoch is
    /// told again.
    @Test func generationsBeginAtTheSnapshot() throws {
        var progress = fixture.progress(members: 2)
        func run(_ steps: ClosedRange<Int>) throws -> [String] {
            told(try steps.flatMap { try progress.stepDone($0, fixture.report(1, step: $0)) })
        }
        func evaluate() throws -> [String] {
            told(
                try progress.evaluated(
                    .validation, done: 3, firstChunk: 0, reports: fixture.chunks(loss: 1)))
        }
        _ = try run(1...3)
        let end = fixture.state(step: 3, epochTotals: [1_437, 718.5, 1_437])
        _ = try progress.take(end, fixture)
        let epoch = ["validation at 3, loss 1.0", "epoch 1 at 3, train 1.0, validation 1.0"]
        #expect(try evaluate() == epoch)
        for _ in 0..<2 {
            #expect(progress.begin(fixture.partition(members: 2)) == [])
            #expect(progress.steps == 3)
            #expect(try run(4...5) == [], "the epoch's end comes first")
            #expect(try evaluate() == epoch + ["step 4, loss 1.0"])
        }
    }

    /// Until its snapshot is there, an audit may find that an epoch was computed wrongly.
    @Test(arguments: [true, false])
    func auditedEpochsWaitForTheirSnapshot(evaluationFirst: Bool) throws {
        var progress = fixture.progress(members: 2, isAudited: true)
        for step in 1...3 { _ = try progress.stepDone(step, fixture.report(1, step: step)) }
        let (evaluation, epoch) = (
            "validation at 3, loss 0.5", "epoch 1 at 3, train 1.0, validation 0.5"
        )
        func evaluate() throws -> [String] {
            told(
                try progress.evaluated(
                    .validation, done: 3, firstChunk: 0, reports: fixture.chunks(loss: 0.5)))
        }
        let state = fixture.state(step: 3, epochTotals: [1_437, 718.5, 1_437])
        if evaluationFirst {
            #expect(try evaluate() == [evaluation])
            #expect(told(try progress.take(state, fixture)) == ["confirmed through 3", epoch, "snapshot 3"])
        } else {
            #expect(told(try progress.take(state, fixture)) == ["confirmed through 3", "snapshot 3"])
            #expect(try evaluate() == [evaluation, epoch])
        }
    }

    // MARK: Decisions

    /// A snapshot carries the state from before the evaluation at its step, so that a resume decides again.
    @Test func snapshotsKeepTheStateBeforeTheirEvaluation() throws {
        let fixture = try RunProgressFixture {
            $0.earlyStopping = EarlyStopping(monitor: MetricMonitor(.validation, "loss", .min), patience: 1)
        }
        var progress = fixture.progress(members: 1)
        func epoch(_ number: Int, loss: Double) throws -> [String] {
            let done = 3 * number
            for step in (done - 2)...done { _ = try progress.stepDone(step, fixture.report(1, step: step)) }
            let state = fixture.state(step: done, epochTotals: [1_437, 718.5, 1_437])
            _ = try progress.take(state, fixture)
            return told(
                try progress.evaluated(
                    .validation, done: done, firstChunk: 0, reports: fixture.chunks(loss: loss)))
        }
        #expect(
            try epoch(1, loss: 0.5) == [
                "validation at 3, loss 0.5", "epoch 1 at 3, train 1.0, validation 0.5",
                "decided at 3: rate × 1.0",
            ])
        #expect(progress.snapshot.decisions == DecisionState(), "as before the evaluation at step 3")
        #expect(progress.begin(fixture.partition(members: 1)) == [])
        let again = told(
            try progress.evaluated(
                .validation, done: 3, firstChunk: 0, reports: fixture.chunks(loss: 0.5)))
        #expect(again.last == "decided at 3: rate × 1.0")
        #expect(!progress.isFinished)
        #expect(try epoch(2, loss: 0.75).last == "decided at 6: rate × 1.0, stop")
        #expect(progress.snapshot.decisions.earlyStopping.best == 0.5, "as after the evaluation at step 3")
        #expect(progress.isFinished && !progress.stoppedEarly, "the job's last step anyway")
    }

    @Test func theJobEndsWhereTheRulesSay() throws {
        let fixture = try RunProgressFixture {
            $0.earlyStopping = EarlyStopping(monitor: MetricMonitor(.train, "loss", .min), patience: 1)
            $0.data.validation = nil
            $0.epochs = 9
        }
        var progress = fixture.progress(members: 1)
        for step in 1...5 { _ = try progress.stepDone(step, fixture.report(1, step: step)) }
        #expect(
            told(try progress.stepDone(6, fixture.report(1, step: 6))) == [
                "step 6, loss 1.0", "epoch 2 at 6, train 1.0, the last", "decided at 6: rate × 1.0, stop",
            ])
        #expect(progress.lastStep == 6 && progress.stoppedEarly && !progress.isFinished)
        #expect(throws: InvalidReport.self) { try progress.stepDone(7, fixture.report(1, step: 7)) }
        _ = try progress.take(fixture.state(step: 6, epochTotals: [1_437, 718.5, 1_437]), fixture)
        #expect(progress.isFinished)
        // Whoever resumes there, without anything to evaluate, decides the same at once.
        var resumed = RunProgress(fixture.plan, from: progress.snapshot)
        #expect(resumed.isFinished)
        #expect(told(resumed.begin(fixture.partition(members: 1))) == ["decided at 6: rate × 1.0, stop"])
    }
}
