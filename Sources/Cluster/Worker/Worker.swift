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
    private let reactor: Reactor
    private let current = CurrentLink()
    let faults: FaultPoints
    private var meshPort: UInt16 = 0
    /// The data sets of earlier sessions.
    var loadedData: [(ticket: DatasetTicket, dataset: Dataset)] = []

    package init(_ options: WorkerOptions, token: SharedToken, log: Log) throws {
        self.options = options
        self.log = log
        credentials = Credentials(token, options.protection)
        faults = try .ofEnvironment()
        reactor = try Reactor(name: "communication")
    }

    /// Runs until the job's end, and returns the process's exit status.
    package func run() throws -> Int32 {
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
        var policy = RejoinPolicy(coordinator: options.coordinator, timeout: options.rejoinTimeout)
        while true {
            let (next, events) = policy.ended(try runSession(), now: Clock.monotonicSeconds())
            for event in events { log.record(.session(event)) }
            switch next {
            case .exit(let status): return status
            case .join(let seconds): Clock.sleep(seconds: seconds)
            }
            if current.isTerminated { return 0 }
        }
    }

    private func runSession() throws -> SessionEnd {
        let link = WorkerLink(
            reactor: reactor, coordinator: options.coordinator, credentials: credentials, faults: faults)
        current.link = link
        link.join(joinRequest())
        let end = try WorkerSession(self, link).run()
        link.close()
        return end
    }

    private func watchSignals() throws {
        let current = current
        // Ctrl-C reaches a whole terminal group. Workers that `run` started ignore it: their coordinator
        // stops them.
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
