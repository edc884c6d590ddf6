import Collectives
import System
import Threads
import Training
import Transport

/// A worker's side of the network, for the duration of one connection to the coordinator.
///
/// It passes each message of the coordinator to the part that it concerns, and results of the main thread to
/// the coordinator. All parts belong to the communication thread; `mailbox` leads to the main thread.
final class WorkerLink: @unchecked Sendable {
    let mailbox = Mailbox<WorkerInstruction>()
    let activity = ActivityBeacon()
    let snapshotSlots = SnapshotSlots()
    /// Ends the process when the main thread is still in a step so many seconds after the coordinator has let
    /// this worker go.
    struct Overstay {
        let seconds: Double
        let leave: @Sendable () -> Void
    }

    /// Nil: the main thread has all the time that it needs. Set before `join`.
    var overstay: Overstay?
    private var isClosed = false
    private let reactor: Reactor
    private let coordinator: CoordinatorConnection
    private let heartbeats: HeartbeatSender
    private let generations: GenerationHost
    private var fetch: DatasetFetch?
    private var welcome: Welcome?
    private var plan: TrainingPlan?

    init(reactor: Reactor, coordinator: Endpoint, credentials: Credentials, faults: FaultPoints) {
        let (mailbox, activity) = (mailbox, activity)
        let connection = CoordinatorConnection(
            reactor: reactor, address: coordinator, credentials: credentials)
        let generations = GenerationHost(
            reactor: reactor, credentials: credentials, faults: faults, coordinator: connection,
            tell: mailbox.put)
        self.reactor = reactor
        self.coordinator = connection
        self.generations = generations
        heartbeats = HeartbeatSender(reactor: reactor, coordinator: coordinator, credentials: credentials) {
            [unowned connection, unowned generations] in
            let (phase, step) = activity.current
            return Heartbeat(
                phase: phase, step: step, clock: Reactor.now, sent: connection.bytesSent,
                received: connection.bytesReceived,
                receivedFromMembers: generations.bytesReceivedFromMembers,
                memory: UInt64(ResidentMemory.byteCount))
        }
        connection.destination = { [unowned self] in try destination($0, of: $1, bytes: $2) }
        connection.received = { [unowned self] in try received($0, of: $1) }
        connection.lost = { [unowned self] in connectionLost($0, wasLetIn: $1) }
        heartbeats.lost = { [unowned connection] in connection.fail($0) }
    }

    // MARK: From the main thread

    func join(_ request: JoinRequest) { onLoop { $0.coordinator.dial(request) } }

    /// The job is compiled and the data is here: generations may come.
    func prepared(_ prepared: Prepared, plan: TrainingPlan) {
        onLoop {
            $0.plan = plan
            $0.coordinator.send(.prepared(prepared))
        }
    }

    func fetch(_ dataset: Int, _ ticket: DatasetTicket, into memory: UnsafeMutableRawBufferPointer) {
        let fetch = DatasetFetch(dataset: dataset, ticket: ticket, memory: memory)
        onLoop {
            $0.fetch = fetch
            $0.requestChunks()
        }
    }

    func send(_ message: ToCoordinator, of generation: FrameGeneration = FrameGeneration()) {
        onLoop { $0.coordinator.send(message, of: generation) }
    }

    /// Sends a part of a snapshot, and keeps the worker's share of it.
    func send(_ part: SnapshotPart) {
        onLoop { link in
            link.generations.keep(part)
            for message in part.messages {
                link.coordinator.send(message, of: part.generation, sent: { withExtendedLifetime(part) {} })
            }
        }
    }

    /// Sends spans of a timeline. With them, all spans of the steps before `through` are sent.
    func send(_ spans: [Span], of generation: FrameGeneration, through: Int) {
        onLoop {
            let timing = TimingMessage(offset: $0.heartbeats.clockOffset, through: through, spans: spans)
            $0.coordinator.send(.timing(timing), of: generation)
        }
    }

