import Checkpoints
import Collectives
import Configuration
import NeuralNetwork
import System
import Telemetry
import Training

/// What a run has reached: the totals of the epoch, evaluations and snapshots being put together, metrics written, progress shown.
///
/// Belongs to the coordinator's loop. Everything that is logged follows from the job alone, not from who computed it.
package final class RunRecord {
    private let plan: TrainingPlan
    private let metrics: MetricsLog
    private let reporter: ProgressReporter
    /// Until the next snapshot, an audit may take everything back.
    private let isAudited: Bool
    /// When the first generation formed: waiting for workers is not training.
    private var started: Double?

    /// The newest complete snapshot, with which a generation begins.
    package private(set) var snapshot: Snapshot
    package private(set) var steps: Int
    private var totals: Totals
    /// Since the newest snapshot: parts of the next one may come long after its step's report.
    private var totalsAfter: [Int: Totals] = [:]
    private var assemblies: [Int: SnapshotAssembly] = [:]
    private var evaluations: [Key: [Int: [Double]]] = [:]
    private var epochTotals: [Int: Totals] = [:]
    /// Of the validation set, by step, while an epoch's line waits for the step's report or snapshot: later evaluations may be there before those.
    private var validations: [Int: Totals] = [:]
    private(set) var partition: Partition?
    /// By step: what regularisation adds to the loss, of each snapshot; none if nothing is regularised.
    private var penalties: [Int: Double] = [:]
    /// What the decisions remember after the evaluation at a step, since the newest snapshot.
    private var memories: [Int: DecisionState] = [:]

    /// The newest decision of this generation.
    package private(set) var decision: Decision?
    /// The step with which the job ends, if that is before the plan's last one.
    private var earlyEnd: Int?

    /// The results so far: of the last finished epoch, and of the last evaluation of each set.
    package private(set) var train: Totals?
    package private(set) var evaluated: [EvaluationSet: (step: Int, totals: Totals)] = [:]

    private struct Key: Hashable {
        let set: EvaluationSet
        let step: Int
    }

    package init(
        plan: TrainingPlan, start: Snapshot, metrics: MetricsLog, reporter: ProgressReporter,
        isAudited: Bool = false
    ) {
        (self.plan, self.metrics, self.reporter, self.isAudited, snapshot, steps) = (
            plan, metrics, reporter, isAudited, start, start.step
        )
        totals = Totals(plan.trainReport, sums: start.epochTotals)
        metrics.forget(before: start.step)
        notePenalty()
        if start.decisions.isOver || plan.endsEpoch(start.step) {
            train = totals
            epochTotals[start.step] = totals
        }
        beginDecisions()
    }

    /// A generation begins from the newest snapshot: what later steps had left is dropped.
    package func begin(_ partition: Partition) {
        self.partition = partition
        started = started ?? Clock.monotonicSeconds()
        totals = Totals(plan.trainReport, sums: snapshot.epochTotals)
        steps = snapshot.step
        (assemblies, evaluations, totalsAfter, validations) = ([:], [:], [:], [:])
        epochTotals = epochTotals.filter { $0.key <= steps }
        penalties = penalties.filter { $0.key <= steps }
        beginDecisions()
    }

    /// What came after the newest snapshot was computed wrongly. The generation is over, and the record takes nothing more of it.
    package func retract() { metrics.retract() }

    /// The report of the step that brings the count to `done`.
    package func stepDone(_ done: Int, _ report: Totals, diagnostics: [Double] = []) throws {
        guard done == steps + 1, done <= lastStep else {
            throw MalformedMessage(
                "rank 0 reported step \(done) after step \(steps)"
            )
        }
        guard report.sums[0].isFinite else {
            throw DivergedError(
                step: done - 1,
                description:
                    "the loss became \(report.loss) in step \(done): lower the learning rate, or check the data for extreme values"
            )
        }
        guard report.isFinite, (1...Double(plan.geometry.batchSize)).contains(report.samples) else {
            throw MalformedMessage(
                "rank 0 reported \(report.samples) samples in step \(done)"
            )
        }
        if (done - 1) % plan.geometry.stepsPerEpoch == 0 { totals = Totals(plan.trainReport) }
        totals += report
        steps = done
        totalsAfter[done] = totals
        let isLast = done < plan.totalSteps && plan.endsJob(afterSteps: done, report: report.sums)
        if isLast { earlyEnd = done }
        let endsEpoch = isLast || plan.endsEpoch(done)
        if isLast || plan.isLogged(afterSteps: done) {
            try metrics.write(stepLine(done, report, diagnostics), isCertain: !isAudited)
        }
        reporter.update(
            epoch: plan.epoch(afterSteps: done), step: done, samples: Int(report.samples), loss: report.loss,
            metrics: report.shown)
        guard endsEpoch else { return }
        train = totals
        epochTotals[done] = totals
        try endEpochIfComplete(done)
    }

    private func stepLine(_ done: Int, _ report: Totals, _ diagnostics: [Double]) -> ConfigValue {
        .object(
            [("step", .int(done)), ("epoch", .int(plan.epoch(afterSteps: done)))] + report.members
                + (plan.job.task == .training ? [("learning_rate", .number(learningRate(ofStep: done)))] : [])
                + diagnosticMembers(diagnostics) + [("seconds", .number(seconds))])
    }

    private func learningRate(ofStep done: Int) -> Double {
        plan.learningRate(step: done - 1, factor: decision?.factor ?? snapshot.decisions.factor)
    }

    private func diagnosticMembers(_ diagnostics: [Double]) -> [(String, ConfigValue)] {
        guard !diagnostics.isEmpty else { return [] }
        let (gradients, deadUnits) = plan.named(diagnostics)
        let norms = gradients.map { name, norms in
            (name, ConfigValue.object(zip(["l1", "l2", "linf"], norms).map { ($0, .number($1)) }))
        }
        return [
            ("gradients", .object(norms)),
            ("dead_units", .object(deadUnits.map { ($0.name, .number($0.fraction)) })),
        ]
    }

    var seconds: Double {
        let now = Clock.monotonicSeconds()
        return ((now - (started ?? now)) * 1000).rounded() / 1000
    }

    /// Some chunks of an evaluation after `done` steps.
    package func evaluated(_ set: EvaluationSet, done: Int, firstChunk: Int, reports: [Double]) throws {
        let width = plan.evaluationReport.width
        let samples = set == .validation ? plan.facts.validationCount : plan.facts.testCount
        let count = plan.chunkCount(samples: samples)
        let chunks = firstChunk..<(firstChunk + reports.count / width)
        guard reports.count % width == 0, chunks.upperBound <= count, isWanted(set, done) else {
            throw MalformedMessage("a worker sent results of chunks that the \(set) set does not have")
        }
        let key = Key(set: set, step: done)
        for (i, chunk) in chunks.enumerated() {
            evaluations[key, default: [:]][chunk] = Array(reports[(i * width)..<((i + 1) * width)])
        }
        guard let all = evaluations[key], all.count == count else { return }
        evaluations[key] = nil
        let total = Evaluator.total(all.sorted { $0.key < $1.key }.flatMap(\.value), plan.evaluationReport)
        evaluated[set] = (done, total)
        guard set == .validation else { return }
        validations[done] = total
        try endEpochIfComplete(done)
    }

    private func isWanted(_ set: EvaluationSet, _ done: Int) -> Bool {
        // Rank 0's report, which ends such a job, may come after the others' evaluations.
        if plan.mayEndOnReport, (1...plan.totalSteps).contains(done) { return true }
        return plan.endsEpoch(done) && (set == .validation || done == lastStep)
    }

    /// Where the time of an epoch went. Such lines are never compared.
    func write(timing line: ConfigValue) throws { try metrics.write(line) }

    /// Once the last step's report and the evaluation are both there: they come from different workers, in any order.
    private func endEpochIfComplete(_ done: Int) throws {
        guard let train = epochTotals[done] else { return }
        let validation = validations[done]
        guard validation != nil || plan.facts.validationCount == 0, isPenaltyKnown(done),
            !isAudited || snapshot.step >= done
        else {
            return
        }
        validations[done] = nil
        let epoch = plan.epoch(afterSteps: done)
        decide(done, train, validation)
        var line = [
            ("epoch", ConfigValue.int(epoch)), ("step", .int(done)),
            ("train", Self.value(train, penalty: penalties[done])),
            ("validation", validation.map { .object($0.members) } ?? .null),
        ]
        if earlyEnd == done { line.append(("stopped_early", .bool(true))) }
        let isNew = try metrics.write(.object(line + [("seconds", .number(seconds))]))
        try metrics.synchronize()
        guard isNew else { return }
        reporter.endEpoch(
            EpochSummary(
                epoch: epoch, epochs: plan.job.epochs, loss: train.loss, metrics: train.shown,
                validation: validation.map { [NamedValue("loss", $0.loss)] + $0.shown } ?? [],
                samplesPerSecond: nil, seconds: seconds))
    }

    static func value(_ totals: Totals, penalty: Double?) -> ConfigValue {
        .object(totals.members + (penalty.map { [("penalty", .number($0))] } ?? []))
    }

    /// A run of a member's part of a snapshot; the snapshot, once all of it is there.
    package func snapshotPart(step: Int, rank: Int, offset: Int, _ values: UnsafeBufferPointer<Float>) throws
        -> Snapshot?
    {
        guard let partition, step > snapshot.step, step <= plan.totalSteps else {
            throw MalformedMessage("a worker sent a snapshot of step \(step), which was not asked for")
        }
        var assembly =
            assemblies.removeValue(forKey: step)
            ?? SnapshotAssembly(step: step, plan: plan, partition: partition)
        guard assembly.add(values, rank: rank, offset: offset) else {
            throw MalformedMessage(
                "rank \(rank) sent a part of a snapshot that does not fit"
            )
        }
        guard assembly.isComplete else {
            assemblies[step] = assembly
            return nil
        }
        guard let totals = totalsAfter[step] else {
            throw MalformedMessage(
                "a snapshot of step \(step) came before that step's report"
            )
        }
        guard assembly.isFinite else {
            throw DivergedError(
                step: step - 1,
                description:
                    "the parameters are no longer finite after step \(step): lower the learning rate")
        }
        var complete = assembly.snapshot(
            epochTotals: totals, frozen: snapshot.parameters.dropFirst(plan.network.layout.flatCount))
        complete.decisions = decisions(before: step)
        complete.decisions.isOver = plan.mayEndOnReport && earlyEnd == step
        snapshot = complete
        try metrics.confirm(through: step)
        memories = memories.filter { $0.key >= step }
        assemblies = assemblies.filter { $0.key > step }
        totalsAfter = totalsAfter.filter { $0.key > step }
        forgetEpochs(before: step)
        notePenalty()
        if penalty != nil || isAudited { try endEpochIfComplete(step) }
        return snapshot
    }

    /// With all parts of a snapshot, all that members had to say of the steps before it is there, and no generation goes back behind it: the lines of those epochs are written, and stay.
    private func forgetEpochs(before step: Int) {
        epochTotals = epochTotals.filter { $0.key >= step }
        penalties = penalties.filter { $0.key >= step }
        metrics.forget(before: step)
    }

    /// Once a snapshot is there, so is what its parameters cost beside the loss. It is no sum over samples, and depends on the parameters alone.
    private func notePenalty() {
        let regularization = plan.job.optimization.regularization
        guard !regularization.isNone else { return }
        penalties[snapshot.step] = snapshot.parameters.withUnsafeBufferPointer { parameters in
            parameters.baseAddress.map { regularization.penalty(of: $0, plan.network.layout) }
        }
    }

    private func isPenaltyKnown(_ done: Int) -> Bool {
        plan.job.optimization.regularization.isNone || penalties[done] != nil
    }

    /// Of the newest snapshot.
    package var penalty: Double? { penalties[snapshot.step] }

    /// True once the last step, its snapshot and its evaluations are there.
    package var isFinished: Bool {
        func isDone(_ set: EvaluationSet, _ samples: Int) -> Bool {
            samples == 0 || evaluated[set]?.step == lastStep
        }
        return snapshot.step == lastStep && isDone(.validation, plan.facts.validationCount)
            && isDone(.test, plan.facts.testCount)
    }
}

