import Checkpoints
import Collectives
import Kernels
import NeuralNetwork

/// The progress of a training: epoch totals, evaluations, decisions and snapshots, put together from the
/// members' reports.
///
/// A value: events come in, effects come out. It knows no file, no console and no clock. The coordinator of a
/// run and `LocalTraining` each keep one. The reports of different members arrive in any order; the effects
/// `stepLogged` and `epochDone` come in one order, which follows from the job alone.
///
/// For example, in a job with two steps per epoch and no validation set:
///
///     var progress = RunProgress(plan, from: start)
///     progress.begin(partition)                     // []
///     try progress.stepDone(1, report)              // [.stepDone]
///     try progress.stepDone(2, report)              // [.stepDone, .stepLogged, .epochDone]
package struct RunProgress {
    private let plan: TrainingPlan
    /// True if an epoch's line waits for the snapshot at its end: it tells the penalty of those parameters,
    /// or an audit may find that they are wrong.
    private let awaitsSnapshot: Bool

    /// The newest complete snapshot, with which a generation begins.
    package private(set) var snapshot: Snapshot
    /// The regularization's part of the objective in the newest snapshot; nil if nothing is regularized.
    package private(set) var penalty: Double?
    /// The partition of the current generation; nil before the first one.
    package private(set) var partition: Partition?
    /// Steps that are done.
    package private(set) var steps: Int

    /// Reports of the current epoch.
    private var totals: Totals
    /// The boundaries since the newest snapshot about which anything has arrived, by the steps done there.
    private var boundaries: [Int: PendingBoundary] = [:]
    private var history: DecisionHistory
    /// The lines of the metrics that wait for an epoch's end before them to be complete.
    private var lines: [Line] = []
    /// The step with which the job ends, if that is before the plan's last one.
    private var earlyEnd: Int?

    /// The totals of the last finished epoch.
    package private(set) var train: Totals?
    /// The last complete evaluation of each set.
    package private(set) var evaluations: [EvaluationSet: Evaluation] = [:]

    private enum Line {
        case step(StepDone)
        /// The end of an epoch, by the steps done there.
        case epoch(Int)
    }

    /// - Parameters:
    ///   - start: the snapshot that the training begins with.
    ///   - isAudited: true if an audit may find that steps after the newest snapshot were computed wrongly.
    package init(_ plan: TrainingPlan, from start: Snapshot, isAudited: Bool = false) {
        self.plan = plan
        awaitsSnapshot = isAudited || !plan.job.optimization.regularization.isNone
        snapshot = start
        steps = start.step
        totals = Totals(plan.trainReport, sums: start.epochTotals)
        history = DecisionHistory(start.decisions)
        penalty = Self.penalty(of: start, plan)
        if endsEpochAtSnapshot { train = totals }
        _ = rollBack()
    }

    // MARK: Events

    /// Begins a generation at the newest snapshot. Later steps will be reported again.
    package mutating func begin(_ partition: Partition) -> [Effect] {
        self.partition = partition
        return rollBack()
    }

    /// Takes rank 0's report of the step that brings the count to `done`.
    ///
    /// - Parameter seconds: when the step was done; handed through to the effects.
    /// - Throws: `DivergedError` if the loss is not finite, `InvalidReport` if the report cannot be right.
    package mutating func stepDone(
        _ done: Int, _ report: Totals, diagnostics: [Double] = [], seconds: Double = 0
    ) throws -> [Effect] {
        try check(report, done)
        if (done - 1) % plan.geometry.stepsPerEpoch == 0 { totals = Totals(plan.trainReport) }
        totals += report
        steps = done
        boundaries[done, default: PendingBoundary()].totals = totals
        let isLast = done < plan.totalSteps && plan.endsJob(afterSteps: done, report: report.sums)
        if isLast { earlyEnd = done }
        let step = StepDone(
            step: done, epoch: plan.epoch(afterSteps: done), report: report, epochTotals: totals,
            learningRate: plan.job.task == .training
                ? plan.learningRate(step: done - 1, factor: history.newest.factor) : nil,
            diagnostics: diagnostics, seconds: seconds)
        if isLast || plan.isLogged(afterSteps: done) { lines.append(.step(step)) }
        if isLast || plan.endsEpoch(done) {
            train = totals
            lines.append(.epoch(done))
        }
        return [.stepDone(step)] + emitLines()
    }

    /// Takes one member's chunks of an evaluation after `done` steps.
    ///
    /// - Throws: `InvalidReport` if there are no such chunks.
    package mutating func evaluated(_ set: EvaluationSet, done: Int, firstChunk: Int, reports: [Double])
        throws
        -> [Effect]
    {
        let layout = plan.evaluationReport
        let samples = set == .validation ? plan.facts.validationCount : plan.facts.testCount
        let count = plan.chunkCount(samples: samples)
        guard reports.count % layout.width == 0, isExpected(set, done), firstChunk >= 0,
            firstChunk <= count - reports.count / layout.width
        else {
            throw InvalidReport("a worker sent results of chunks that the \(set) set does not have")
        }
        let whole = boundaries[done, default: PendingBoundary()].add(
            reports, of: set, firstChunk: firstChunk, count: count, layout)
        guard let whole else { return [] }
        let evaluation = Evaluation(set: set, step: done, totals: whole)
        evaluations[set] = evaluation
        if set == .validation { boundaries[done]?.validation = whole }
        return [.evaluated(evaluation)] + emitLines()
    }

    /// Takes a run of floats of a member's part of a snapshot.
    ///
    /// - Throws: `DivergedError` if the whole snapshot is not finite, `InvalidReport` if the run does not
    ///   fit.
    package mutating func snapshotPart(
        step: Int, rank: Int, offset: Int, _ values: UnsafeBufferPointer<Float>
    ) throws -> [Effect] {
        guard let partition, step > snapshot.step, step <= plan.totalSteps else {
            throw InvalidReport("a worker sent a snapshot of step \(step), which was not asked for")
        }
        let fits = boundaries[step, default: PendingBoundary()].add(values, rank: rank, offset: offset) {
            SnapshotAssembly(step: step, plan: plan, partition: partition)
        }
        guard fits else { throw InvalidReport("rank \(rank) sent a part of a snapshot that does not fit") }
        guard let assembly = boundaries[step]?.assembly, assembly.isComplete else { return [] }
        guard let totals = boundaries[step]?.totals else {
            throw InvalidReport("a snapshot of step \(step) came before that step's report")
        }
        guard assembly.isFinite else {
            throw DivergedError(
                step: step - 1,
                description:
                    "the parameters are no longer finite after step \(step): lower the learning rate")
        }
        let frozen = snapshot.parameters.dropFirst(plan.network.layout.flatCount)
        return takeSnapshot(assembly.snapshot(epochTotals: totals, frozen: frozen))
    }

    // MARK: Transitions

    /// Goes back to the newest snapshot. Without a validation set, the decision after it follows at once.
    private mutating func rollBack() -> [Effect] {
        steps = snapshot.step
        totals = Totals(plan.trainReport, sums: snapshot.epochTotals)
        history = DecisionHistory(snapshot.decisions)
        earlyEnd = snapshot.decisions.isOver ? steps : nil
        boundaries = [steps: PendingBoundary(totals: totals)]
        lines = []
        guard endsEpochAtSnapshot else { return [] }
        guard plan.facts.validationCount == 0 else {
            lines = [.epoch(steps)]
            return []
        }
        return decide(after: steps, train: totals, validation: nil)
    }

    /// A complete snapshot is a low-water mark: every member's reports of earlier steps have arrived, and no
    /// generation begins before it.
    private mutating func takeSnapshot(_ complete: Snapshot) -> [Effect] {
        let step = complete.step
        snapshot = complete
        snapshot.decisions = history.state(before: step)
        snapshot.decisions.isOver = plan.mayEndOnReport && earlyEnd == step
        penalty = Self.penalty(of: snapshot, plan)
        history.forget(before: step)
        boundaries = boundaries.filter { $0.key >= step }
        boundaries[step]?.assembly = nil
        lines.removeAll { if case .epoch(let done) = $0 { done < step } else { false } }
        return [.confirmed(through: step)] + emitLines() + [.snapshotTaken(snapshot)]
    }

    /// Emits the lines that wait, up to the first epoch's end of which something is missing.
    private mutating func emitLines() -> [Effect] {
        var effects: [Effect] = []
        var count = 0
        defer { lines.removeFirst(count) }
        for line in lines {
            switch line {
            case .step(let step): effects.append(.stepLogged(step))
            case .epoch(let done):
                guard let epoch = endEpoch(done) else { return effects }
                effects += epoch
            }
            count += 1
        }
        return effects
    }

    /// Ends the epoch after `done` steps, once rank 0's report, all of the evaluation and, where it is
    /// awaited, the snapshot have arrived; nil before.
    private mutating func endEpoch(_ done: Int) -> [Effect]? {
        guard let boundary = boundaries[done], let train = boundary.totals,
            boundary.validation != nil || plan.facts.validationCount == 0,
            !awaitsSnapshot || snapshot.step >= done
        else { return nil }
        let decided = decide(after: done, train: train, validation: boundary.validation)
        let epoch = EpochDone(
            epoch: plan.epoch(afterSteps: done), step: done, train: train, penalty: penalty,
            validation: boundary.validation, stoppedEarly: earlyEnd == done,
            isBest: plan.decisions.best.map { _ in
                decided.contains { if case .decided(let decision) = $0 { decision.isBest } else { false } }
            })
        return [.epochDone(epoch)] + decided
    }

    private mutating func decide(after done: Int, train: Totals, validation: Totals?) -> [Effect] {
        guard plan.awaitsDecision else { return [] }
        var state = history.state(before: done)
        let decision = plan.decisions.decide(&state, after: done) {
            ($0.source == .train ? train : validation)?.value(named: $0.metric)
        }
        history.add(state, after: done)
        if decision.stops, done < plan.totalSteps { earlyEnd = done }
        return [.decided(decision)]
    }

    // MARK: Checks

    private func check(_ report: Totals, _ done: Int) throws {
        guard done == steps + 1, done <= lastStep else {
            throw InvalidReport("rank 0 reported step \(done) after step \(steps)")
        }
        guard report.sums[0].isFinite else {
            throw DivergedError(
                step: done - 1,
                description: "the loss became \(report.loss) in step \(done): lower the learning rate, "
                    + "or check the data for extreme values")
        }
        guard report.isFinite, (1...Double(plan.mostCountedTargets)).contains(report.samples) else {
            throw InvalidReport("rank 0 reported \(report.samples) samples in step \(done)")
        }
    }

    private func isExpected(_ set: EvaluationSet, _ done: Int) -> Bool {
        if done == lastStep { return true }
        guard (1...plan.totalSteps).contains(done) else { return false }
        // Rank 0's report, which ends such a job, may come after the others' evaluations.
        return plan.mayEndOnReport || (set == .validation && plan.endsEpoch(done))
    }

    private static func penalty(of snapshot: Snapshot, _ plan: TrainingPlan) -> Double? {
        let regularization = plan.job.optimization.regularization
        guard !regularization.isNone else { return nil }
        return snapshot.parameters.withUnsafeBufferPointer { parameters in
            parameters.baseAddress.map { regularization.penalty(of: $0, plan.network.layout) }
        }
    }

    // MARK: Facts

    /// The step that the job ends with, as far as is known.
    package var lastStep: Int { earlyEnd ?? plan.totalSteps }
    package var stoppedEarly: Bool { earlyEnd != nil }

    private var endsEpochAtSnapshot: Bool { snapshot.decisions.isOver || plan.endsEpoch(snapshot.step) }

    /// The best evaluation so far, by the job's measure; nil if there is none.
    package var best: DecisionState.Watch? {
        let state = history.newest
        guard let monitor = plan.decisions.best, state.bestMonitor == monitor.name, state.best.best != nil
        else { return nil }
        return state.best
    }

    /// The value that early stopping watches, as of the newest decision.
    package var earlyStopping: DecisionState.Watch { history.newest.earlyStopping }

    /// True once the last step, its snapshot and its evaluations are there.
    package var isFinished: Bool {
        func isDone(_ set: EvaluationSet, _ samples: Int) -> Bool {
            samples == 0 || evaluations[set]?.step == lastStep
        }
        return snapshot.step == lastStep && isDone(.validation, plan.facts.validationCount)
            && isDone(.test, plan.facts.testCount)
    }
}
