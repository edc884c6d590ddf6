import Collectives
import Kernels
import Synchronization
import System
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
            $0.control?.send(FrameHeader(.prepared), prepared.encoded)
        }
    }

    func fetch(_ dataset: Int, _ ticket: DatasetTicket, into memory: UnsafeMutableRawBufferPointer) {
        let fetching = Fetching(dataset: dataset, ticket: ticket, memory: memory)
        onLoop {
            $0.fetching = fetching
            $0.requestChunks()
        }
    }

    func send(
        _ kind: MessageKind, _ generation: FrameGeneration = FrameGeneration(), step: Int = 0, a: Int = 0,
        b: Int = 0, payload: [UInt8] = []
    ) {
        let header = FrameHeader(kind, generation, step: step, a: a, b: b)
        onLoop { $0.control?.send(header, payload) }
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
                    FrameHeader(.snapshotPart, part.generation, step: part.step, a: part.rank, b: offset),
                    borrowing: UnsafeRawBufferPointer(start: part.values.pointer + offset, count: count * 4),
                    sent: { withExtendedLifetime(part) {} })
                offset += count
            } while offset < part.values.count
        }
    }

    /// Sends what a timeline holds; all spans of steps before `through` are there then.
    func send(_ spans: [Span], of generation: FrameGeneration, through: Int) {
        onLoop {
            let message = TimingMessage(offset: $0.clockOffset.seconds, through: through, spans: spans)
            $0.control?.send(FrameHeader(.timing, generation), message.encoded)
        }
    }

    /// Asks the coordinator to let this worker go at the next boundary; without a coordinator it goes at once.
    func leave() {
        onLoop {
            guard let control = $0.control, $0.welcome != nil else { return $0.tell(.terminate) }
            control.send(FrameHeader(.leaving))
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
        connection.received = { [unowned self] in try received($0, $1) }
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
        switch MessageKind(rawValue: header.kind) {
        case .state:
            guard let generation, generation.formation.generation == header.generation else { return nil }
            return try generation.stateDestination(
                section: Int(header.a), offset: Int(header.b), bytes: header.payloadLength)
        case .chunk:
            return try fetching?.destination(
                dataset: Int(header.a), chunk: Int(header.b), bytes: header.payloadLength)
        default:
            return nil
        }
    }

    private func received(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) throws {
        let current = generation.flatMap { $0.formation.generation == header.generation ? $0 : nil }
        switch MessageKind(rawValue: header.kind) {
        case .welcome:
            let welcome = try Welcome(decoding: payload)
            guard self.welcome == nil else {
                throw MalformedMessage(
                    description:
                        "the coordinator welcomed this worker twice; check that both sides run the same version"
                )
            }
            self.welcome = welcome
            openHeartbeat(welcome)
            tell(.welcomed(welcome))
        case .refused:
            endGeneration("this worker was refused")
            tell(.refused(String(sentence: payload)))
        case .chunk:
            if fetching?.arrived() == true {
                fetching = nil
                tell(.fetched)
            } else {
                requestChunks()
            }
        case .form: try form(Formation(decoding: payload))
        case .state:
            if payload.count > 0 { current?.stateArrived(section: Int(header.a), bytes: payload.count) }
        case .stateComplete: try current?.stateComplete()
        case .snapshotComplete: kept.completed(header.generation, step: Int(truncatingIfNeeded: header.step))
        case .dial: current?.mesh?.dial(Int(header.a))
        case .start: if current != nil { tell(.start(header.generation)) }
        case .request: current?.wish(ControlWord(rawValue: header.a))
        case .decision:
            var reader = MessageReader(payload, of: "decision")
            let factor = try reader.readDouble()
            guard factor.isFinite, factor >= 0 else {
                throw MalformedMessage(
                    description:
                        "the coordinator decided nonsense; check that both sides run the same version")
            }
            current?.decided(
                Decision(step: Int(truncatingIfNeeded: header.step), factor: factor, stops: header.a == 1))
        case .endGeneration:
            guard current != nil else { return }
            endGeneration(String(sentence: payload))
            tell(.ended(String(sentence: payload)))
        case .finish:
            endGeneration("the job is over")
            tell(.finish(String(sentence: payload)))
        case .again:
            endGeneration("this worker is to join again")
            tell(.again(String(sentence: payload)))
        default:
            throw MalformedMessage(
                description: "the coordinator sent a message of kind \(header.kind), which is not for workers"
            )
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
                    if header.kind == MessageKind.heartbeatAnswer.rawValue {
                        try heartbeatAnswered(payload, on: connection)
                    }
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
            clock: Reactor.now, sent: control?.bytesSent ?? 0, received: control?.bytesReceived ?? 0,
            receivedFromMembers: generation?.mesh?.bytesReceived ?? 0)
        connection.send(FrameHeader(.heartbeat, step: step, a: Int(phase)), heartbeat.encoded)
    }

    /// The coordinator's clock. One that has just been met is asked several times: any of the answers may have been held up.
    private func heartbeatAnswered(_ payload: UnsafeRawBufferPointer, on connection: Connection) throws {
        var reader = MessageReader(payload, of: "heartbeat's answer")
        let (asked, answered) = (try reader.readDouble(), try reader.readDouble())
        // Processes of one machine read the same clock.
        if !connection.remoteAddress.isLoopback {
            clockOffset.add(asked: asked, answered: answered, now: Reactor.now)
        }
        answersAwaited -= 1
        if answersAwaited > 0 { sayAlive(on: connection) }
    }

    // MARK: Data

    private func requestChunks() {
        guard let control, var fetching else { return }
        while let chunk = fetching.nextRequest() {
            control.send(FrameHeader(.fetch, a: fetching.dataset, b: chunk))
        }
        self.fetching = fetching
    }

    // MARK: Generations

    private func form(_ formation: Formation) throws {
        guard let welcome, let plan else {
            throw MalformedMessage(
                description: "the coordinator formed a generation before this worker was prepared")
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
            var writer = MessageWriter()
            for value in report { writer.write(value) }
            // The moment itself: what arrives at the coordinator has waited for two threads.
            let now = UInt64(Clock.monotonicSeconds() * 1e6)
            control?.send(
                FrameHeader(
                    .stepReport, formation.generation, step: step, a: Int(truncatingIfNeeded: now),
                    b: Int(truncatingIfNeeded: now >> 32)),
                writer.bytes)
        } contributed: { [unowned self] digests in
            control?.send(FrameHeader(.contributions, formation.generation), digests.encoded)
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
        func report(_ kind: MessageKind) -> (Int, String) -> Void {
            { [weak self] rank, reason in
                self?.control?.send(FrameHeader(kind, formation.generation, a: rank), Array(reason.utf8))
            }
        }
        generation.open(
            reactor: reactor, job: welcome.jobIdentity, credentials: credentials, faults: faults,
            waiting: waiting,
            unreachable: report(.cannotReach), suspected: report(.suspicion)
        ) { [weak self, weak generation] in
            if let generation { self?.tell(.formed(generation)) }
        }
    }

    /// As a newcomer it is sent everything.
    private func joinAgain(_ reason: String) {
        control?.send(FrameHeader(.failed), Array(reason.utf8))
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
            case .mesh(let greeting)? = try? peer.context.withUnsafeBytes({
                try ConnectionPurpose(decoding: $0)
            })
        else {
            return .refuse("this is a worker's port for other workers: join the coordinator's port instead")
        }
        guard let welcome, greeting.job == welcome.jobIdentity else {
            return .refuse("this worker belongs to another job")
        }
        if let current = generation?.formation.generation, !(greeting.generation.isAtLeast(current)) {
            return .refuse("that generation has ended here")
        }
        return .accept()
    }

    func accepted(_ connection: Connection, _ peer: HandshakePeer) {
        guard !isClosed,
            case .mesh(let greeting)? = try? peer.context.withUnsafeBytes({
                try ConnectionPurpose(decoding: $0)
            })
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
