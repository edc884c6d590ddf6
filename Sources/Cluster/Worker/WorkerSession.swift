import Collectives
import Jobs
import Kernels
import NeuralNetwork
import Training
import Transport

/// A worker's work during one connection to the coordinator. On the main thread, which computes.
final class WorkerSession: TrainerObserver {
    private let worker: Worker
    private let link: WorkerLink
    private var welcome: Welcome?
    private var plan: TrainingPlan?
    private var data: DecodedData?
    private var generation: MemberGeneration?
    private var trainer: Trainer?
    private var lanes: LanePool?
    private var progress: WorkerProgress?

    init(_ worker: Worker, _ link: WorkerLink) {
        self.worker = worker
        self.link = link
    }

    func run() throws -> SessionEnd {
        defer { progress?.close() }
        while true {
            let instruction = link.mailbox.take()
            do {
                if let end = try follow(instruction) { return end }
            } catch is GenerationEnded {
                drop()
            } catch let interruption as Interruption {
                return interruption.end
            } catch let error as DivergedError {
                // The coordinator judges whether the job is to blame: it ends the run, or a generation in
                // which a worker computed wrongly.
                let generation = generation?.formation.generation ?? FrameGeneration()
                drop()
                let failure = WorkerFailure(reason: "\(error)", divergedStep: error.step)
                link.send(.failed(failure), of: generation)
            } catch {
                link.send(.failed(WorkerFailure(reason: "\(error)")))
                return .refused("\(error)")
            }
        }
    }

    /// The session has ended while data was fetched.
    private struct Interruption: Error { let end: SessionEnd }

    /// Follows an instruction. Returns the end of the session, if that is one.
    private func follow(_ instruction: WorkerInstruction) throws -> SessionEnd? {
        switch instruction {
        case .welcomed(let welcome): try prepare(welcome)
        case .fetched: break
        case .formed(let generation): try form(generation)
        case .start(let generation):
            if self.generation?.formation.generation == generation { try train() }
        case .spare(let reason): worker.log.record(.session(.spare(reason: reason)))
        case .generationEnded(let reason):
            worker.log.record(.session(.regrouping(reason: reason)))
            drop()
        case .endSession(let end): return end
        }
        return nil
    }

    private func prepare(_ welcome: Welcome) throws {
        worker.tokenAccepted()
        worker.faults.reach("worker", "handshake", 0)
        try worker.adoptCore(welcome.blasCore)
        self.welcome = welcome
        let data = try worker.data(welcome, link) {
            while true {
                let instruction = link.mailbox.take()
                if case .fetched = instruction { return }
                if let end = try follow(instruction) { throw Interruption(end: end) }
            }
        }
        worker.faults.reach("worker", "data", 0)
        let plan = try TrainingPlan(Job(resolvedText: welcome.job), data.facts)
        try worker.requireMemory(plan)
        self.plan = plan
        self.data = data
        let fingerprint = try Fingerprint(of: plan)
        link.prepared(Prepared(fingerprint: fingerprint), plan: plan)
        worker.faults.reach("worker", "prepared", 0)
        worker.log.record(.session(.ready(worker: welcome.worker, platform: fingerprint.platform)))
        progress = try WorkerProgress(worker.console, plan, link.activity)
    }

    private func form(_ generation: MemberGeneration) throws {
        drop()
        guard let plan, let data else { return }
        let lanes = LanePool(lanes: worker.lanes(localWorkers: generation.formation.localWorkers))
        self.generation = generation
        self.lanes = lanes
        trainer = Trainer(
            plan: plan, data: data, state: generation.state, collective: generation.collective, lanes: lanes,
            audit: generation.formation.audit, observer: self)
        reach("form", generation.formation.firstStep)
        link.send(.connected, of: generation.formation.generation)
    }

    private func train() throws {
        guard let trainer, let formation = generation?.formation else { return }
        worker.log.record(
            .session(
                .training(
                    rank: formation.rank, workers: formation.members.count,
                    generation: Int(formation.generation.counter), step: formation.firstStep)))
        _ = try trainer.run(from: formation.firstStep, isOver: formation.isOver)
        if let timeline = self.generation?.collective.timeline {
            link.send(timeline.take(), of: formation.generation, through: .max)
        }
        link.send(.generationEnded, of: formation.generation)
        link.activity.set(.idle, step: 0)
    }

    private func drop() {
        generation = nil
        trainer = nil
        lanes?.close()
        lanes = nil
        link.activity.set(.idle, step: 0)
    }

    // MARK: TrainerObserver

    func snapshot(_ state: MemberState, done: Int) {
        guard let formation = generation?.formation, let plan else { return }
        link.snapshotSlots.take()
        link.send(
            SnapshotPart(
                generation: formation.generation, step: done, of: state,
                occupiedSpace: plan.network.layout.occupiedSpace,
                slots: link.snapshotSlots))
    }

    func evaluated(_ set: EvaluationSet, done: Int, chunks: Range<Int>, reports: [Double]) {
        guard let formation = generation?.formation else { return }
        for report in EvaluationReport.divided(set, step: done, chunks: chunks, reports: reports) {
            link.send(.evaluation(report), of: formation.generation)
        }
    }

    func decision(after done: Int) throws -> Decision {
        guard let generation else { throw GenerationEnded(reason: "there is no generation any more") }
        return try generation.decision(after: done)
    }

    /// Spans are sent once a second and at the end of a generation, never for every step.
    func reached(done: Int, continues: Bool, _ timeline: Timeline) {
        guard let formation = generation?.formation, !continues || timeline.isDue(every: 1) else { return }
        link.send(timeline.take(), of: formation.generation, through: done)
    }

    func entered(_ phase: TrainingPhase, step: Int) {
        link.activity.set(phase, step: step)
        reach("\(phase)", step)
    }

    func waited(within phase: TrainingPhase, step: Int, isOver: Bool) {
        link.activity.set(isOver ? phase : .statistics, step: step)
        if !isOver { reach("\(TrainingPhase.statistics)", step) }
    }

    func audited(_ result: AuditResult) {
        guard let formation = generation?.formation else { return }
        link.send(.audit(result), of: formation.generation)
    }

    private func reach(_ phase: @autoclosure () -> String, _ step: Int) {
        if let formation = generation?.formation {
            MemberTestHooks(faults: worker.faults, formation: formation).reach(phase(), step)
        }
    }
}
