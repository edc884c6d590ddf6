import Collectives
import Datasets
import Kernels
import Platform
import Synchronization
import System
import Telemetry
import Training
import Transport

/// A worker process. It joins, prepares, and computes generations until the coordinator says that the job is
/// over.
///
/// The main thread is the compute thread; the reactor's thread communicates.
package final class Worker {
    let options: WorkerOptions
    let credentials: Credentials
    let log: Log
    let console: Console
    private let reactor: Reactor
    private let current = CurrentLink()
    let faults: FaultPoints
    private var meshPort: UInt16 = 0
    private let token: WorkerToken
    /// The coordinator has rejected the token: the exit status is that of this failure.
    package private(set) var hadWrongToken = false
    /// The data sets of earlier sessions.
    var loadedData: [(ticket: DatasetTicket, dataset: Dataset)] = []

    /// - Parameter console: shows the progress.
    package init(
        _ options: WorkerOptions, token: WorkerToken, log: Log, console: Console = .standardError
    ) throws {
        self.options = options
        self.log = log
        self.console = console
        self.token = token
        credentials = Credentials(token.token, options.protection)
        faults = try .ofEnvironment()
        reactor = try Reactor(name: "communication")
    }

    /// Runs until the job's end, and returns the process's exit status.
    package func run() throws -> Int32 {
        let (credentials, current, rejections) = (credentials, current, RejectionReport(reactor, log))
        let probes = ProbeService(reactor: reactor, credentials: credentials) {
            ProbeAnswer(platform: "", workers: [])
        }
        let listener = try reactor.listen(
            options.listen, priority: 0,
            handshake: {
                .listener(
                    credentials, program: Version.program,
                    authorize: { peer in
                        if case .probe? = try? ConnectionPurpose(of: peer) { return .accept }
                        return current.link?.decide(peer)
                            ?? .refuse("this worker is not connected to a coordinator")
                    })
            },
            accepted: { connection, peer in
                if case .probe? = try? ConnectionPurpose(of: peer) { return probes.serve(connection) }
                if let link = current.link { link.accepted(connection, peer) } else { connection.close() }
            },
            failed: { error in
                switch error {
                // The dials of other members end in these ways when a generation ends.
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

    /// Joins, and joins again as long as the policy says so. Returns the process's exit status.
    private func runSessions() throws -> Int32 {
        var policy = RejoinPolicy(
            coordinator: options.coordinator, options.patience, tokenFile: token.file)
        while true {
            let end = try runSession(at: policy.endpoint)
            if current.isTerminated, case .finished(let reason) = end {
                log.record(.session(.finished(reason: reason)))
                return options.ending.status
            }
            if case .lost = end, options.isJobOver() {
                log.record(.session(.finished(reason: "the job has reached its end")))
                return 0
            }
            if case .lost(.tokensDiffer, _) = end { hadWrongToken = true }
            let (next, events) = policy.ended(end, now: Clock.monotonicSeconds())
            for event in events { log.record(.session(event)) }
            switch next {
            case .exit(let status): return status
            case .join(let seconds): pause(seconds)
            }
            if current.isTerminated { return options.ending.status }
        }
    }

    /// Sleeps until the next attempt, or until a signal ends this worker.
    private func pause(_ seconds: Double) {
        let end = Clock.monotonicSeconds() + seconds
        while !current.isTerminated {
            let rest = end - Clock.monotonicSeconds()
            guard rest > 0 else { return }
            Clock.sleep(seconds: min(rest, 0.1))
        }
    }

    private func runSession(at coordinator: Endpoint) throws -> SessionEnd {
        let link = WorkerLink(
            reactor: reactor, coordinator: coordinator, credentials: credentials, faults: faults)
        if !options.patience.keeps { link.overstay = overstay }
        current.link = link
        link.join(joinRequest())
        let end = try WorkerSession(self, link).run()
        link.close()
        return end
    }

    /// The end of a step that goes on although the coordinator has let this worker go.
    private var overstay: WorkerLink.Overstay {
        let (seconds, status, log) = (options.ending.grace / 4, options.ending.status, log)
        return WorkerLink.Overstay(seconds: seconds) { [current] in
            log.record(.session(.leftWithinStep(seconds: seconds)))
            _exit(current.isTerminated ? status : 0)
        }
    }

    /// The coordinator has let this worker in: the token is the right one.
    func tokenAccepted() { TokenStore.store(token) }

    private func watchSignals() throws {
        let (current, status, log) = (current, options.ending.status, log)
        let seconds = options.ending.grace / 2
        let grace = try GracePeriod(options.ending.grace) {
            log.record(.session(.leftWithinStep(seconds: seconds)))
            _exit(status)
        } over: {
            _exit(status)
        }
        // Ctrl-C and a hang-up reach a whole terminal group. Workers that `run` started ignore them: their
        // coordinator stops them.
        let isChild = Environment.value(InheritedDescriptors.lifeline) != nil
        try Signals.deliver(Signals.ofEnding) { signal in
            if isChild && signal != SIGTERM { return }
            guard current.terminate() else { return grace.begin() }
            if !Signals.isPatient(signal) { _exit(signal == SIGINT ? 130 : status) }
        }
    }

    private func joinRequest() -> JoinRequest {
        let hostName = HostName.own
        let endpoints =
            options.advertise.map { [Endpoint(host: $0, port: meshPort)] }
            ?? SocketAddress.localInterfaces().filter { !$0.isLinkLocal }.prefix(8).map {
                Endpoint(host: $0.host, port: meshPort)
            }
        return JoinRequest(
            name: "\(hostName)/\(getpid())", machine: hostName, cores: Processor.cores,
            blasCore: BLAS.coreName,
            isCoreFixed: AdoptedCore.isFixedByUser, endpoints: Array(endpoints),
            meshPort: meshPort, rendezvous: options.rendezvous)
    }
}

/// The link of the current session, for other threads.
private final class CurrentLink: Sendable {
    private let state = Mutex<(link: WorkerLink?, terminations: Int)>((nil, 0))

    var link: WorkerLink? {
        get { state.withLock { $0.link } }
        set { state.withLock { $0.link = newValue } }
    }

    var isTerminated: Bool { state.withLock { $0.terminations > 0 } }

    /// Asks to leave at the next boundary. Returns whether that was asked before.
    func terminate() -> Bool {
        let (link, before) = state.withLock { state in
            state.terminations += 1
            return (state.link, state.terminations - 1)
        }
        link?.leave()
        return before > 0
    }
}
