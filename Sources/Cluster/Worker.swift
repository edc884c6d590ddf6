import Collectives
import Datasets
import Kernels
import Synchronization
import System
import Telemetry
import Training
import Transport

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What `dist-train worker` was asked for.
package struct WorkerOptions: Sendable {
    package var coordinator: Endpoint
    /// Nil: the machine's cores, shared out among its workers.
    package var lanes: Int?
    package var listen: Endpoint
    package var advertise: String?
    package var cacheDirectory: String?
    /// Seconds to look for a coordinator that was lost.
    package var rejoinTimeout: Double

    package init(
        coordinator: Endpoint, lanes: Int? = nil, listen: Endpoint = Endpoint(host: "0.0.0.0", port: 0), advertise: String? = nil,
        cacheDirectory: String? = nil, rejoinTimeout: Double = 600
    ) {
        (self.coordinator, self.lanes, self.listen) = (coordinator, lanes, listen)
        (self.advertise, self.cacheDirectory, self.rejoinTimeout) = (advertise, cacheDirectory, rejoinTimeout)
    }
}

/// A worker process: joins, prepares, computes generations until the coordinator says that the job is over.
///
/// The main thread is the compute thread; the reactor's thread communicates.
package final class Worker {
    private let options: WorkerOptions
    private let token: SharedToken
    private let log: Log
    private let reactor: Reactor
    private let current = CurrentLink()
    fileprivate let faults: FaultPoints
    private var meshPort: UInt16 = 0
    private var loadedData: [(ticket: DatasetTicket, dataset: Dataset)] = []

    package init(_ options: WorkerOptions, token: SharedToken, log: Log) throws {
        (self.options, self.token, self.log) = (options, token, log)
        faults = try .ofEnvironment()
        reactor = try Reactor(name: "communication")
    }

    /// Runs until the job's end; the process's exit status.
    package func run() throws -> Int32 {
        establishFloatingPointMode()
        let (token, current) = (token, current)
        let listener = try reactor.listen(
            options.listen, priority: 0,
            handshake: {
                .listener(
                    token: token, program: Version.program,
                    afterAuthentication: { peer in
                        current.link?.decide(peer) ?? .refuse("this worker is not connected to a coordinator")
                    })
            },
            accepted: { connection, peer in
                if let link = current.link { link.accepted(connection, peer) } else { connection.close() }
            })
        meshPort = listener.localAddress.port
        try reactor.start()
        defer { reactor.stopAndJoin() }
        try watchSignals()
        return try runSessions()
    }

    /// Joins, and joins again after a coordinator was lost, until the time for that is over.
    private func runSessions() throws -> Int32 {
        var hasJoined = false
        var deadline = 0.0
        while true {
            let link = WorkerLink(reactor: reactor, coordinator: options.coordinator, token: token)
            current.link = link
            link.join(joinRequest())
            let end = try WorkerSession(self, link).run()
            link.close()
            switch end {
            case .finished(let reason):
                log.info(reason)
                return 0
            case .refused(let reason):
                log.error(reason)
                return 1
            case .lost(let error, let wasJoined):
                if wasJoined {
                    hasJoined = true
                    deadline = Clock.monotonicSeconds() + options.rejoinTimeout
                    log.warning(
                        "the coordinator at \(options.coordinator) is gone\(error.map { " (\($0))" } ?? ""); trying to rejoin for \(TextFormat.duration(options.rejoinTimeout))"
                    )
                }
                guard hasJoined, error?.isWorthRetrying ?? true else {
                    log.error(error.map { "\($0)" } ?? "the coordinator at \(options.coordinator) closed the connection; see its log")
                    return 1
                }
                guard Clock.monotonicSeconds() < deadline else {
                    log.error(
                        "no coordinator at \(options.coordinator) within \(TextFormat.duration(options.rejoinTimeout)); start it again with --resume, then this worker"
                    )
                    return 1
                }
                Clock.sleep(seconds: min(1, options.rejoinTimeout / 4))
                if current.isTerminated { return 0 }
            }
        }
    }

    private func watchSignals() throws {
        let current = current
        // Ctrl-C reaches a whole terminal group; workers that `run` started leave it to their coordinator.
        let isChild = Environment.value(InheritedDescriptors.lifeline) != nil
        try Signals.deliver([SIGTERM, SIGINT]) { signal in
            if isChild && signal == SIGINT { return }
            if current.terminate() { exit(signal == SIGINT ? 130 : 0) }
        }
    }

    private func joinRequest() -> JoinRequest {
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, 255)
        let hostName = String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let endpoints =
            options.advertise.map { [Endpoint(host: $0, port: meshPort)] }
            ?? SocketAddress.localInterfaces().filter { !$0.isLinkLocal }.prefix(8).map { Endpoint(host: $0.host, port: meshPort) }
        return JoinRequest(
            name: "\(hostName)/\(getpid())", machine: hostName, cores: Processor.cores, blasCore: BLAS.coreName,
            isCoreFixed: Environment.value("OPENBLAS_CORETYPE") != nil, endpoints: Array(endpoints), meshPort: meshPort)
    }

    // MARK: Preparing

    /// Computes with another OpenBLAS core from now on, if that is asked for and possible: the process starts over once.
    fileprivate func adoptCore(_ core: String) throws {
        guard core != BLAS.coreName, Environment.value("OPENBLAS_CORETYPE") == nil, Processor.supports(core: core) else { return }
        log.info("starting over with the job's OpenBLAS core \(core) instead of \(BLAS.coreName)")
        var additions = ["OPENBLAS_CORETYPE": core]
        if Environment.value(InheritedDescriptors.token) != nil || InheritedDescriptors.tokenWasRead {
            additions[InheritedDescriptors.token] = "\(try InheritedDescriptors.handOn(token))"
        }
        try Executable.reexecute(adding: additions)
    }

    /// The job's data sets: from the cache, or over the wire.
    fileprivate func data(_ welcome: Welcome, _ link: WorkerLink, wait: () throws -> Void) throws -> DecodedData {
        let cache = try DataCache(options.cacheDirectory)
        var sets: [DatasetTicket.Role: Dataset] = [:]
        for (index, ticket) in welcome.datasets.enumerated() {
            if let known = loadedData.first(where: { $0.ticket.hash == ticket.hash }) {
                sets[ticket.role] = known.dataset
                continue
            }
            let dataset = try cache.dataset(ticket) {
                log.info("fetching \(TextFormat.bytes(ticket.byteCount)) of \(ticket.role) data")
                let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: ticket.byteCount, alignment: 64)
                defer { memory.deallocate() }
                link.fetch(index, ticket, into: memory)
                try wait()
                return Array(memory)
            }
            loadedData.append((ticket, dataset))
            sets[ticket.role] = dataset
        }
        guard let train = sets[.train] else {
            throw MalformedMessage(description: "the coordinator named no training data; check that both sides run the same version")
        }
        return DecodedData(
            train: train, validation: sets[.validation], test: sets[.test], normalization: welcome.normalization)
    }

    fileprivate func lanes(localWorkers: Int) -> Int {
        options.lanes ?? max(1, Processor.cores / max(1, localWorkers))
    }

    fileprivate func say(_ text: String) { log.info(text) }
}

