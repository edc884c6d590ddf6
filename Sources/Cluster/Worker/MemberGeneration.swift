import Collectives
import Kernels
import NeuralNetwork
import Threads
import Training
import Transport

/// A worker's part in one generation: its state, its collective and its mesh.
///
/// Made and closed on the communication thread. The compute thread uses `state` and `collective` between the start and the end of the generation.
final class MemberGeneration: @unchecked Sendable {
    let formation: Formation
    let state: MemberState
    let collective: Collective
    private(set) var mesh: Mesh?
    /// What other members of this machine read where it lies.
    private let memory: LocalMemory?
    /// What rank 0 adds to its next control word.
    private let wishes = ControlWishes()
    /// What the coordinator decides after evaluations, which the compute thread waits for.
    private let decisions = Monitor(Decisions())

    private struct Decisions {
        var newest: Decision?
        var ended: GenerationEnded?
    }

    // Communication thread
    private var isConnected = false
    private var isLoaded = false
    private var isHandedOver = false
    /// Runs of floats of each section of the state that have yet to arrive, in order.
    private var missing: [[Range<Int>]]

    /// - Parameters:
    ///   - kept: what this worker has of the state that the generation begins with.
    ///   - contributed: told of an audited step what this member, as the owner of pieces, was sent.
    init(
        _ formation: Formation, plan: TrainingPlan, kept: KeptState?,
        reported: @escaping (Int, [Double]) -> Void,
        contributed: @escaping (ContributionDigests) -> Void
    ) throws(MalformedMessage) {
        guard let assignment = formation.assignment, assignment.microbatches == plan.geometry.microbatches,
            formation.owners.count == FlatVector.shardCount
        else {
            throw MalformedMessage("the formation does not fit the job")
        }
        self.formation = formation
        let partition = Partition(
            usedCount: plan.network.layout.usedCount, owners: formation.owners,
            members: formation.members.count)
        let stepPlans = plan.stepPlans(assignment)
        let memory =
            formation.localWorkers > 1
            ? LocalMemory(
                for: MemberState.sharedCounts(plan: plan, rank: formation.rank, stepPlans: stepPlans)) : nil
        let state = MemberState(plan: plan, partition: partition, rank: formation.rank, stepPlans: stepPlans)
        {
            memory?.vectors.make($0) ?? FloatBuffer(count: $0)
        }
        self.memory = memory
        state.learningRateFactor = formation.learningRateFactor
        self.state = state
        let wishes = wishes
        collective = Collective(
            rank: formation.rank, partition: partition, plans: stepPlans,
            planIndex: { plan.stepPlanIndex($0) },
            exchanges: plan.exchanges, report: plan.trainReport.operation,
            parameters: state.parameters.pointer, gradients: state,
            updater: state, measurement: plan.gradientMeasurement, firstStep: formation.firstStep
        ) { step, report in
            reported(step, report + state.diagnostics(step: step))
            return plan.control(afterSteps: step + 1, report: report).union(wishes.take())
        }
        collective.timeline.layersUntil = formation.tracedUntil
        let ofMoments = kept?.restore(to: state) ?? [0..<partition.ownedCounts[formation.rank]]
        missing =
            [kept == nil ? [0..<plan.network.layout.occupiedSpace] : []]
            + state.moments.map { _ in ofMoments }
        missing.append([0..<state.statistics.count])
        for i in missing.indices { missing[i].removeAll { $0.isEmpty } }
        if let audit = formation.audit, partition.members > 1 { tell(audit, partition, contributed) }
    }

    private func tell(
        _ audit: AuditSchedule, _ partition: Partition, _ contributed: @escaping (ContributionDigests) -> Void
    ) {
        let record = ContributionRecord(partition, rank: formation.rank)
        collective.pieceArrived = { [unowned collective] step, index, vector in
            guard audit.isAudited(step),
                let digests = record.add(index, partition.pieces[index], collective.plan(for: step), vector)
            else { return }
            contributed(ContributionDigests(step: step, digests: digests))
        }
    }