// MARK: - Decisions

extension RunRecord {
    /// The step that the job ends with, as far as is known.
    package var lastStep: Int { earlyEnd ?? plan.totalSteps }
    package var stoppedEarly: Bool { earlyEnd != nil }

    /// What the decisions remember now.
    package var decisions: DecisionState { decisions(before: .max) }

    /// The best evaluation so far, by the job's measure.
    package var best: DecisionState.Watch? {
        guard let monitor = plan.decisions.best, decisions.bestMonitor == monitor.name,
            decisions.best.best != nil
        else { return nil }
        return decisions.best
    }

    private func decisions(before step: Int) -> DecisionState {
        memories.filter { $0.key < step }.max { $0.key < $1.key }?.value ?? snapshot.decisions
    }

    /// Back to the snapshot. With nothing to evaluate, what is decided there follows at once.
    private func beginDecisions() {
        (memories, decision) = ([:], nil)
        earlyEnd = snapshot.decisions.isOver ? snapshot.step : nil
        if plan.facts.validationCount == 0, let train = epochTotals[snapshot.step] {
            decide(snapshot.step, train, nil)
        }
    }

    private func decide(_ done: Int, _ train: Totals, _ validation: Totals?) {
        guard plan.awaitsDecision else { return }
        var memory = decisions(before: done)
        let decision = plan.decisions.decide(&memory, after: done) {
            ($0.source == .train ? train : validation)?.value(named: $0.metric)
        }
        memories[done] = memory
        self.decision = decision
        if decision.stops, done < plan.totalSteps { earlyEnd = done }
    }
}

extension Totals {
    /// The metrics without the loss, as progress shows them.
    fileprivate var shown: [NamedValue] { values.dropFirst().map { NamedValue($0.name, $0.value) } }
}