/// The link of the moment, for the threads that do not own it.
private final class CurrentLink: Sendable {
    private let state = Mutex<(link: WorkerLink?, terminations: Int)>((nil, 0))

    var link: WorkerLink? {
        get { state.withLock { $0.link } }
        set { state.withLock { $0.link = newValue } }
    }

    var isTerminated: Bool { state.withLock { $0.terminations > 0 } }

    /// Asks to leave at the next boundary; true if that was asked before.
    func terminate() -> Bool {
        let (link, before) = state.withLock { state in
            state.terminations += 1
            return (state.link, state.terminations - 1)
        }
        link?.leave()
        return before > 0
    }
}

/// One connection's worth of work: from joining to the job's end, or the connection's.
private final class WorkerSession: TrainerObserver {
    enum End {
        case finished(String)
        case refused(String)
        case lost(TransportError?, wasJoined: Bool)
    }

    private let worker: Worker
    private let link: WorkerLink
    private var welcome: Welcome?
    private var plan: TrainingPlan?
    private var data: DecodedData?
    private var generation: MemberGeneration?
    private var trainer: Trainer?
    private var lanes: LanePool?

    init(_ worker: Worker, _ link: WorkerLink) { (self.worker, self.link) = (worker, link) }

    func run() throws -> End {
        while true {
            let instruction = link.mailbox.take()
            do {
                if let end = try follow(instruction) { return end }
            } catch is GenerationEnded {
                drop()
            } catch let interruption as Interruption {
                return interruption.end
            } catch {
                link.send(.failed, payload: Array("\(error)".utf8))
                return .refused("\(error)")
            }
        }
    }

