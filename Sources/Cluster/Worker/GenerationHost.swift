import Collectives
import Jobs
import Kernels
import System
import Training
import Transport

/// A worker's membership in the current generation. It forms the generation, connects it, ends it, and keeps
/// snapshots for the next one. On the communication thread.
final class GenerationHost {
    private let reactor: Reactor
    private let credentials: Credentials
    private let faults: FaultPoints
    private let coordinator: CoordinatorConnection
    private let tell: (WorkerInstruction) -> Void
    private let entrance = MeshEntrance()
    private var history = SnapshotHistory<KeptState>()
    private var current: MemberGeneration?

    /// - Parameter tell: takes instructions for the main thread.
    init(
        reactor: Reactor, credentials: Credentials, faults: FaultPoints, coordinator: CoordinatorConnection,
        tell: @escaping (WorkerInstruction) -> Void
    ) {
        self.reactor = reactor
        self.credentials = credentials
        self.faults = faults
        self.coordinator = coordinator
        self.tell = tell
    }

    var bytesReceivedFromMembers: UInt64 { current?.mesh?.bytesReceived ?? 0 }

    /// The generation of the moment, if it is this one. Messages of any other come too late.
    func generation(_ number: FrameGeneration) -> MemberGeneration? {
        current.flatMap { $0.formation.generation == number ? $0 : nil }
    }

    // MARK: Snapshots

    func keep(_ part: SnapshotPart) { history.add(part.kept, of: part.generation, step: part.step) }

    func snapshotCompleted(_ generation: FrameGeneration, step: Int) {
        history.completed(generation, step: step)
    }

    // MARK: The course of a generation

    /// Becomes a member of a new generation.
    func form(_ formation: Formation, job: String, plan: TrainingPlan) throws {
        end("a new generation forms")
        let kept = history.begin(since: formation.keptSince, step: formation.firstStep)
        guard formation.keptSince == nil || kept != nil else {
            return joinAgain(
                """
                this worker no longer has its share of step \(formation.firstStep), with which the next \
                generation begins
                """
            )
        }
        let number = formation.generation
        let generation = try MemberGeneration(formation, plan: plan, kept: kept) {
            [unowned coordinator] step, values in
            let report = StepReport(step: step, clock: Clock.monotonicSeconds(), values: values)
            coordinator.send(.stepReport(report), of: number)
        } contributed: { [unowned coordinator] digests in
            coordinator.send(.contributions(digests), of: number)
        }
        current = generation
        reactor.idleWork = { [weak generation] in generation?.collective.turn() ?? false }
        generation.open(
            reactor: reactor, job: job, credentials: credentials, faults: faults, entrance: entrance,
            unreachable: { [weak coordinator] in coordinator?.send(.unreachable($0), of: number) },
            suspected: { [weak coordinator] in coordinator?.send(.suspected($0), of: number) }
        ) { [weak self, weak generation] in
            if let generation { self?.tell(.formed(generation)) }
        }
    }

    /// A newcomer is sent all of the state.
    private func joinAgain(_ reason: String) {
        coordinator.send(.failed(WorkerFailure(reason: Sentence(reason))))
        tell(.endSession(.joinAgain(reason)))
    }

    func end(_ reason: String) {
        current?.close(reason)
        current = nil
        reactor.idleWork = nil
    }

    /// Ends the generation and takes no more connections.
    func close() {
        end("this worker ends")
        entrance.close()
    }

    // MARK: Members that dial this one

    /// Decides on a connection whose dialler has proven that it knows the token.
    ///
    /// - Parameter job: the identity of this worker's job; nil: it does not know it yet.
    func decide(_ peer: HandshakePeer, job: String?) -> HandshakeDecision {
        guard let purpose = try? ConnectionPurpose(of: peer) else {
            return .refuse("the greeting is malformed; install the same version on both machines")
        }
        let refusal = purpose.refusal(byMemberOf: job, in: current?.formation.generation)
        return refusal.map { .refuse($0) } ?? .accept
    }

    func accepted(_ connection: Connection, _ peer: HandshakePeer) { entrance.accept(connection, peer) }
}