    /// Asks the coordinator to let this worker go at the next boundary. Without a coordinator it goes at
    /// once.
    func leave() {
        onLoop {
            if $0.coordinator.isJoined {
                $0.coordinator.send(.leaving)
            } else {
                $0.mailbox.put(.endSession(.finished("stopped as asked")))
            }
        }
    }

    /// Ends all connections. Nobody reads the mailbox after this.
    func close() {
        onLoop {
            $0.isClosed = true
            $0.generations.close()
            $0.coordinator.close()
            $0.heartbeats.close()
        }
    }

    private func onLoop(_ work: @escaping @Sendable (WorkerLink) -> Void) {
        reactor.post { work(self) }
    }

    // MARK: From the coordinator

    private func destination(_ bulk: ToWorker.BulkHeader, of generation: FrameGeneration, bytes: Int) throws
        -> UnsafeMutableRawBufferPointer?
    {
        switch bulk {
        case .state(let run):
            try generations.generation(generation)?.stateDestination(run, bytes: bytes)
        case .chunk(let chunk): try fetch?.destination(chunk, bytes: bytes)
        }
    }

    /// - Parameter number: the generation that the message belongs to.
    private func received(_ message: ToWorker, of number: FrameGeneration) throws {
        let generation = generations.generation(number)
        switch message {
        case .welcome(let welcome): welcomed(welcome)
        case .refused(let reason): endSession(.refused(reason.text))
        case .runFailed(let reason): endSession(.runFailed(reason.text))
        case .chunk: chunkArrived()
        case .form(let formation): try form(formation)
        case .state(let run, let floats): try generation?.stateArrived(run, count: floats.count)
        case .stateComplete: try generation?.stateComplete()
        case .dial(let rank): generation?.mesh?.dial(rank)
        case .spare(let reason): mailbox.put(.spare(reason.text))
        case .start: if generation != nil { mailbox.put(.start(number)) }
        case .request(let flags): generation?.request(flags)
        case .decision(let decision): generation?.decided(decision)
        case .snapshotComplete(let step): generations.snapshotCompleted(number, step: step)
        case .endGeneration(let reason): if generation != nil { endGeneration(reason.text) }
        case .finish(let reason): endSession(.finished(reason.text))
        case .joinAgain(let reason): endSession(.joinAgain(reason.text))
        }
    }

    private func welcomed(_ welcome: Welcome) {
        self.welcome = welcome
        heartbeats.open(worker: welcome.worker, peerTimeout: welcome.peerTimeout)
        mailbox.put(.welcomed(welcome))
    }

    private func chunkArrived() {
        if fetch?.arrived() == true {
            fetch = nil
            mailbox.put(.fetched)
        } else {
            requestChunks()
        }
    }

    private func requestChunks() {
        for chunk in fetch?.nextRequests() ?? [] { coordinator.send(.fetch(chunk)) }
    }

    private func form(_ formation: Formation) throws {
        guard let welcome, let plan else {
            throw MalformedMessage("the coordinator formed a generation before this worker was prepared")
        }
        try generations.form(formation, job: welcome.jobIdentity, plan: plan)
    }

    private func endGeneration(_ reason: String) {
        generations.end(reason)
        mailbox.put(.generationEnded(reason))
    }

    private func endSession(_ end: SessionEnd) {
        generations.end("the coordinator has ended this worker's session")
        mailbox.put(.endSession(end))
        guard case .finished = end, let overstay else { return }
        reactor.after(overstay.seconds) { [weak self] in
            if self?.isClosed == false { overstay.leave() }
        }
    }

    private func connectionLost(_ reason: TransportError?, wasLetIn: Bool) {
        heartbeats.close()
        generations.end("the connection to the coordinator is gone")
        mailbox.put(.endSession(.lost(reason, wasLetIn: wasLetIn)))
    }

    // MARK: From other members

    func decide(_ peer: HandshakePeer) -> HandshakeDecision {
        generations.decide(peer, job: welcome?.jobIdentity)
    }

    func accepted(_ connection: Connection, _ peer: HandshakePeer) { generations.accepted(connection, peer) }
}