    private struct Interruption: Error { let end: End }

    /// Nil: go on.
    private func follow(_ instruction: WorkerInstruction) throws -> End? {
        switch instruction {
        case .welcomed(let welcome): try prepare(welcome)
        case .fetched: break
        case .formed(let generation): try form(generation)
        case .start(let generation):
            if self.generation?.formation.generation == generation { try train() }
        case .ended(let reason):
            worker.say("the workers regroup: \(reason)")
            drop()
        case .finish(let reason): return .finished(reason)
        case .refused(let reason): return .refused(reason)
        case .lost(let error): return .lost(error, wasJoined: welcome != nil)
        case .terminate: return .finished("stopped as asked")
        }
        return nil
    }

    private func prepare(_ welcome: Welcome) throws {
        try worker.adoptCore(welcome.blasCore)
        self.welcome = welcome
        let data = try worker.data(welcome, link) {
            while true {
                let instruction = link.mailbox.take()
                if case .fetched = instruction { return }
                if let end = try follow(instruction) { throw Interruption(end: end) }
            }
        }
        let plan = try TrainingPlan(Job(resolvedText: welcome.job), data.facts)
        (self.plan, self.data) = (plan, data)
        let fingerprint = try Fingerprint(of: plan)
        link.prepared(Prepared(fingerprint: fingerprint), plan: plan)
        worker.say("joined as worker \(welcome.worker), ready (\(fingerprint.platform))")
    }

    private func form(_ generation: MemberGeneration) throws {
        drop()
        guard let plan, let data else { return }
        let lanes = LanePool(lanes: worker.lanes(localWorkers: generation.formation.localWorkers))
        (self.generation, self.lanes) = (generation, lanes)
        trainer = Trainer(
            plan: plan, data: data, state: generation.state, collective: generation.collective, lanes: lanes, observer: self)
        link.send(.connected, generation.formation.generation)
    }

    private func train() throws {
        guard let trainer, let formation = generation?.formation else { return }
        worker.say(
            "rank \(formation.rank) of \(formation.members.count) in generation \(formation.generation.counter), from step \(formation.firstStep)"
        )
        _ = try trainer.run(from: formation.firstStep)
        link.send(.generationEnded, formation.generation)
        link.pulse.set(.idle, step: 0)
    }

    private func drop() {
        (generation, trainer) = (nil, nil)
        lanes?.close()
        lanes = nil
        link.pulse.set(.idle, step: 0)
    }

    // MARK: TrainerObserver

    func snapshot(_ state: MemberState, done: Int) {
        guard let formation = generation?.formation else { return }
        link.send(SnapshotPart(generation: formation.generation, step: done, rank: formation.rank, values: state.snapshotPart()))
    }

    func evaluated(_ set: EvaluationSet, done: Int, chunks: Range<Int>, reports: [Double]) {
        guard let formation = generation?.formation, !chunks.isEmpty else { return }
        var writer = MessageWriter()
        for value in reports { writer.write(value) }
        link.send(.evaluation, formation.generation, step: done, a: Int(set.rawValue), b: chunks.lowerBound, payload: writer.bytes)
    }

    func entered(_ phase: TrainingPhase, step: Int) {
        link.pulse.set(phase, step: step)
        worker.faults.reach("rank\(generation?.formation.rank ?? -1)", "\(phase)", step)
    }
}

extension TransportError {
    /// A coordinator that restarts is refused or silent for a while; a wrong token or version stays wrong.
    var isWorthRetrying: Bool {
        switch self {
        case .tokensDiffer, .otherVersion, .notOurProtocol, .refused, .rejected, .reflected: false
        default: true
        }
    }
}
