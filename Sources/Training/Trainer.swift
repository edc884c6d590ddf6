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
