import Checkpoints
import Collectives
import Jobs
import Kernels
import NeuralNetwork
import Synchronization
import System
import TestSupport
import Testing
import Threads
import Training

/// In every kind of job a member reports that it waits for other members' statistics; without that report it
/// would seem to hang.
@Suite struct StepContextTests {
    private static let network = config([
        "data": #"{train: {builtin: "digits"}, normalize: {zca_whitening: {epsilon: 1e-2}}}"#,
        "model": #"["flatten", {dense: 16, batch_norm: true, activation: "relu"}, {dense: 10}]"#,
        "batch": "{size: 500, microbatches: 4}", "epochs": "1", "logging": "{every: 1, gradients: true}",
    ])

    @Test(arguments: [
        #"{data: {train: {builtin: "digits"}}, kmeans: {clusters: 4, max_iterations: 5},"#
            + #" batch: {microbatches: 4}}"#,
        #"{data: {train: {builtin: "digits"}}, pca: {components: 3}, batch: {microbatches: 4}}"#, network,
    ])
    func everyWaitIsTold(job: String) async throws {
        let local = try LocalTraining(load(job).job)
        let observers = try await onThread { try local.run(observedBy: (0..<2).map { _ in Observer() }) }
        for observer in observers {
            #expect(observer.mistakes.isEmpty, "\(observer.mistakes)")
            // The collective measures the waits of its exchanges.
            let exchanges = observer.spans.filter { $0.activity == .statistics }.map(\.step)
            #expect(!exchanges.isEmpty)
            #expect(observer.waits == exchanges)
        }
    }
}

/// The reports of a member's compute thread.
private final class Observer: TrainerObserver, @unchecked Sendable {  // read after its thread has ended
    /// The step of each wait, in order.
    private(set) var waits: [Int] = []
    private(set) var spans: [Span] = []
    private(set) var mistakes: [String] = []
    private var phase = TrainingPhase.idle
    private var isWaiting = false

    func failed(_ error: any Error) { mistakes.append("\(error)") }

    func entered(_ phase: TrainingPhase, step: Int) {
        if isWaiting { mistakes.append("\(phase) begins within a wait") }
        self.phase = phase
    }

    func waited(within phase: TrainingPhase, step: Int, isOver: Bool) {
        if phase != self.phase { mistakes.append("a wait within \(phase), but the phase is \(self.phase)") }
        if isOver != isWaiting { mistakes.append("a wait \(isOver ? "ends" : "begins") twice") }
        isWaiting = !isOver
        if isOver { waits.append(step) }
    }

    func reached(done: Int, continues: Bool, _ timeline: Timeline) { spans += timeline.take() }
    func snapshot(_ state: MemberState, done: Int) {}
    func evaluated(_ set: EvaluationSet, done: Int, chunks: Range<Int>, reports: [Double]) {}
    func decision(after done: Int) throws -> Decision {
        throw GenerationEnded(reason: "these jobs decide nothing")
    }
}

extension LocalTraining {
    /// Trains with one member for each observer, to the end of the job.
    fileprivate func run(observedBy observers: [Observer]) throws -> [Observer] {
        let members = observers.count
        let partition = Partition(
            usedCount: plan.network.layout.usedCount,
            owners: Partition.spreadOwners(usedCount: plan.network.layout.usedCount, members: members),
            members: members)
        let stepPlans = plan.stepPlans(Assignment(even: plan.geometry.microbatches, members: members))
        let start = Snapshot(
            initial: plan.network.layout, moments: plan.job.momentNames.count,
            isAveraged: plan.job.isAveraged, seed: plan.job.seed)
        let parts = (0..<members).map { rank in
            let state = MemberState(plan: plan, partition: partition, rank: rank, stepPlans: stepPlans)
            state.load(start)
            let collective = Collective(
                rank: rank, partition: partition, plans: stepPlans, planIndex: plan.stepPlanIndex,
                exchanges: plan.exchanges,
                report: plan.trainReport.operation, parameters: state.parameters.pointer, gradients: state,
                sparse: plan.network.layout.sparse, updater: state,
                measurement: plan.gradientMeasurement, firstStep: 0
            ) { plan.control(afterSteps: $0 + 1, report: $1) }
            return Part(state: state, collective: collective, observer: observers[rank])
        }
        let group = try LocalGroup(parts.map(\.collective))
        defer { group.close() }
        let threads = try parts.map { part in
            try Thread(named: "compute") {
                let lanes = LanePool(lanes: 1)
                defer { lanes.close() }
                let trainer = Trainer(
                    plan: plan, data: data, state: part.state, collective: part.collective, lanes: lanes,
                    observer: part.observer)
                do { _ = try trainer.run(from: 0) } catch {
                    part.observer.failed(error)
                    for other in parts {
                        other.collective.end(GenerationEnded(reason: "a member has failed"))
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        return observers
    }

    private struct Part: Sendable {
        let state: MemberState
        let collective: Collective
        let observer: Observer
    }
}
