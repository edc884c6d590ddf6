import Checkpoints
import Collectives
import Kernels
import NeuralNetwork
import System

/// Trains a job with several members in this process: the same trainers and collectives as between machines, on threads instead of sockets.
package struct LocalTraining {
    package struct Result: Sendable {
        package var snapshot: Snapshot
        /// Each step's report, by step.
        package var reports: [Int: Totals]
        /// What logged steps tell of the gradient, by step: see `TrainingPlan.named`.
        package var diagnostics: [Int: [Double]]
        /// The last evaluation of each set.
        package var evaluations: [EvaluationSet: Totals]
        /// What was decided, by step.
        package var decisions: [Int: Decision]
    }

    package let plan: TrainingPlan
    package let data: DecodedData
    /// Given each step's times, with those of its layers, if it is there.
    package var timed: (@Sendable ([Span]) -> Void)?

    package init(plan: TrainingPlan, data: DecodedData) { (self.plan, self.data) = (plan, data) }

    /// Runs to the job's end, or to `stopAfter` steps.
    ///
    /// - Parameter stops: is given the totals of each step, in order; true ends the training behind it.
    package func run(
        members: Int, lanes: Int, cuts: [Int]? = nil, from start: Snapshot? = nil, stopAfter: Int? = nil,
        stops: @escaping @Sendable (Totals) -> Bool = { _ in false }
    ) throws -> Result {
        let assignment =
            cuts.flatMap(Assignment.init(cuts:))
            ?? Assignment(even: plan.geometry.microbatches, members: members)
        let partition = Partition(
            usedCount: plan.network.layout.usedCount,
            owners: Partition.spreadOwners(usedCount: plan.network.layout.usedCount, members: members),
            members: members)
        let start =
            start
            ?? Snapshot(
                initial: plan.network.layout, moments: plan.job.optimizer.momentNames.count,
                seed: plan.job.seed)
        let record = LocalRecord(plan: plan, partition: partition, start: start)
        let stepPlans = plan.stepPlans(assignment)
        var parts: [(Collective, MemberState)] = []
        for rank in 0..<members {
            let state = MemberState(plan: plan, partition: partition, rank: rank, stepPlans: stepPlans)
            state.load(start)
            state.learningRateFactor = start.decisions.factor
            let last = min(stopAfter ?? .max, plan.totalSteps)
            let collective = Collective(
                rank: rank, partition: partition, plans: stepPlans, planIndex: plan.stepPlanIndex,
                exchanges: plan.exchanges, report: plan.trainReport.operation,
                parameters: state.parameters.pointer,
                gradients: state, updater: state, measurement: plan.gradientMeasurement, firstStep: start.step
            ) { [plan] step, report in
                record.stepDone(step, report, diagnostics: state.diagnostics(step: step))
                let isOver = stops(Totals(plan.trainReport, sums: report))
                return plan.control(
                    afterSteps: step + 1, report: report, stopping: step + 1 >= last || isOver)
            }
            if timed != nil { collective.timeline.layersUntil = .max }
            parts.append((collective, state))
        }
        let group = LocalGroup(parts.map(\.0))
        defer { group.close() }
        let threads = try parts.map { collective, state in
            let member = LocalMemberRun(collective, state, record, self, lanes: lanes, start: start) {
                // Nobody can complete a step without the one that failed.
                for (other, _) in parts { other.end(GenerationEnded(reason: "a member has failed")) }
            }
            return try spawnThread(name: "compute") { member.run() }
        }
        for thread in threads { thread.join() }
        return try record.result()
    }
}

extension TrainingPlan {
    /// What follows when `done` steps are done, as far as the job alone decides.
    ///
    /// - Parameter report: of the last one of them.
    package func control(afterSteps done: Int, report: [Double] = [], stopping: Bool = false) -> ControlWord {
        var word: ControlWord = []
        let ends = endsJob(afterSteps: done, report: report)
        if ends || endsEpoch(done) { word.formUnion([.evaluate, .snapshot]) }
        if case .steps(let interval) = job.checkpoint.every, done % interval == 0 { word.insert(.snapshot) }
        if ends {
            word.insert(.finish)
        } else if stopping {
            word.formUnion([.snapshot, .endGeneration])
        }
        return word
    }
}

/// One member's compute thread.
private final class LocalMemberRun: TrainerObserver, @unchecked Sendable {  // used on its own thread alone
    private let collective: Collective
    private let state: MemberState
    private let record: LocalRecord
    private let local: LocalTraining
    private let lanes: Int
    private let first: Int
    private let isOver: Bool
    private let failed: () -> Void

    init(
        _ collective: Collective, _ state: MemberState, _ record: LocalRecord, _ local: LocalTraining,
        lanes: Int, start: Snapshot,
        failed: @escaping () -> Void
    ) {
        (self.collective, self.state, self.record, self.local) = (collective, state, record, local)
        (self.lanes, first, isOver, self.failed) = (lanes, start.step, start.decisions.isOver, failed)
    }

    func run() {
        let pool = LanePool(lanes: lanes)
        defer { pool.close() }
        let trainer = Trainer(
            plan: local.plan, data: local.data, state: state, collective: collective, lanes: pool,
            observer: self)
        do {
            _ = try trainer.run(from: first, isOver: isOver)
        } catch {
            record.failed(error)
            failed()
        }
    }

    func snapshot(_ state: MemberState, done: Int) {
        record.add(state.snapshotPart(), rank: state.rank, step: done)
    }

