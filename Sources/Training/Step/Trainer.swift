import Collectives
import Datasets
import Kernels
import NeuralNetwork

/// Takes a trainer's results. Called on the compute thread, between steps.
package protocol TrainerObserver: AnyObject {
    /// The control word asks for a snapshot after `done` steps; the state may be copied, not kept.
    func snapshot(_ state: MemberState, done: Int) throws
    /// This member's chunks of an evaluation, a report each.
    func evaluated(_ set: EvaluationSet, done: Int, chunks: Range<Int>, reports: [Double]) throws
    /// Waits for what is decided after an evaluation, in jobs that decide.
    func decision(after done: Int) throws -> Decision
    /// For heartbeats: what the compute thread is doing.
    func entered(_ phase: TrainingPhase, step: Int)
    /// Within a phase: the other members' statistics are waited for (`isOver`: were).
    func waited(within phase: TrainingPhase, step: Int, isOver: Bool)
    /// Another member's work in a step was done once more, as the audit asks for.
    func audited(_ result: AuditResult)
    /// A step's boundary, before its work. `continues`: the next step follows at once. The timeline may be
    /// taken.
    func reached(done: Int, continues: Bool, _ timeline: Timeline)
}

extension TrainerObserver {
    package func waited(within phase: TrainingPhase, step: Int, isOver: Bool) {}
    package func audited(_ result: AuditResult) {}
    package func reached(done: Int, continues: Bool, _ timeline: Timeline) {}
}

package enum TrainingPhase: UInt8, Sendable {
    case idle, data, forward, backward, waiting, snapshot, evaluation, decision
    /// Within data, forward or backward: the statistics of the other members are waited for.
    case statistics
    /// Another member's microbatches are computed once more.
    case audit

    /// Otherwise it waits for others.
    package var isComputing: Bool {
        switch self {
        case .data, .forward, .backward, .evaluation, .audit: true
        case .idle, .waiting, .snapshot, .decision, .statistics: false
        }
    }

    var activity: Activity? {
        switch self {
        case .idle, .statistics: nil
        case .data: .data
        case .forward: .forward
        case .backward: .backward
        case .waiting: .gradients
        case .snapshot: .snapshot
        case .evaluation: .evaluation
        case .decision: .decision
        case .audit: .audit
        }
    }
}

/// The work of a job in a step; each member of a generation runs its own program.
protocol StepProgram: AnyObject {
    /// One step, up to rank 0's word on what follows.
    func run(_ step: Int) throws -> ControlWord
    /// One report for every chunk of a set, as `TrainingPlan.evaluationReport` lays it out.
    func evaluate(_ set: EvaluationSet, chunks: Range<Int>) throws -> [Double]
}

/// The parts of a generation that a program works with.
struct StepContext {
    let plan: TrainingPlan
    let data: DecodedData
    let state: MemberState
    let collective: Collective
    let lanes: LanePool
    /// For heartbeats: what the compute thread is doing.
    let entered: (TrainingPhase, Int) -> Void
    /// The same, of a wait within a phase: `TrainerObserver.waited`.
    let waited: (TrainingPhase, Int, Bool) -> Void
    /// In which steps other members' work is checked, if in any.
    let audit: AuditSchedule?
    let audited: (AuditResult) -> Void
}

/// The compute thread's work in one generation.
package final class Trainer {
    private let plan: TrainingPlan
    private let rank: Int
    private let members: Int
    private let state: MemberState
    private let evaluator: Evaluator
    private let program: any StepProgram
    private let timeline: Timeline
    private weak var observer: (any TrainerObserver)?
    private let collective: Collective
    /// The boundary at which the average was gathered last.
    private var gathered: Int?

    /// - Parameter audit: of other members' gradients; needs more than one member.
    package init(
        plan: TrainingPlan, data: DecodedData, state: MemberState, collective: Collective, lanes: LanePool,
        audit: AuditSchedule? = nil,
        observer: any TrainerObserver
    ) {
        self.plan = plan
        self.state = state
        self.collective = collective
        self.observer = observer
        (rank, members) = (collective.rank, collective.members)
        evaluator = Evaluator(plan: plan, data: data, lanes: lanes)
        timeline = collective.timeline
        let context = StepContext(
            plan: plan, data: data, state: state, collective: collective, lanes: lanes,
            entered: { [weak observer, timeline] in Self.enter($0, step: $1, timeline, observer) },
            waited: { [weak observer] in observer?.waited(within: $0, step: $1, isOver: $2) },
            audit: collective.members > 1 ? audit : nil, audited: { [weak observer] in observer?.audited($0) }
        )
        switch plan.job.task {
        case .training: program = GradientProgram(context, evaluator)
        case .kMeans(let spec): program = KMeansProgram(context, spec)
        case .principalComponents(let spec): program = PrincipalComponentsProgram(context, spec)
        }
    }

    private static func enter(
        _ phase: TrainingPhase, step: Int, _ timeline: Timeline, _ observer: (any TrainerObserver)?
    ) {
        if let activity = phase.activity {
            timeline.enter(activity, step: step)
        } else if phase == .idle {
            timeline.leave()
        }
        observer?.entered(phase, step: step)
    }

    private func enter(_ phase: TrainingPhase, step: Int) {
        Self.enter(phase, step: step, timeline, observer)
    }

    /// Runs from step `first` until the control word or a decision ends it; true if the job has reached its
    /// end.
    ///
    /// - Parameter isOver: the job ended with the step before `first`, and is to be evaluated alone.
    package func run(from first: Int, isOver: Bool = false) throws -> Bool {
        let isOver = isOver || first >= plan.totalSteps
        if isOver || plan.endsEpoch(first), try evaluate(done: first, isLast: isOver) { return true }
        var step = first
        while true {
            let control = try program.run(step)
            step += 1
            timeline.leave()
            observer?.reached(done: step, continues: control.isEmpty, timeline)
            if control.contains(.snapshot) {
                enter(.snapshot, step: step)
                try observer?.snapshot(state, done: step)
                timeline.leave()
            }
            let isLast = control.contains(.finish)
            if control.contains(.evaluate), try evaluate(done: step, isLast: isLast) { return true }
            if isLast { return true }
            if control.contains(.endGeneration) { return false }
        }
    }

    /// Evaluates the validation set, obeys the decision that follows, and evaluates the test set if the job
    /// ends here:
    /// true then.
    private func evaluate(done: Int, isLast: Bool) throws -> Bool {
        enter(.evaluation, step: done)
        defer { timeline.leave() }
        try evaluate(.validation, done: done)
        var isLast = isLast
        if plan.awaitsDecision, let observer {
            enter(.decision, step: done)
            let decision = try observer.decision(after: done)
            state.learningRateFactor = decision.factor
            isLast = isLast || decision.stops
        }
        guard isLast else { return false }
        enter(.evaluation, step: done)
        try evaluate(.test, done: done)
        return true
    }

    private func evaluate(_ set: EvaluationSet, done: Int) throws {
        guard evaluator.has(set) else { return }
        if plan.job.isAveraged, gathered != done {
            observer?.waited(within: .evaluation, step: done, isOver: false)
            defer { observer?.waited(within: .evaluation, step: done, isOver: true) }
            try state.gatherAverage(collective, before: done)
            gathered = done
        }
        let chunks = evaluator.chunks(set, rank: rank, members: members)
        try observer?.evaluated(
            set, done: done, chunks: chunks, reports: try program.evaluate(set, chunks: chunks))
    }
}
