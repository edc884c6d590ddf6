import Collectives
import Kernels
import NeuralNetwork
import Threads
import Training
import Transport

/// A worker's part in one generation: its state, its collective and its mesh.
///
/// Made and closed on the communication thread. The compute thread uses `state` and `collective` between the
/// start and the end of the generation.
final class MemberGeneration: @unchecked Sendable {
    let formation: Formation
    let state: MemberState
    let collective: Collective
    private(set) var mesh: Mesh?
    /// The vectors that other members of this machine read in this one's memory.
    private let memory: LocalMemory?
    private let requestedFlags = PendingFlags()
    /// The coordinator's decisions after evaluations, for which the compute thread waits.
    private let decisions = Monitor(Decisions())

    private struct Decisions {
        var newest: Decision?
        var ended: GenerationEnded?
    }

    // Communication thread
    private var isConnected = false
    private var isLoaded = false
    private var isHandedOver = false
    private var missing: MissingState

    /// - Parameters:
    ///   - kept: this worker's share of the state that the generation begins with, if it has one.
    ///   - reported: takes rank 0's report of a step: its sums and diagnostics.
    ///   - contributed: takes the digests of an audited step, of this member's pieces.
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
        let requestedFlags = requestedFlags
        collective = Collective(
            rank: formation.rank, partition: partition, plans: stepPlans,
            planIndex: { plan.stepPlanIndex($0) },
            exchanges: plan.exchanges, report: plan.trainReport.operation,
            parameters: state.parameters.pointer, gradients: state,
            sparse: plan.network.layout.sparse, updater: state, measurement: plan.gradientMeasurement,
            gathering: state.gathering,
            firstStep: formation.firstStep
        ) { step, report in
            reported(step, report + state.diagnostics(step: step))
            return plan.control(afterSteps: step + 1, report: report).union(requestedFlags.take())
        }
        collective.timeline.layersUntil = formation.tracedUntil
        missing = MissingState(
            parameters: kept == nil ? plan.network.layout.occupiedSpace : 0,
            moments: kept?.restore(to: state) ?? [0..<partition.ownedCounts[formation.rank]],
            momentCount: state.moments.count, statistics: state.statistics.count)
        if let audit = formation.audit, partition.members > 1 { record(audit, partition, contributed) }
    }

    private func record(
        _ audit: AuditSchedule, _ partition: Partition, _ contributed: @escaping (ContributionDigests) -> Void
    ) {
        let record = ContributionRecord(partition, rank: formation.rank)
        collective.pieceArrived = { [unowned collective] step, index, vector in
            guard audit.isAudited(step),
                let digests = record.add(
                    partition.pieces[index], index: index, collective.plan(for: step), vector: vector)
            else { return }
            contributed(ContributionDigests(step: step, digests: digests))
        }
    }

    /// Opens the mesh.
    ///
    /// - Parameters:
    ///   - entrance: leads connections that other members dial to the mesh.
    ///   - ready: called once all members are connected and the state is loaded.
    func open(
        reactor: Reactor, job: String, credentials: Credentials, faults: FaultPoints, entrance: MeshEntrance,
        unreachable: @escaping (PeerFailure) -> Void, suspected: @escaping (PeerFailure) -> Void,
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
        MemberTestHooks(faults: faults, formation: formation).install(in: state, mesh)
        collective.link = mesh
        entrance.lead(to: mesh, of: formation.generation)
        mesh.open()
    }

    private var ready: () -> Void = {}

    private func handOverIfReady() {
        guard isConnected, isLoaded, !isHandedOver else { return }
        isHandedOver = true
        ready()
    }

    /// Rank 0: puts flags into the next control word.
    func request(_ flags: ControlWord) { requestedFlags.add(flags) }

    func decided(_ decision: Decision) { decisions.change { $0.newest = decision } }

    /// Waits for the coordinator's decision after an evaluation. On the compute thread.
    func decision(after done: Int) throws -> Decision {
        try decisions.wait { decisions in
            if let newest = decisions.newest, newest.step == done { return newest }
            if let ended = decisions.ended { throw ended }
            return nil
        }
    }

    /// Ends the generation: the compute thread's waits throw, and connections are closed.
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
    private func vector(ofSection index: Int) -> FloatBuffer {
        switch index {
        case 0: state.parameters
        case missing.lastSection: state.statistics
        default: state.moments[index - 1]
        }
    }

    /// Returns the memory of a run of floats that arrives.
    func stateDestination(_ run: StateRun, bytes: Int) throws(MalformedMessage)
        -> UnsafeMutableRawBufferPointer
    {
        try missing.require(run, bytes: bytes)
        return UnsafeMutableRawBufferPointer(
            start: vector(ofSection: run.section).pointer + run.offset, count: bytes)
    }

    func stateArrived(_ run: StateRun, count: Int) throws(MalformedMessage) {
        try missing.arrived(run, count: count)
    }

    /// The coordinator has sent all of the state.
    func stateComplete() throws(MalformedMessage) {
        guard missing.isEmpty else { throw MalformedMessage("the coordinator's state is not whole") }
        isLoaded = true
        handOverIfReady()
    }
}

/// The flags that the coordinator has requested for rank 0's next control word. On the communication thread.
private final class PendingFlags {
    private var flags: ControlWord = []

    func add(_ more: ControlWord) { flags.formUnion(more) }

    func take() -> ControlWord {
        defer { flags = [] }
        return flags
    }
}
