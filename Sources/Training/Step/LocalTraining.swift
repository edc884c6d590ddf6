import Checkpoints
import Collectives
import Kernels
import NeuralNetwork
import System
import Threads

/// Trains a job with several members in this process: with the trainers, the collectives and the progress
/// that a run has, on threads instead of sockets.
package struct LocalTraining {
    package struct Result: Sendable {
        /// The newest snapshot.
        package var snapshot: Snapshot
        /// Each step's report, by step from 0.
        package var reports: [Int: Totals]
        /// Gradient norms and dead units of logged steps, by step from 0: see `TrainingPlan.named`.
        package var diagnostics: [Int: [Double]]
        /// The last evaluation of each set.
        package var evaluations: [EvaluationSet: Totals]
        /// The decisions, by the steps that were done.
        package var decisions: [Int: Decision]
    }

    package let plan: TrainingPlan
    package let data: DecodedData
    /// Takes each step's times, those of its layers included.
    package var timed: (@Sendable ([Span]) -> Void)?

    /// - Parameter plan: made for the facts of this data.
    package init(plan: TrainingPlan, data: DecodedData) {
        self.plan = plan
        self.data = data
    }

    /// Runs to the job's end, or to `stopAfter` steps.
    ///
    /// - Parameter stops: takes the totals of each step, in order; true ends the training after that step.
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
                initial: plan.network.layout, moments: plan.job.momentNames.count,
                isAveraged: plan.job.isAveraged, seed: plan.job.seed)
        let run = LocalRun(self, from: start, partition, stopAfter: stopAfter ?? .max, stops)
        let stepPlans = plan.stepPlans(assignment)
        for rank in 0..<members { run.addMember(rank, stepPlans) }
        let group = try LocalGroup(run.members.map(\.collective))
        defer { group.close() }
        let threads = try run.members.map { collective, state in
            let member = LocalMemberRun(run, collective, state, lanes: lanes)
            return try Thread(named: "compute") { member.run() }
        }
        for thread in threads { thread.join() }
        return try run.result()
    }
}

/// A local training while it runs, which the members' threads share.
private final class LocalRun: @unchecked Sendable {  // `members` is complete before any thread starts
    let local: LocalTraining
    let start: Snapshot
    private(set) var members: [(collective: Collective, state: MemberState)] = []
    private let partition: Partition
    private let stopAfter: Int
    private let stops: (Totals) -> Bool
    private let progress: Monitor<LocalProgress>

    init(
        _ local: LocalTraining, from start: Snapshot, _ partition: Partition, stopAfter: Int,
        _ stops: @escaping (Totals) -> Bool
    ) {
        self.local = local
        self.start = start
        self.partition = partition
        self.stopAfter = min(stopAfter, local.plan.totalSteps)
        self.stops = stops
        progress = Monitor(LocalProgress(local.plan, from: start, partition))
    }

    func addMember(_ rank: Int, _ stepPlans: [StepPlan]) {
        let plan = local.plan
        let state = MemberState(plan: plan, partition: partition, rank: rank, stepPlans: stepPlans)
        state.load(start)
        state.learningRateFactor = start.decisions.factor
        let collective = Collective(
            rank: rank, partition: partition, plans: stepPlans, planIndex: plan.stepPlanIndex,
            exchanges: plan.exchanges, report: plan.trainReport.operation,
            parameters: state.parameters.pointer, gradients: state,
            sparse: plan.network.layout.sparse, updater: state, measurement: plan.gradientMeasurement,
            gathering: state.gathering, firstStep: start.step
        ) { [unowned self] step, report in
            stepDone(step + 1, report, diagnostics: state.diagnostics(step: step))
        }
        if local.timed != nil { collective.timeline.layersUntil = .max }
        members.append((collective, state))
    }

    /// Takes rank 0's report; returns what all members do next.
    private func stepDone(_ done: Int, _ report: [Double], diagnostics: [Double]) -> ControlWord {
        let totals = Totals(local.plan.trainReport, sums: report)
        take { try $0.stepDone(done, totals, diagnostics: diagnostics) }
        let isOver = stops(totals)
        return local.plan.control(
            afterSteps: done, report: report, stopping: done >= stopAfter || isOver)
    }