    /// Opens the mesh; `ready` is called once all members are connected and the state is loaded.
    func open(
        reactor: Reactor, job: String, credentials: Credentials, faults: FaultPoints,
        waiting: [(Connection, MeshGreeting)],
        unreachable: @escaping (Int, String) -> Void, suspected: @escaping (Int, String) -> Void,
        ready: @escaping () -> Void
    ) {
        self.ready = ready
        let mesh = Mesh(
            reactor: reactor, formation: formation, job: job, credentials: credentials,
            collective: collective, memory: memory,
            handlers: Mesh.Handlers(
                connected: { [weak self] in
                    self?.isConnected = true
                    self?.handOverIfReady()
                }, unreachable: unreachable, suspected: suspected))
        self.mesh = mesh
        if !faults.isEmpty {
            let formation = formation
            state.updating = { faults.reach(formation, "update", $0) }
            state.contributing = { [unowned state] in
                faults.reach(formation, FaultPoints.contribution, $0) {
                    if let change = $0.spoiling { state.spoilGradient(change) }
                }
            }
            mesh.sent = { envelope, socket in
                guard envelope.kind == .partial else { return }
                faults.reach(formation, "gradients", envelope.step)
                guard let socket else { return }
                faults.reach(formation, "frame", envelope.step) { _ in socket.pushHalfOfLastFrame() }
            }
        }
        collective.link = mesh
        for (connection, greeting) in waiting { mesh.accept(connection, greeting) }
        mesh.open()
    }

    private var ready: () -> Void = {}

    private func handOverIfReady() {
        guard isConnected, isLoaded, !isHandedOver else { return }
        isHandedOver = true
        ready()
    }

    /// Rank 0: these flags go into the next control word.
    func wish(_ flags: ControlWord) { wishes.add(flags) }

    func decided(_ decision: Decision) { decisions.change { $0.newest = decision } }

    /// Compute thread: waits for the coordinator's word after an evaluation.
    func decision(after done: Int) throws -> Decision {
        try decisions.wait { decisions in
            if let newest = decisions.newest, newest.step == done { return newest }
            if let ended = decisions.ended { throw ended }
            return nil
        }
    }

    /// Ends it: the compute thread's waits throw, connections are closed.
    func close(_ reason: String) {
        let ended = GenerationEnded(reason: reason)
        collective.end(ended)
        decisions.change { $0.ended = $0.ended ?? ended }
        mesh?.close()
        mesh = nil
        ready = {}
    }
}

// MARK: - The state that it begins with

extension MemberGeneration {
    /// Section 0: parameters; 1…: moments of the owned pieces; last: running statistics.
    private func section(_ index: Int) -> FloatBuffer {
        switch index {
        case 0: state.parameters
        case missing.count - 1: state.statistics
        default: state.moments[index - 1]
        }
    }

    /// Where a run of floats goes, in order.
    func stateDestination(_ run: StateRun, bytes: Int) throws(MalformedMessage)
        -> UnsafeMutableRawBufferPointer
    {
        guard !isLoaded, missing.indices.contains(run.section), let next = missing[run.section].first,
            run.offset == next.lowerBound, bytes % 4 == 0,
            bytes / 4 <= next.count
        else {
            throw MalformedMessage(
                "the coordinator's state does not fit this job"
            )
        }
        return UnsafeMutableRawBufferPointer(start: section(run.section).pointer + run.offset, count: bytes)
    }

    /// Takes note of a run that has arrived at its destination; an empty one means nothing.
    func stateArrived(_ run: StateRun, count: Int) {
        guard count > 0, let next = missing[run.section].first else { return }
        let rest = (next.lowerBound + count)..<next.upperBound
        if rest.isEmpty { missing[run.section].removeFirst() } else { missing[run.section][0] = rest }
    }

    /// The coordinator has sent all: nothing may be missing.
    func stateComplete() throws(MalformedMessage) {
        guard missing.allSatisfy(\.isEmpty) else {
            throw MalformedMessage("the coordinator's state is not whole")
        }
        isLoaded = true
        handOverIfReady()
    }
}

/// Flags that the coordinator wishes for, until rank 0's next control word takes them. Both happen on the communication thread.
private final class ControlWishes {
    private var flags: ControlWord = []

    func add(_ more: ControlWord) { flags.formUnion(more) }

    func take() -> ControlWord {
        defer { flags = [] }
        return flags
    }
}
