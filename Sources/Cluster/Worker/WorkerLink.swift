import Collectives
import Kernels
import Synchronization
import System
import Threads
import Training
import Transport

/// A worker's side of the network: its connections to the coordinator, its listener for other members, and the generation at hand.
///
/// All state belongs to the communication thread; `mailbox` leads to the main thread. One link lasts as long as one connection to the coordinator.
final class WorkerLink: @unchecked Sendable {
    let mailbox = Mailbox<WorkerInstruction>()
    let pulse = Pulse()
    let snapshotPlaces = SnapshotPlaces()
    private var kept = KeptStates()
    private let reactor: Reactor
    private let coordinator: Endpoint
    private let credentials: Credentials
    private let faults: FaultPoints
    private var control: Connection?
    private var heartbeat: Connection?
    private var welcome: Welcome?
    private var plan: TrainingPlan?
    private var generation: MemberGeneration?
    /// Connections of members whose formation has not reached us yet.
    private var early: [(Connection, MeshGreeting)] = []
    private var fetching: Fetching?
    private var isClosed = false
    private var clockOffset = ClockOffset()
    private var answersAwaited = 0
    /// Heartbeats since the coordinator was heard last.
    private var unanswered = 0
    /// So many mean that it does not hear us, or we do not hear it: six times `--peer-timeout`. Beats are counted, not seconds, so that a process that was asleep judges nobody by that.
    private static let mostUnanswered = 30
    private static let welcomeTimeout = 30.0

    init(reactor: Reactor, coordinator: Endpoint, credentials: Credentials, faults: FaultPoints) {
        (self.reactor, self.coordinator, self.credentials, self.faults) = (
            reactor, coordinator, credentials, faults
        )
    }

    // MARK: From the main thread

    func join(_ request: JoinRequest) { onLoop { $0.dialCoordinator(request) } }

    /// Job compiled, data at hand: heartbeats begin, and generations may come.
    func prepared(_ prepared: Prepared, plan: TrainingPlan) {
        onLoop {
            $0.plan = plan
            $0.send(.prepared(prepared))
        }
    }

    func fetch(_ dataset: Int, _ ticket: DatasetTicket, into memory: UnsafeMutableRawBufferPointer) {
        let fetching = Fetching(dataset: dataset, ticket: ticket, memory: memory)
        onLoop {
            $0.fetching = fetching
            $0.requestChunks()
        }
    }

    /// Sends a message from any thread.
    func post(_ message: ToCoordinator, of generation: FrameGeneration = FrameGeneration()) {
        onLoop { $0.send(message, of: generation) }
    }

    private func send(_ message: ToCoordinator, of generation: FrameGeneration = FrameGeneration()) {
        control?.send(message, of: generation)
    }

    /// Sends a part of a snapshot in runs of 1 MB, so that other messages pass in between; of an empty one, an empty run.
    func send(_ part: SnapshotPart) {
        onLoop { link in
            link.kept.add(part.kept)
            let run = 1 << 18
            var offset = 0
            repeat {
                let count = min(run, part.values.count - offset)
                link.control?.send(
                    ToCoordinator.snapshot(
                        SnapshotRun(step: part.step, rank: part.rank, offset: offset),
                        UnsafeBufferPointer(start: part.values.pointer + offset, count: count)),
                    of: part.generation, sent: { withExtendedLifetime(part) {} })
                offset += count
            } while offset < part.values.count
        }
    }

    /// Sends what a timeline holds; all spans of steps before `through` are there then.
    func send(_ spans: [Span], of generation: FrameGeneration, through: Int) {
        onLoop {
            let message = TimingMessage(offset: $0.clockOffset.seconds, through: through, spans: spans)
            $0.send(.timing(message), of: generation)
        }
    }

    /// Asks the coordinator to let this worker go at the next boundary; without a coordinator it goes at once.
    func leave() {
        onLoop {
            guard $0.control != nil, $0.welcome != nil else { return $0.tell(.terminate) }
            $0.send(.leaving)
        }
    }

    /// Closes everything; nothing is put into the mailbox after this.
    func close() {
        onLoop {
            $0.isClosed = true
            $0.endGeneration("this worker ends")
            for (connection, _) in $0.early { connection.close() }
            $0.control?.finish()
            $0.heartbeat?.close()
        }
    }

    private func onLoop(_ work: @escaping @Sendable (WorkerLink) -> Void) {
        reactor.post { work(self) }
    }

    // MARK: The connection to the coordinator

    private func dialCoordinator(_ request: JoinRequest) {
        let credentials = credentials
        reactor.dial(
            [coordinator], timeout: 10,
            handshake: {
                .dialler(
                    credentials, program: Version.program, context: ConnectionPurpose.join(request).encoded)
            }
        ) { [self] result in
            switch result {
            case .failure(let error): tell(.lost(error, wasLetIn: false))
            case .success(let (connection, _)): isClosed ? connection.close() : serve(connection)
            }
        }
    }

