import Checkpoints
import Collectives
import Configuration
import Datasets
import Kernels
import NeuralNetwork
import Runs
import System
import Telemetry
import Threads
import Training
import Transport

/// The coordinator of a run: admits workers, forms generations, keeps the authoritative state, writes
/// checkpoints and results.
///
/// Everything happens on the thread that calls `run`. The parts decide: values that take events and return
/// actions. This class hands them the events and carries the actions out on sockets and disk; its extensions
/// hold handlers, and no state.
///
/// It is `@unchecked Sendable` because all state belongs to the reactor's loop: other threads only post to
/// it.
package final class Coordinator: @unchecked Sendable {
    let setup: RunSetup
    let options: CoordinatorOptions
    let log: Log
    let reactor: Reactor
    let faults: FaultPoints
    let tickets: [(ticket: DatasetTicket, dataset: Dataset)]

    // The workers, and decisions about them
    var membership: Membership
    var platform: PlatformJudge
    var sharing: WorkSharing
    /// The slow worker that the log was told of last.
    var slowest: WorkSharing.Straggler?
    /// The most workers that each machine was said to have too many of.
    var crowds: [String: Int] = [:]
    /// The workers that are connected.
    var workers = WorkerTable()
    /// Bytes on the connections of workers that are gone.
    var earlierTraffic = Traffic()
    /// The time of the newest observation.
    var observed = -Double.infinity
    let memoryLimit = PhysicalMemory.limit.bytes
    private var listener: Listener?
    private(set) var probes: ProbeService?

    // The progress of the run, and decisions about it
    var progress: RunProgress
    /// Writes what `progress` tells; see `perform`.
    let record: RunRecord
    private let metricsFile: PatientFile
    private let reporter: ProgressReporter
    var pacer: SnapshotPacer
    var checkpoints = CheckpointSchedule()
    private(set) var writer: CheckpointWriter?
    private(set) var samples: SampleTexts?
    var audit = AuditLedger()
    var validity = GenerationValidity.valid
    var timing: TimingRecord
    var trace: TraceRecord?

    // The current generation, and the ones before it
    var generation = FrameGeneration()
    var generations = GenerationLog()
    /// The members that have kept the newest snapshot.
    var origin: SnapshotOrigin?

    private(set) var outcome: RunOutcome?

    /// Supervises the processes that this one has started. Called now and then, and when a worker is gone.
    package var childStatus: () -> ChildEvents = { ChildEvents() }

    /// Called on the loop for every step (the first is 1), with the time of its end in seconds of rank 0's
    /// clock.
    package var stepTimed: (_ step: Int, _ seconds: Double) -> Void = { _, _ in }

    package init(
        _ setup: RunSetup, _ options: CoordinatorOptions, log: Log, console: Console = .standardError
    ) throws {
        self.setup = setup
        self.options = options
        self.log = log
        let (job, plan) = (setup.job.job, setup.plan)
        faults = try .ofEnvironment()
        reactor = try Reactor(name: "coordinator")
        // Until a worker comes, the checkpoint's platform holds: a run that is stopped before keeps it.
        platform = PlatformJudge(
            jobCore: job.blasCore, earlier: setup.earlierPlatform, wasExact: setup.wasExact,
            allowsInexact: options.allowInexact)
        let isAudited = options.auditFraction > 0
        progress = RunProgress(plan, from: setup.start, isAudited: isAudited)
        let metrics = try MetricsLog(
            setup.directory.metricsPath, isExact: setup.wasExact && !options.allowInexact)
        metrics.forget(before: setup.start.step)
        metricsFile = metrics.file
        record = RunRecord(
            plan: plan, metrics: metrics, log: log, isAudited: isAudited,
            earlierSeconds: setup.earlier.seconds)
        let start = setup.start.step
        reporter = ProgressReporter(
            console: console, epochs: job.epochs, steps: plan.totalSteps,
            begin: (epoch: plan.epoch(afterSteps: max(1, start)), step: start))
        tickets = Self.tickets(of: setup.data)
        sharing = WorkSharing(microbatches: plan.geometry.microbatches)
        timing = TimingRecord(stepsPerEpoch: plan.geometry.stepsPerEpoch)
        trace = options.trace.map { TraceRecord(path: $0, start: setup.start.step) }
        pacer = SnapshotPacer(
            bytes: 4 * plan.network.layout.parameterSpace * (1 + job.momentNames.count),
            shortest: options.snapshotInterval)
        var limits = Membership.Limits(
            minimum: options.minimumWorkers, maximum: options.maximumWorkers,
            microbatches: plan.geometry.microbatches,
            peerTimeout: options.peerTimeout)
        limits.batchSize = plan.geometry.batchSize
        membership = Membership(limits: limits, now: Reactor.now)
        log.add(reporter)
    }

    private static func tickets(of data: DecodedData) -> [(ticket: DatasetTicket, dataset: Dataset)] {
        let sets: [(DatasetTicket.Role, Dataset?)] = [
            (.train, data.train), (.validation, data.validation), (.test, data.test),
        ]
        return sets.compactMap { role, dataset in
            dataset.map {
                (DatasetTicket(role: role, hash: $0.contentHash(), byteCount: $0.serialized.count), $0)
            }
        }
    }

    /// Listens; afterwards `address` is known and workers may dial.
    package func listen(_ token: SharedToken) throws -> SocketAddress {
        let credentials = Credentials(token, options.protection)
        let rejections = RejectionReport(reactor, log)
        probes = ProbeService(reactor: reactor, credentials: credentials) { [unowned self] in probeAnswer() }
        let listener = try firstFree { endpoint in
            try reactor.listen(
                endpoint, priority: 1,
                handshake: { [unowned self] in
                    .listener(credentials, program: Version.program, authorize: { self.decide($0) })
                },
                accepted: { [unowned self] in accepted($0, $1) },
                failed: { rejections.rejected($0) })
        }
        self.listener = listener
        return listener.localAddress
    }

    /// Listens on the first port of the options that is not in use.
    private func firstFree(_ listen: (Endpoint) throws -> Listener) throws -> Listener {
        var endpoint = options.listen
        for _ in 0..<options.furtherPorts {
            do { return try listen(endpoint) } catch TransportError.portInUse { endpoint.port += 1 }
        }
        do { return try listen(endpoint) } catch TransportError.portInUse where options.furtherPorts > 0 {
            throw SystemError(
                "the ports from \(options.listen.port) to \(endpoint.port) are all in use; give the job"
                    + " another name with --rendezvous, on all its nodes")
        }
    }

    /// Runs until the job's end, a stop or a failure.
    package func run() throws -> RunOutcome {
        _ = checkpoints.updateBest(progress.best?.step)
        writer = try CheckpointWriter(
            setup.directory.checkpoints, checkpointFacts, metrics: metricsFile, faults
        ) {
            [weak self] written in
            guard let self else { return }
            reactor.post { self.checkpointWritten(written) }
        }
        samples = setup.job.job.samples.map { policy in
            SampleTexts(policy, setup.plan, setup.data.encoding.tokenizer, from: setup.start.step) {
                [log] in log.record($0)
            }
        }
        tick()
        // A resumed run may have nothing left to do, not even an evaluation.
        reactor.post { self.finishIfDone() }
        reactor.run()
        samples?.close()
        writer?.close()
        return outcome ?? RunOutcome(end: .failed("the coordinator's loop ended"))
    }

    package var hasWorkers: Bool { !workers.isEmpty }
    /// True once the run has ended, well or not.
    package var isOver: Bool { outcome != nil }
    /// True once a generation has run.
    package var hasBegun: Bool { membership.hasBegun }
    /// The number of generations that ended before their time.
    package var recoveries: Int { setup.earlier.recoveries + generations.recoveries }

    private func tick() {
        superviseChildren()
        record.writeWaiting()
        // With the last step and all its results here, only the disk is waited for.
        if !progress.isFinished {
            act(membership.handle(.tick, at: Reactor.now))
            shareWork()
            if let missing = membership.missing, !isOver {
                reporter.wait(for: missing == 1 ? "a worker" : TextFormat.count(missing, "worker"))
            }
        }
        stopIfNobodyTrains()
        observeNowAndThen()
        reactor.after(min(1, options.peerTimeout / 5)) { [weak self] in self?.tick() }
    }

    func handle(_ event: Membership.Event) { act(membership.handle(event, at: Reactor.now)) }

    /// Carries out the membership's decisions.
    private func act(_ actions: [Membership.Action]) {
        for action in actions {
            switch action {
            case .form(let number, let members): form(number, members)
            case .start(_, let members): start(members)
            case .endAtBoundary: requestFlags([.snapshot, .endGeneration])
            case .abandon(_, let members, let reason):
                for id in members {
                    workers[id]?.send(.endGeneration(Sentence(reason)), of: generation)
                }
                rollBack()
            case .dialBack(let dialler, let targetRank, _):
                workers[dialler]?.send(.dial(rank: targetRank), of: generation)
            case .dismiss(let id, let reason): dismiss(id, .finish(Sentence(reason)))
            case .drop(let id, let reason):
                dismiss(id, .joinAgain("the coordinator went on without this worker: \(reason)"))
            case .record(let event):
                log.record(event)
                if case .worker(.spare(let worker, _, let reason)) = event {
                    workers[worker.number]?.send(.spare(Sentence(reason)))
                }
            }
        }
    }

    /// Asks rank 0 to put flags into its next control word.
    func requestFlags(_ flags: ControlWord) {
        guard let first = membership.members.first else { return }
        workers[first]?.send(.request(flags), of: generation)
    }

    /// Records the ends of the processes that this one has started; ends the run if none is left.
    func superviseChildren() {
        let events = childStatus()
        for event in events.events { log.record(.process(event)) }
        if let expected = events.expected { membership.expectAtMost(expected) }
        if let reason = events.failure, outcome == nil { end(.failed(reason)) }
        if events.haveLeft { stop() }
    }

    /// Ends the run: tells everyone, then stops the loop once they have heard it.
    func end(_ end: RunOutcome.End, _ result: RunResult? = nil) {
        guard outcome == nil else { return }
        outcome = RunOutcome(end: end, result: result)
        reporter.finish()
        log.remove(reporter)
        superviseChildren()
        observe()
        finishTiming()
        record.end()
        reportAudit()
        let passedOver = checkpoints.passedOver
        if passedOver.count > 1 { notePassedOver(passedOver.count, passedOver.step) }
        listener?.close()
        let connections = workers.connections.map(\.control)
        for id in workers.ids {
            switch end {
            case .finished where options.isFollowed:
                dismiss(id, .joinAgain("this member of the ensemble is trained"))
            case .finished: dismiss(id, .finish("the job has reached its end"))
            case .stopped where options.isRepeated:
                dismiss(id, .joinAgain("the coordinator was stopped, and is expected again"))
            case .stopped: dismiss(id, .finish("the coordinator was stopped"))
            case .failed(let reason): dismiss(id, .runFailed("the run has failed: \(reason)"))
            }
        }
        stopOnceClosed(connections)
        if case .stopped = end { reactor.after(options.farewell) { [weak self] in self?.reactor.stop() } }
    }

    /// A worker closes its end when it has read the last word. Closing ours before that could throw away what
    /// is still on its way.
    private func stopOnceClosed(_ connections: [Connection]) {
        guard connections.contains(where: \.isOpen) else { return reactor.stop() }
        // `finish` bounds the waiting.
        reactor.after(0.01) { [weak self] in self?.stopOnceClosed(connections) }
    }
}