    func evaluated(_ set: EvaluationSet, done: Int, chunks: Range<Int>, reports: [Double]) {
        record.add(reports, chunks: chunks, set: set, step: done)
    }

    func decision(after done: Int) throws -> Decision { try record.decision(after: done) }

    func entered(_ phase: TrainingPhase, step: Int) {}
    func reached(done: Int, goesOn: Bool, _ timeline: Timeline) { local.timed?(timeline.take()) }
}

/// What the members of a local training report, behind one lock.
private final class LocalRecord: @unchecked Sendable {  // the state is behind its bell
    private struct Chunks {
        var step: Int
        var reports: [Int: [Double]] = [:]
    }

    private struct State {
        var totals: Totals
        /// The epoch's totals when so many steps were done: parts of a snapshot may come after later steps' reports.
        var totalsAfter: [Int: Totals] = [:]
        var reports: [Int: Totals] = [:]
        var diagnostics: [Int: [Double]] = [:]
        var assembly: SnapshotAssembly?
        var snapshot: Snapshot?
        var chunks: [EvaluationSet: Chunks] = [:]
        /// What was decided, and remembered, after evaluations.
        var decisions: [Int: (decision: Decision, memory: DecisionState)] = [:]
        /// The job ended with this step, on its report.
        var overAt: Int?
        var error: (any Error)?
    }

    private let plan: TrainingPlan
    private let partition: Partition
    private let start: DecisionState
    /// The state of a job that was over before, and is evaluated alone.
    private let over: Snapshot?
    private let frozen: ArraySlice<Float>
    private let state: Bell<State>

    init(plan: TrainingPlan, partition: Partition, start: Snapshot) {
        (self.plan, self.partition, self.start) = (plan, partition, start.decisions)
        over = start.decisions.isOver ? start : nil
        frozen = start.parameters.dropFirst(plan.network.layout.flatCount)
        let totals = Totals(plan.trainReport, sums: start.epochTotals)
        state = Bell(State(totals: totals, totalsAfter: [start.step: totals]))
    }

    func stepDone(_ step: Int, _ report: [Double], diagnostics: [Double]) {
        let totals = Totals(plan.trainReport, sums: report)
        state.change {
            if step % plan.geometry.stepsPerEpoch == 0 { $0.totals = Totals(plan.trainReport) }
            $0.totals += totals
            $0.reports[step] = totals
            if !diagnostics.isEmpty { $0.diagnostics[step] = diagnostics }
            $0.totalsAfter[step + 1] = $0.totals
            if step + 1 < plan.totalSteps, plan.endsJob(afterSteps: step + 1, report: report) {
                $0.overAt = step + 1
            }
        }
    }

    func add(_ part: FloatBuffer, rank: Int, step: Int) {
        state.change { state in
            var assembly =
                state.assembly.flatMap { $0.step == step ? $0 : nil }
                ?? SnapshotAssembly(step: step, plan: plan, partition: partition)
            let fits = assembly.add(UnsafeBufferPointer(part.elements), rank: rank, offset: 0)
            precondition(fits, "a member's part has the size that everyone computes for it")
            state.assembly = assembly
            guard assembly.isComplete else { return }
            var snapshot = assembly.snapshot(
                epochTotals: state.totalsAfter[step] ?? state.totals, frozen: frozen)
            snapshot.decisions = memory(before: step, state)
            snapshot.decisions.isOver = state.overAt == step
            state.snapshot = snapshot
        }
    }

    func add(_ reports: [Double], chunks: Range<Int>, set: EvaluationSet, step: Int) {
        state.change { state in
            var entry = state.chunks[set].flatMap { $0.step == step ? $0 : nil } ?? Chunks(step: step)
            let width = plan.evaluationReport.width
            for (i, chunk) in chunks.enumerated() {
                entry.reports[chunk] = Array(reports[(i * width)..<((i + 1) * width)])
            }
            state.chunks[set] = entry
        }
    }

    private func memory(before step: Int, _ state: State) -> DecisionState {
        state.decisions.filter { $0.key < step }.max { $0.key < $1.key }?.value.memory ?? start
    }

    /// Waits for all that the decision needs; whoever sees it first decides.
    func decision(after done: Int) throws -> Decision {
        try state.wait { state in
            if let error = state.error { throw error }
            if let known = state.decisions[done] { return known.decision }
            guard let train = state.totalsAfter[done] else { return nil }
            let entry = state.chunks[.validation].flatMap { $0.step == done ? $0 : nil }
            guard (entry?.reports.count ?? 0) == plan.chunkCount(samples: plan.facts.validationCount) else {
                return nil
            }
            var memory = memory(before: done, state)
            let validation = entry.map(total)
            let decision = plan.decisions.decide(&memory, after: done) {
                ($0.source == .train ? train : validation)?.value(named: $0.metric)
            }
            state.decisions[done] = (decision, memory)
            return decision
        }
    }

    private func total(_ entry: Chunks) -> Totals {
        Evaluator.total(entry.reports.sorted { $0.key < $1.key }.flatMap(\.value), plan.evaluationReport)
    }

    func failed(_ error: any Error) { state.change { if $0.error == nil { $0.error = error } } }

    func result() throws -> LocalTraining.Result {
        let state = state.change { $0 }
        if let error = state.error { throw error }
        guard let snapshot = state.snapshot ?? over else {
            throw GenerationEnded(reason: "no snapshot was taken")
        }
        return LocalTraining.Result(
            snapshot: snapshot, reports: state.reports, diagnostics: state.diagnostics,
            evaluations: state.chunks.mapValues(total),
            decisions: state.decisions.mapValues(\.decision))
    }
}