    private func serve(_ connection: Connection) {
        control = connection
        connection.peer = "the coordinator at \(coordinator)"
        connection.maximumPayload = 64 << 20
        connection.destination = { [unowned self] in try destination($0) }
        connection.closed = { [unowned self] in controlIsGone($0) }
        connection.received = { [unowned self] header, payload in
            try received(ToWorker(header, payload), of: header.generation)
        }
        reactor.after(Self.welcomeTimeout) { [weak self] in
            guard let self, control != nil, welcome == nil else { return }
            connection.close()
            controlIsGone(
                .timedOut(
                    peer: connection.peer, during: "letting this worker in", seconds: Self.welcomeTimeout))
        }
    }

    private func controlIsGone(_ reason: TransportError?) {
        control = nil
        heartbeat?.close()
        endGeneration("the connection to the coordinator is gone")
        tell(.lost(reason, wasLetIn: true))
    }

    private func tell(_ instruction: WorkerInstruction) {
        if !isClosed { mailbox.put(instruction) }
    }

    private func destination(_ header: FrameHeader) throws -> UnsafeMutableRawBufferPointer? {
        switch try ToWorker.BulkHeader(header) {
        case .state(let run):
            guard let generation, generation.formation.generation == header.generation else { return nil }
            return try generation.stateDestination(run, bytes: header.payloadLength)
        case .chunk(let chunk): return try fetching?.destination(chunk, bytes: header.payloadLength)
        case nil: return nil
        }
    }

    private func received(_ message: ToWorker, of sent: FrameGeneration) throws {
        let current = generation.flatMap { $0.formation.generation == sent ? $0 : nil }
        switch message {
        case .welcome(let welcome):
            guard self.welcome == nil else {
                throw MalformedMessage(
                    "the coordinator welcomed this worker twice"
                )
            }
            self.welcome = welcome
            openHeartbeat(welcome)
            tell(.welcomed(welcome))
        case .refused(let reason):
            endGeneration("this worker was refused")
            tell(.refused(reason.text))
        case .chunk:
            if fetching?.arrived() == true {
                fetching = nil
                tell(.fetched)
            } else {
                requestChunks()
            }
        case .form(let formation): try form(formation)
        case .state(let run, let floats): current?.stateArrived(run, count: floats.count)
        case .stateComplete: try current?.stateComplete()
        case .snapshotComplete(let step): kept.completed(sent, step: step)
        case .dial(let rank): current?.mesh?.dial(rank)
        case .start: if current != nil { tell(.start(sent)) }
        case .request(let flags): current?.wish(flags)
        case .decision(let decision): current?.decided(decision)
        case .endGeneration(let reason):
            guard current != nil else { return }
            endGeneration(reason.text)
            tell(.ended(reason.text))
        case .finish(let reason):
            endGeneration("the job is over")
            tell(.finish(reason.text))
        case .joinAgain(let reason):
            endGeneration("this worker is to join again")
            tell(.again(reason.text))
        }
    }

    // MARK: Heartbeats

    private func openHeartbeat(_ welcome: Welcome) {
        let credentials = credentials
        reactor.dial(
            [coordinator], priority: 2, timeout: 10,
            handshake: {
                .dialler(
                    credentials, program: Version.program,
                    context: ConnectionPurpose.heartbeat(worker: welcome.worker).encoded)
            }
        ) { [weak self] result in
            guard let self, !isClosed, control != nil else {
                if case .success(let (connection, _)) = result { connection.close() }
                return
            }
            switch result {
            case .failure(let error): heartbeatIsGone(error.isWorthRetrying ? error : nil)
            case .success(let (connection, _)):
                heartbeat = connection
                // The only connection that always has something under way: it notices a host that has vanished without a word.
                connection.limitSilence(seconds: max(30, 3 * welcome.peerTimeout))
                connection.closed = { [unowned self] in heartbeatIsGone($0) }
                connection.received = { [unowned self, unowned connection] header, payload in
                    unanswered = 0
                    heartbeatAnswered(try HeartbeatAnswer(header, payload), on: connection)
                }
                (answersAwaited, unanswered) = (ClockOffset.firstQuestions, 0)
                beat(every: welcome.peerTimeout / 5, on: connection)
            }
        }
    }

    /// Without heartbeats this worker would soon count as dead. When the coordinator has closed this connection on purpose, the other one says why.
    private func heartbeatIsGone(_ reason: TransportError?) {
        reactor.after(2) { [weak self] in
            guard let self, let control else { return }
            control.close()
            controlIsGone(reason)
        }
    }

