import Collectives
import Datasets
import Kernels
import NeuralNetwork

/// Where a trainer's results go. Called on the compute thread, between steps.
package protocol TrainerObserver: AnyObject {
    /// The control word asks for a snapshot after `done` steps; the state may be copied, not kept.
    func snapshot(_ state: MemberState, done: Int) throws
    /// This member's chunks of an evaluation, a report each.
    func evaluated(_ set: EvaluationSet, done: Int, chunks: Range<Int>, reports: [Double]) throws
    /// Waits for what is decided after an evaluation, in jobs that decide.
    func decision(after done: Int) throws -> Decision
    /// For heartbeats: what the compute thread is doing.
    func entered(_ phase: TrainingPhase, step: Int)
}

package enum TrainingPhase: UInt8, Sendable {
    case idle, data, forward, backward, waiting, snapshot, evaluation, decision
}

/// What a job does in a step; each member of a generation runs its own.
protocol StepProgram: AnyObject {
    /// One step, up to rank 0's word on what follows.
    func run(_ step: Int) throws -> ControlWord
    /// One report for every chunk of a set, as `TrainingPlan.evaluationReport` lays it out.
    func evaluate(_ set: EvaluationSet, chunks: Range<Int>) throws -> [Double]
}

/// What a program of a generation works with.
struct StepContext {
    let plan: TrainingPlan
    let data: DecodedData
    let state: MemberState
    let collective: Collective
    let lanes: LanePool
    /// For heartbeats: what the compute thread is doing.
    let entered: (TrainingPhase, Int) -> Void
}

/// The compute thread's work in one generation.
package final class Trainer {
    private let plan: TrainingPlan
    private let rank: Int
    private let members: Int
    private let state: MemberState
    private let evaluator: Evaluator
    private let program: any StepProgram
    private weak var observer: (any TrainerObserver)?

    package init(
        plan: TrainingPlan, data: DecodedData, state: MemberState, collective: Collective, lanes: LanePool,
        observer: any TrainerObserver
    ) {
        (self.plan, self.state, self.observer) = (plan, state, observer)
        (rank, members) = (collective.rank, collective.members)
        evaluator = Evaluator(plan: plan, data: data, lanes: lanes)
        let context = StepContext(
            plan: plan, data: data, state: state, collective: collective, lanes: lanes,
            entered: { [weak observer] in observer?.entered($0, step: $1) })
        switch plan.job.task {
        case .training: program = GradientProgram(context, evaluator)
        case .kMeans(let spec): program = KMeansProgram(context, spec)
        case .principalComponents(let spec): program = PrincipalComponentsProgram(context, spec)
        }
    }

    /// Goes on from step `first` until the control word or a decision ends it; true if the job has reached its end.
    ///
    /// - Parameter isOver: the job ended with the step before `first`, and is to be evaluated alone.
    package func run(from first: Int, isOver: Bool = false) throws -> Bool {
        let isOver = isOver || first >= plan.totalSteps
        if isOver || plan.endsEpoch(first), try evaluate(done: first, isLast: isOver) { return true }
        var step = first
        while true {
            let control = try program.run(step)
            step += 1
            if control.contains(.snapshot) {
                observer?.entered(.snapshot, step: step)
                try observer?.snapshot(state, done: step)
            }
            let isLast = control.contains(.finish)
            if control.contains(.evaluate), try evaluate(done: step, isLast: isLast) { return true }
            if isLast { return true }
            if control.contains(.endGeneration) { return false }
        }
    }

    /// Evaluates the validation set, obeys what is decided then, and evaluates the test set if the job ends here: true then.
    private func evaluate(done: Int, isLast: Bool) throws -> Bool {
        observer?.entered(.evaluation, step: done)
        try evaluate(.validation, done: done)
        var isLast = isLast
        if plan.awaitsDecision, let observer {
            observer.entered(.decision, step: done)
            let decision = try observer.decision(after: done)
            state.learningRateFactor = decision.factor
            isLast = isLast || decision.stops
        }
        guard isLast else { return false }
        observer?.entered(.evaluation, step: done)
        try evaluate(.test, done: done)
        return true
    }

    private func evaluate(_ set: EvaluationSet, done: Int) throws {
        guard evaluator.has(set) else { return }
        let chunks = evaluator.chunks(set, rank: rank, members: members)
        try observer?.evaluated(set, done: done, chunks: chunks, reports: try program.evaluate(set, chunks: chunks))
    }
}

/// A step of gradient descent.
final class GradientProgram: StepProgram {
    private let context: StepContext
    private let plan: TrainingPlan
    private let rank: Int
    private let state: MemberState
    private let collective: Collective
    private let network: Network
    private let evaluator: Evaluator
    private let feeder: BatchFeeder
    private let folds: [FoldProgram]
    private let slotRows: [SlotRows]
    /// For each distinct step and slot, where its samples begin in the global batch.
    private let firstSamples: [[Int]]

