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
    /// For heartbeats: what the compute thread is doing.
    func entered(_ phase: TrainingPhase, step: Int)
}

package enum TrainingPhase: UInt8, Sendable {
    case idle, data, forward, backward, waiting, snapshot, evaluation
}

/// The compute thread's work in one generation.
package final class Trainer {
    private let plan: TrainingPlan
    private let data: DecodedData
    private let rank: Int
    private let state: MemberState
    private let collective: Collective
    private let network: Network
    private let evaluator: Evaluator
    private let feeder: BatchFeeder
    private let folds: [FoldProgram]
    private let slotRows: [SlotRows]
    private weak var observer: (any TrainerObserver)?

    package init(
        plan: TrainingPlan, data: DecodedData, state: MemberState, collective: Collective, lanes: LanePool,
        observer: any TrainerObserver
    ) {
        (self.plan, self.data, self.state, self.collective, self.observer) = (plan, data, state, collective, observer)
        rank = collective.rank
        let stepPlans = plan.geometry.distinctBatchSizes.indices.map { collective.plan(at: $0) }
        folds = stepPlans.map { FoldProgram($0.tree, $0.leaves(of: collective.rank)) }
        slotRows = zip(stepPlans, plan.geometry.distinctBatchSizes).map { stepPlan, batchSize in
            let sizes = plan.geometry.microbatchSizes(batchSize: batchSize)
            return SlotRows(stepPlan.microbatchesOf[collective.rank].map { sizes[$0] })
        }
        let slots = slotRows.map(\.slots).max() ?? 0
        let rows = slotRows.flatMap(\.rows).max() ?? 0
        network = Network(plan: plan.network, report: plan.trainReport, slots: slots, rows: rows, lanes: lanes, training: true)
        evaluator = Evaluator(plan: plan, data: data, lanes: lanes)
        feeder = BatchFeeder(plan: plan, data: data, slots: slots, rows: rows)
    }

    /// Trains from `step` on until the control word ends it; true if the job has reached its end.
    package func run(from first: Int) throws -> Bool {
        if plan.endsEpoch(first) { try evaluate(done: first) }
        if first >= plan.totalSteps { return true }
        var step = first
        while true {
            let control = try train(step)
            step += 1
            if control.contains(.snapshot) {
                observer?.entered(.snapshot, step: step)
                try observer?.snapshot(state, done: step)
            }
            if control.contains(.evaluate) { try evaluate(done: step) }
            if control.contains(.finish) { return true }
            if control.contains(.endGeneration) { return false }
        }
    }

    /// One step: batch, forward, loss, backward, reduce, update.
    private func train(_ step: Int) throws -> ControlWord {
        let index = plan.stepPlanIndex(step)
        let rows = slotRows[index]
        let synchronizer = StepSynchronizer(collective, step: step)
        let pass = network.makePass(
            rows: rows, parameters: state.parameters.pointer, statistics: state.statistics.pointer, training: synchronizer)
        let microbatches = collective.plan(at: index).microbatchesOf[rank]

        observer?.entered(.data, step: step)
        feeder.load(step: step, microbatches: microbatches, into: network.input)
        observer?.entered(.forward, step: step)
        try network.forward(pass)
        try network.evaluateLoss(feeder.targets, pass) { collective.reportLeaf(slot: $0) }
        try checkLoss(step, rows, microbatches)
        observer?.entered(.backward, step: step)
        let firstSlot = collective.plan(at: index).leaves(of: rank).lowerBound == 0 && rows.slots > 0 ? 0 : nil
        state.gradients.begin(folds[index], firstSlot: firstSlot)
        let training = TrainingPass(
            pass: pass, synchronizer: synchronizer, gradients: state.gradients,
            batchSize: plan.geometry.batchSize(ofStep: step))
        try network.backward(training) { collective.contribute(downTo: $0) }
        observer?.entered(.waiting, step: step)
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

    private func evaluate(done: Int) throws {
        observer?.entered(.evaluation, step: done)
        for set in EvaluationSet.allCases where evaluator.isWanted(set, done: done) {
            let chunks = evaluator.chunks(set, rank: rank, members: collective.members)
            let reports = try evaluator.evaluate(set, chunks: chunks, parameters: state.parameters, statistics: state.statistics)
            try observer?.evaluated(set, done: done, chunks: chunks, reports: reports)
        }
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
