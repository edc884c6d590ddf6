import Collectives
import Datasets
import Kernels
import NeuralNetwork

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
            plan: plan.network, report: plan.trainReport, slots: slots, rows: rows, lanes: context.lanes, training: true,
            Network.Options(keeping: plan.activityExchange == nil ? [] : plan.rectifierBoundaries))
        feeder = BatchFeeder(plan: plan, data: context.data, slots: slots, rows: rows, lanes: context.lanes)
        let timeline = collective.timeline
        if timeline.layersUntil > 0 {
            network.layerDone = { timeline.finishLayer($0, isBackward: $1) }
        }
    }

    /// One step: batch, forward, loss, backward, reduce, update.
    func run(_ step: Int) throws -> ControlWord {
        if step == 0, let spec = plan.job.data.whitening, let whitening = plan.network.whitening {
            context.entered(.data, step)
            try WhiteningPreparation.run(context, spec, whitening, step: step)
        }
        let index = plan.stepPlanIndex(step)
        let rows = slotRows[index]
        let synchronizer = StepSynchronizer(context, step: step)
        let pass = network.makePass(
            rows: rows, parameters: state.parameters.pointer, statistics: state.statistics.pointer,
            training: TrainingMode(synchronizer: synchronizer, seed: plan.job.seed, step: step, firstSamples: firstSamples[index]))
        let microbatches = collective.plan(at: index).microbatchesOf[rank]

        context.entered(.data, step)
        feeder.load(step: step, microbatches: microbatches, into: network.input)
        context.entered(.forward, step)
        try network.forward(pass)
        try network.evaluateLoss(feeder.targets, pass) { collective.reportLeaf(slot: $0) }
        try checkLoss(step, pass, microbatches)
        try countActiveUnits(step, pass)
        context.entered(.backward, step)
        synchronizer.phase = .backward
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
    private func checkLoss(_ step: Int, _ pass: Pass, _ microbatches: [Int]) throws {
        guard let slot = (0..<pass.rows.slots).first(where: { !collective.reportLeaf(slot: $0)[0].isFinite }) else { return }
        let place = try network.firstNonFinite(pass, feeder.targets)
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
    private let context: StepContext
    private let step: Int
    /// In which statistics are waited for.
    var phase = TrainingPhase.forward

    init(_ context: StepContext, step: Int) { (self.context, self.step) = (context, step) }

    func leaf(_ exchange: Int, slot: Int) -> UnsafeMutablePointer<Double> { context.collective.leaf(exchange, slot: slot) }

    func combine(_ exchange: Int) throws -> UnsafePointer<Double> {
        context.waited(phase, step, false)
        defer { context.waited(phase, step, true) }
        return try context.collective.combine(exchange, step: step)
    }
}