    private func beat(every interval: Double, on connection: Connection) {
        guard connection.isOpen else { return }
        unanswered += 1
        guard unanswered <= Self.mostUnanswered else {
            connection.close()
            let seconds = interval * Double(Self.mostUnanswered)
            return heartbeatIsGone(
                .timedOut(
                    peer: "the coordinator at \(coordinator)", during: "hearing heartbeats", seconds: seconds)
            )
        }
        sayAlive(on: connection)
        reactor.after(interval) { [weak self] in self?.beat(every: interval, on: connection) }
    }

    private func sayAlive(on connection: Connection) {
        let (phase, step) = pulse.current
        let heartbeat = Heartbeat(
            phase: phase, step: step, clock: Reactor.now, sent: control?.bytesSent ?? 0,
            received: control?.bytesReceived ?? 0,
            receivedFromMembers: generation?.mesh?.bytesReceived ?? 0)
        connection.send(heartbeat)
    }

    /// The coordinator's clock. One that has just been met is asked several times: any of the answers may have been held up.
    private func heartbeatAnswered(_ answer: HeartbeatAnswer, on connection: Connection) {
        // Processes of one machine read the same clock.
        if !connection.remoteAddress.isLoopback {
            clockOffset.add(asked: answer.asked, answered: answer.answered, now: Reactor.now)
        }
        answersAwaited -= 1
        if answersAwaited > 0 { sayAlive(on: connection) }
    }

    // MARK: Data

    private func requestChunks() {
        guard control != nil, var fetching else { return }
        while let chunk = fetching.nextRequest() { send(.fetch(chunk)) }
        self.fetching = fetching
    }

    // MARK: Generations

    private func form(_ formation: Formation) throws {
        guard let welcome, let plan else {
            throw MalformedMessage("the coordinator formed a generation before this worker was prepared")
        }
        endGeneration("a new generation forms")
        let kept = kept.begin(since: formation.keptSince, step: formation.firstStep)
        guard formation.keptSince == nil || kept != nil else {
            return joinAgain(
                "of step \(formation.firstStep), with which the next generation begins, this worker keeps nothing any more"
            )
        }
        let generation = try MemberGeneration(formation, plan: plan, kept: kept) {
            [unowned self] step, report in
            let report = StepReport(step: step, clock: Clock.monotonicSeconds(), values: report)
            send(.stepReport(report), of: formation.generation)
        } contributed: { [unowned self] digests in
            send(.contributions(digests), of: formation.generation)
        }
        self.generation = generation
        reactor.idleWork = { [weak generation] in generation?.collective.turn() ?? false }
        let waiting = early.filter { $0.1.generation == formation.generation }
        for (connection, greeting) in early where !greeting.generation.isAtLeast(formation.generation) {
            connection.close()
        }
        // Those of a generation whose formation is still on its way stay.
        early = early.filter {
            $0.1.generation != formation.generation && $0.1.generation.isAtLeast(formation.generation)
        }
        func report(_ message: @escaping (PeerFailure) -> ToCoordinator) -> (Int, String) -> Void {
            { [weak self] rank, reason in
                let failure = PeerFailure(rank: rank, reason: Sentence(reason))
                self?.send(message(failure), of: formation.generation)
            }
        }
        generation.open(
            reactor: reactor, job: welcome.jobIdentity, credentials: credentials, faults: faults,
            waiting: waiting,
            unreachable: report { .unreachable($0) }, suspected: report { .suspected($0) }
        ) { [weak self, weak generation] in
            if let generation { self?.tell(.formed(generation)) }
        }
    }

    /// As a newcomer it is sent everything.
    private func joinAgain(_ reason: String) {
        send(.failed(WorkerFailure(reason: Sentence(reason))))
        tell(.again(reason))
    }

    private func endGeneration(_ reason: String) {
        generation?.close(reason)
        generation = nil
        reactor.idleWork = nil
    }

    /// Judges a member that dials us, once it has proven that it knows the token.
    func decide(_ peer: HandshakePeer) -> HandshakeDecision {
        guard
            case .mesh(let greeting)? = try? ConnectionPurpose(of: peer)
        else {
            return .refuse("this is a worker's port for other workers: join the coordinator's port instead")
        }
        guard let welcome, greeting.job == welcome.jobIdentity else {
            return .refuse("this worker belongs to another job")
        }
        if let current = generation?.formation.generation, !(greeting.generation.isAtLeast(current)) {
            return .refuse("that generation has ended here")
        }
        return .accept
    }

    func accepted(_ connection: Connection, _ peer: HandshakePeer) {
        guard !isClosed,
            case .mesh(let greeting)? = try? ConnectionPurpose(of: peer)
        else {
            connection.close()
            return
        }
        if let generation, generation.formation.generation == greeting.generation, let mesh = generation.mesh
        {
            mesh.accept(connection, greeting)
        } else if early.count < 512 {
            early.append((connection, greeting))
        } else {
            connection.close()
        }
    }
}

extension FrameGeneration {
    func isAtLeast(_ other: FrameGeneration) -> Bool {
        (incarnation, counter) >= (other.incarnation, other.counter)
    }
}