    init(_ context: StepContext, _ evaluator: Evaluator) {
        let (plan, collective) = (context.plan, context.collective)
        (self.context, self.plan, state, self.collective, self.evaluator) = (context, plan, context.state, collective, evaluator)
        rank = collective.rank
        let stepPlans = plan.geometry.distinctBatchSizes.indices.map { collective.plan(at: $0) }
        folds = stepPlans.map { FoldProgram($0.tree, $0.leaves(of: collective.rank)) }
        slotRows = zip(stepPlans, plan.geometry.distinctBatchSizes).map { stepPlan, batchSize in
            let sizes = plan.geometry.microbatchSizes(batchSize: batchSize)
            return SlotRows(stepPlan.microbatchesOf[collective.rank].map { sizes[$0] })
        }
        firstSamples = zip(stepPlans, plan.geometry.distinctBatchSizes).map { stepPlan, batchSize in
            stepPlan.microbatchesOf[collective.rank].map {
                plan.geometry.samples(ofMicrobatch: $0, inBatchOf: batchSize).lowerBound
            }
        }
        let slots = slotRows.map(\.slots).max() ?? 0
        let rows = slotRows.flatMap(\.rows).max() ?? 0
        network = Network(
            plan: plan.network, report: plan.trainReport, slots: slots, rows: rows, lanes: context.lanes, training: true)
        feeder = BatchFeeder(plan: plan, data: context.data, slots: slots, rows: rows, lanes: context.lanes)
    }

    /// One step: batch, forward, loss, backward, reduce, update.
    func run(_ step: Int) throws -> ControlWord {
        if step == 0, let spec = plan.job.data.whitening, let whitening = plan.network.whitening {
            context.entered(.data, step)
            try WhiteningPreparation.run(context, spec, whitening, step: step)
        }
        let index = plan.stepPlanIndex(step)
        let rows = slotRows[index]
        let synchronizer = StepSynchronizer(collective, step: step)
        let pass = network.makePass(
            rows: rows, parameters: state.parameters.pointer, statistics: state.statistics.pointer,
            training: TrainingMode(synchronizer: synchronizer, seed: plan.job.seed, step: step, firstSamples: firstSamples[index]))
        let microbatches = collective.plan(at: index).microbatchesOf[rank]

        context.entered(.data, step)
        feeder.load(step: step, microbatches: microbatches, into: network.input)
        context.entered(.forward, step)
        try network.forward(pass)
        try network.evaluateLoss(feeder.targets, pass) { collective.reportLeaf(slot: $0) }
        try checkLoss(step, rows, microbatches)
        try countActiveUnits(step, pass)
        context.entered(.backward, step)
        let firstSlot = collective.plan(at: index).leaves(of: rank).lowerBound == 0 && rows.slots > 0 ? 0 : nil
        state.gradients.begin(folds[index], firstSlot: firstSlot)
        let training = TrainingPass(
            pass: pass, synchronizer: synchronizer, gradients: state.gradients,
            batchSize: plan.geometry.batchSize(ofStep: step))
        try network.backward(training) { collective.contribute(downTo: $0) }
        context.entered(.waiting, step)
        return try collective.complete(step: step).control
    }

    /// Nothing may be contributed to a step whose loss is not finite: that would spoil everybody's parameters.
    private func checkLoss(_ step: Int, _ rows: SlotRows, _ microbatches: [Int]) throws {
        guard let slot = (0..<rows.slots).first(where: { !collective.reportLeaf(slot: $0)[0].isFinite }) else { return }
        let place = network.firstNonFinite(rows, feeder.targets)
        throw DivergedError(step: step, loss: collective.reportLeaf(slot: slot)[0], place) { slot, row in
            feeder.sample(step: step, microbatch: microbatches[slot], row: row)
        }
    }

    /// In a step that logs it: the fraction of each rectifier's units that gave nothing above 0 for any sample of the global batch.
    private func countActiveUnits(_ step: Int, _ pass: Pass) throws {
        guard let exchange = plan.activityExchange, plan.diagnosticCount(afterSteps: step + 1) > 0 else { return }
        let rectifiers = plan.rectifiers
        for slot in 0..<pass.rows.slots {
            var counts = collective.leaf(exchange, slot: slot)
            for layer in rectifiers {
                network.countActiveUnits(of: layer, slot: slot, pass, into: counts)
                counts += layer.output.channels
            }
        }
        var counts = try collective.combine(exchange, step: step)
        state.deadUnits = rectifiers.map { layer in
            defer { counts += layer.output.channels }
            return Double((0..<layer.output.channels).count { counts[$0] == 0 }) / Double(layer.output.channels)
        }
    }

    func evaluate(_ set: EvaluationSet, chunks: Range<Int>) throws -> [Double] {
        try evaluator.evaluate(set, chunks: chunks, parameters: state.parameters, statistics: state.statistics)
    }
}

/// Gives layers the statistics of the whole batch through the group's exchanges.
private final class StepSynchronizer: StatisticsSynchronizer {
    private let collective: Collective
    private let step: Int

    init(_ collective: Collective, step: Int) { (self.collective, self.step) = (collective, step) }

    func leaf(_ exchange: Int, slot: Int) -> UnsafeMutablePointer<Double> { collective.leaf(exchange, slot: slot) }
    func combine(_ exchange: Int) throws -> UnsafePointer<Double> { try collective.combine(exchange, step: step) }
}
