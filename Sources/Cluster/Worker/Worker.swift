import Collectives
import Datasets
import Kernels
import Platform
import Synchronization
import System
import Telemetry
import Threads
import Training
import Transport

/// A worker process: joins, prepares, computes generations until the coordinator says that the job is over.
///
/// The main thread is the compute thread; the reactor's thread communicates.
package final class Worker {
    private let options: WorkerOptions
    private let credentials: Credentials
    let log: Log
    private let reactor: Reactor
    private let current = CurrentLink()
    let faults: FaultPoints
    private var meshPort: UInt16 = 0
    private var loadedData: [(ticket: DatasetTicket, dataset: Dataset)] = []

    package init(_ options: WorkerOptions, token: SharedToken, log: Log) throws {
        (self.options, self.log) = (options, log)
        credentials = Credentials(token, options.protection)
        faults = try .ofEnvironment()
        reactor = try Reactor(name: "communication")
    }

    /// Runs until the job's end; the process's exit status.
    package func run() throws -> Int32 {
        establishFloatingPointMode()
        let (credentials, current, rejections) = (credentials, current, RejectionReport(reactor, log))
        let listener = try reactor.listen(
            options.listen, priority: 0,
            handshake: {
                .listener(
                    credentials, program: Version.program,
                    authorize: { peer in
                        current.link?.decide(peer) ?? .refuse("this worker is not connected to a coordinator")
                    })
            },
            accepted: { connection, peer in
                if let link = current.link { link.accepted(connection, peer) } else { connection.close() }
            },
            failed: { error in
                switch error {
                // So end the dials of other members when a generation ends.
                case .rejected, .closedDuringHandshake, .lost: break
                default: rejections.rejected(error)
                }
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
            let link = WorkerLink(
                reactor: reactor, coordinator: options.coordinator, credentials: credentials, faults: faults)
            current.link = link
            link.join(joinRequest())
            let end = try WorkerSession(self, link).run()
            link.close()
            switch end {
            case .finished(let reason):
                log.record(.session(.finished(reason: reason)))
                return 0
            case .again(let reason):
                log.record(.session(.rejoining(reason: reason)))
                hasJoined = true
                deadline = Clock.monotonicSeconds() + options.rejoinTimeout
                Clock.sleep(seconds: 0.1)
                if current.isTerminated { return 0 }
            case .refused(let reason):
                log.record(.session(.failed(reason: reason)))
                return 1
            case .lost(let error, let wasJoined):
                if wasJoined {
                    hasJoined = true
                    deadline = Clock.monotonicSeconds() + options.rejoinTimeout
                    log.record(
                        .session(
                            .coordinatorLost(
                                address: "\(options.coordinator)", reason: error.map { "\($0)" },
                                rejoinSeconds: options.rejoinTimeout)))
                }
                guard hasJoined, error?.isWorthRetrying ?? true else {
                    let reason =
                        error.map { "\($0)" }
                        ?? "the coordinator at \(options.coordinator) closed the connection; see its log"
                    log.record(.session(.failed(reason: reason)))
                    return 1
                }
                guard Clock.monotonicSeconds() < deadline else {
                    let waited = TextFormat.duration(options.rejoinTimeout)
                    let reason =
                        "no coordinator at \(options.coordinator) within \(waited);"
                        + " start it again with --resume, then this worker"
                    log.record(.session(.failed(reason: reason)))
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
            if current.terminate() { _exit(signal == SIGINT ? 130 : 0) }
        }
    }

    private func joinRequest() -> JoinRequest {
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, 255)
        let hostName = String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let endpoints =
            options.advertise.map { [Endpoint(host: $0, port: meshPort)] }
            ?? SocketAddress.localInterfaces().filter { !$0.isLinkLocal }.prefix(8).map {
                Endpoint(host: $0.host, port: meshPort)
            }
        return JoinRequest(
            name: "\(hostName)/\(getpid())", machine: hostName, cores: Processor.cores,
            blasCore: BLAS.coreName,
            isCoreFixed: Environment.value("OPENBLAS_CORETYPE") != nil, endpoints: Array(endpoints),
            meshPort: meshPort)
    }

    // MARK: Preparing

    /// Computes with another OpenBLAS core from now on, if that is asked for and possible: the process starts over once.
    func adoptCore(_ core: String) throws {
        guard core != BLAS.coreName, Environment.value("OPENBLAS_CORETYPE") == nil,
            Processor.supports(core: core)
        else { return }
        log.record(.session(.coreChanged(core: core, from: BLAS.coreName)))
        var additions = ["OPENBLAS_CORETYPE": core]
        if Environment.value(InheritedDescriptors.token) != nil || InheritedDescriptors.tokenWasRead {
            additions[InheritedDescriptors.token] = "\(try InheritedDescriptors.handOn(credentials.token))"
        }
        try Executable.reexecute(adding: additions)
    }

    /// The job's data sets: from the cache, or over the wire.
    func data(_ welcome: Welcome, _ link: WorkerLink, wait: () throws -> Void) throws -> DecodedData {
        let cache = try DataCache(options.cacheDirectory)
        var sets: [DatasetTicket.Role: Dataset] = [:]
        for (index, ticket) in welcome.datasets.enumerated() {
            if let known = loadedData.first(where: { $0.ticket.hash == ticket.hash }) {
                sets[ticket.role] = known.dataset
                continue
            }
            guard ticket.byteCount <= PhysicalMemory.byteCount else {
                throw SystemError(
                    "the job's data take \(TextFormat.bytes(ticket.byteCount)), and this machine has \(TextFormat.bytes(PhysicalMemory.byteCount)); start the worker on a larger one"
                )
            }
            let dataset = try cache.dataset(ticket) {
                log.record(.session(.fetchingData(set: "\(ticket.role)", bytes: ticket.byteCount)))
                let memory = UnsafeMutableRawBufferPointer.allocate(
                    byteCount: ticket.byteCount, alignment: 64)
                defer { memory.deallocate() }
                link.fetch(index, ticket, into: memory)
                try wait()
                return Array(memory)
            }
            loadedData.append((ticket, dataset))
            sets[ticket.role] = dataset
        }
        guard let train = sets[.train] else {
            throw MalformedMessage("the coordinator named no training data")
        }
        guard welcome.normalization.shift.count == train.form.channelCount,
            [sets[.validation], sets[.test]].allSatisfy({
                $0?.sampleShape ?? train.sampleShape == train.sampleShape
            })
        else {
            throw MalformedMessage("the coordinator's data do not fit together")
        }
        return DecodedData(
            train: train, validation: sets[.validation], test: sets[.test],
            normalization: welcome.normalization)
    }

    func lanes(localWorkers: Int) -> Int {
        options.lanes ?? max(1, Processor.cores / max(1, localWorkers))
    }
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

extension TransportError {
    /// A coordinator that restarts is refused or silent for a while; a wrong token or version stays wrong.
    var isWorthRetrying: Bool {
        switch self {
        case .tokensDiffer, .otherVersion, .protectionDiffers, .notOurProtocol, .spokeHTTP, .refused,
            .rejected, .reflected:
            false
        default: true
        }
    }
}
