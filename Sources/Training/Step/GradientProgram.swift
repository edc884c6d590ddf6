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
    private let computation: MicrobatchComputation
    private let audit: GradientAudit?
    private let evaluator: Evaluator

    private var network: Network { computation.network }

    init(_ context: StepContext, _ evaluator: Evaluator) {
        let (plan, collective) = (context.plan, context.collective)
        self.context = context
        self.plan = plan
        state = context.state
        self.collective = collective
        self.evaluator = evaluator
        rank = collective.rank
        computation = MicrobatchComputation(
            context, members: [rank], keeping: plan.activityExchange == nil ? [] : plan.rectifierBoundaries)
        audit = context.audit.map { GradientAudit($0, context) }
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
        let part = computation.part(of: rank, step: step)
        let audited = audit?.begin(step)
        let synchronizer = StepSynchronizer(context, step: step, audited)

        context.entered(.data, step)
        let batch = computation.load(part, step: step)
        state.countedTargets = batch.counted
        let pass = computation.makePass(
            part, batch, step: step, parameters: state.parameters, statistics: state.statistics, synchronizer)
        context.entered(.forward, step)
        try network.forward(pass)
        try network.evaluateLoss(computation.feeder.targets, pass) {
            collective.reportLeaf(localMicrobatch: $0)
        }
        try checkLoss(step, pass, part.microbatches)
        try countActiveUnits(step, pass)
        context.entered(.backward, step)
        synchronizer.phase = .backward
        try computation.backward(part, batch, step: step, pass, synchronizer, into: state.gradients) {
            offset in
            state.contributing(step)
            collective.contribute(downTo: offset)
        }
        if let audited { try audit?.run(step, audited) }
        context.entered(.waiting, step)
        return try collective.complete(step: step).control
    }

    /// Throws if the loss is not finite: a contribution to such a step would corrupt every member's
    /// parameters.
    private func checkLoss(_ step: Int, _ pass: ForwardPass, _ microbatches: [Int]) throws {
        guard
            let localMicrobatch = (0..<pass.rows.localMicrobatches).first(where: {
                !collective.reportLeaf(localMicrobatch: $0)[0].isFinite
            })
        else { return }
        let nonFinite = try network.firstNonFinite(pass, computation.feeder.targets)
        throw DivergedError(
            step: step, loss: collective.reportLeaf(localMicrobatch: localMicrobatch)[0], at: nonFinite
        ) {
            localMicrobatch, row in
            computation.feeder.sample(step: step, microbatch: microbatches[localMicrobatch], row: row)
        }
    }

    /// Measures, in a step that logs it, the fraction of each rectifier's units that gave nothing above 0 for
    /// any sample of the global batch.
    private func countActiveUnits(_ step: Int, _ pass: ForwardPass) throws {
        guard let exchange = plan.activityExchange, plan.diagnosticCount(afterSteps: step + 1) > 0 else {
            return
        }
        let rectifiers = plan.rectifiers
        for localMicrobatch in 0..<pass.rows.localMicrobatches {
            var counts = collective.leaf(exchange, localMicrobatch: localMicrobatch)
            for layer in rectifiers {
                network.countActiveUnits(of: layer, localMicrobatch: localMicrobatch, pass, into: counts)
                counts += layer.output.channels
            }
        }
        var counts = try context.combine(exchange, step: step, within: .forward)
        state.deadUnits = rectifiers.map { layer in
            defer { counts += layer.output.channels }
            return Double((0..<layer.output.channels).count { counts[$0] == 0 })
                / Double(layer.output.channels)
        }
    }

    func evaluate(_ set: EvaluationSet, chunks: Range<Int>) throws -> [Double] {
        try evaluator.evaluate(
            set, chunks: chunks, parameters: state.evaluatedParameters, statistics: state.statistics)
    }
}

/// Gives layers the statistics of the whole batch through the group's exchanges.
private final class StepSynchronizer: StatisticsSynchronizer {
    private let context: StepContext
    private let step: Int
    private let audited: AuditedStatistics?
    /// In which statistics are waited for.
    var phase = TrainingPhase.forward

    init(_ context: StepContext, step: Int, _ audited: AuditedStatistics?) {
        self.context = context
        self.step = step
        self.audited = audited
    }

    func leaf(_ exchange: Int, localMicrobatch: Int) -> UnsafeMutablePointer<Double> {
        context.collective.leaf(exchange, localMicrobatch: localMicrobatch)
    }

    func combine(_ exchange: Int) throws -> UnsafePointer<Double> {
        let result = try context.combine(exchange, step: step, within: phase)
        audited?.combined(exchange, result, context.collective, step: step)
        return result
    }
}