    /// Takes an event of the progress.
    func take(_ event: (inout RunProgress) throws -> [RunProgress.Effect]) {
        if !progress.change({ $0.take(event) }) { endMembers() }
    }

    func fail(_ error: any Error) {
        progress.change { $0.fail(error) }
        endMembers()
    }

    /// Nobody can complete a step without the member that failed.
    private func endMembers() {
        for (collective, _) in members { collective.end(GenerationEnded(reason: "a member has failed")) }
    }

    /// Waits for the decision after `done` steps.
    func decision(after done: Int) throws -> Decision {
        try progress.wait { try $0.decision(after: done) }
    }

    func result() throws -> LocalTraining.Result {
        try progress.change { progress in Result { try progress.result() } }.get()
    }
}

/// One member's compute thread.
private final class LocalMemberRun: TrainerObserver, @unchecked Sendable {  // used on its own thread alone
    private let shared: LocalRun
    private let collective: Collective
    private let state: MemberState
    private let lanes: Int

    init(_ shared: LocalRun, _ collective: Collective, _ state: MemberState, lanes: Int) {
        self.shared = shared
        self.collective = collective
        self.state = state
        self.lanes = lanes
    }

    func run() {
        let pool = LanePool(lanes: lanes)
        defer { pool.close() }
        let trainer = Trainer(
            plan: shared.local.plan, data: shared.local.data, state: state, collective: collective,
            lanes: pool, observer: self)
        do {
            _ = try trainer.run(from: shared.start.step, isOver: shared.start.decisions.isOver)
        } catch {
            shared.fail(error)
        }
    }

    func snapshot(_ state: MemberState, done: Int) {
        let part = state.snapshotPart()
        shared.take {
            try $0.snapshotPart(step: done, rank: state.rank, offset: 0, UnsafeBufferPointer(part.elements))
        }
    }

    func evaluated(_ set: EvaluationSet, done: Int, chunks: Range<Int>, reports: [Double]) {
        shared.take { try $0.evaluated(set, done: done, firstChunk: chunks.lowerBound, reports: reports) }
    }

    func decision(after done: Int) throws -> Decision { try shared.decision(after: done) }

    func entered(_ phase: TrainingPhase, step: Int) {}
    func reached(done: Int, continues: Bool, _ timeline: Timeline) { shared.local.timed?(timeline.take()) }
}

/// The progress of a local training, and what of it becomes the result. The members' threads share it.
private struct LocalProgress {
    private var progress: RunProgress
    private var reports: [Int: Totals] = [:]
    private var diagnostics: [Int: [Double]] = [:]
    private var decisions: [Int: Decision] = [:]
    /// The first error, of a member or of a report.
    private var error: (any Error)?

    init(_ plan: TrainingPlan, from start: Snapshot, _ partition: Partition) {
        progress = RunProgress(plan, from: start)
        take { $0.begin(partition) }
    }

    /// Takes an event of the progress; false once the training has failed.
    @discardableResult
    mutating func take(_ event: (inout RunProgress) throws -> [RunProgress.Effect]) -> Bool {
        do {
            for effect in try event(&progress) { keep(effect) }
        } catch {
            fail(error)
        }
        return error == nil
    }

    private mutating func keep(_ effect: RunProgress.Effect) {
        switch effect {
        case .stepDone(let step):
            reports[step.step - 1] = step.report
            if !step.diagnostics.isEmpty { diagnostics[step.step - 1] = step.diagnostics }
        case .decided(let decision): decisions[decision.step] = decision
        case .stepLogged, .evaluated, .epochDone, .confirmed, .snapshotTaken: break
        }
    }

    mutating func fail(_ error: any Error) { self.error = self.error ?? error }

    /// The decision after `done` steps; nil while reports are missing.
    func decision(after done: Int) throws -> Decision? {
        if let error { throw error }
        return decisions[done]
    }

    func result() throws -> LocalTraining.Result {
        if let error { throw error }
        return LocalTraining.Result(
            snapshot: progress.snapshot, reports: reports, diagnostics: diagnostics,
            evaluations: progress.evaluations.mapValues(\.totals), decisions: decisions)
    }
}
