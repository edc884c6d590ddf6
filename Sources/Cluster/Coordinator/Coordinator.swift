import Checkpoints
import Collectives
import Configuration
import Datasets
import Kernels
import NeuralNetwork
import Runs
import System
import Telemetry
import Training
import Transport

/// The coordinator of a run: admits workers, forms generations, keeps the authoritative state, writes checkpoints and results.
///
/// Everything happens on the thread that calls `run`; the membership decides, this class acts on sockets and disk.
package final class Coordinator: @unchecked Sendable {  // all state belongs to the loop; other threads only post to it
    let setup: RunSetup
    let options: CoordinatorOptions
    let credentials: Credentials
    let log: Log
    let reactor: Reactor
    /// Writes what `progress` tells; see `perform`.
    let record: RunRecord
    let reporter: ProgressReporter
    let tickets: [(ticket: DatasetTicket, dataset: Dataset)]
    let faults: FaultPoints

    var membership: Membership
    var progress: RunProgress
    var workers: [Int: WorkerConnection] = [:]
    var nextWorker = 1
    var listener: Listener?
    var writer: CheckpointWriter?
    var generation = FrameGeneration()
    var platform: Fingerprint?
    var isExact: Bool
    var mostWorkers = 0
    var blasCore: String?
    var isWriting = false
    /// The snapshots to be written next. A disk that is slower than the training gets the best and the newest one, not all of them.
    var waiting: [Snapshot] = []
    var lastWrite: CheckpointWriter.Written?
    var isStopping = false
    /// The step at whose boundary the run stops, once it is known.
    var stopStep: Int?
    var outcome: RunOutcome?
    var timing: TimingRecord
    var trace: TraceRecord?
    var pacer: SnapshotPacer
    var sharing: WorkSharing
    var audit = AuditLedger()
    /// Somebody has computed wrongly in the current generation: what it says of steps after the newest snapshot does not count.
    var isSpoilt = false
    /// Since this step nothing is finite any more: the job's fault, unless an audit that is still under way finds another.
    var divergence: (step: Int, reason: String)?
    /// The current generation has started.
    var isTraining = false
    /// How often a generation ended before its time, and the next one began at the newest snapshot.
    package internal(set) var recoveries = 0
    /// The newest of them, until the steps that were lost are done again.
    var recovery: Recovery?
    /// Who has kept what of the newest snapshot.
    var origin: SnapshotOrigin?
    /// The next snapshot is to be written, whatever its step.
    var isCheckpointWanted = false
    /// The step of the checkpoint that was asked for.
    var wantedStep: Int?

    package init(
        _ setup: RunSetup, _ options: CoordinatorOptions, token: SharedToken, log: Log,
        console: Console = .standardError
    ) throws {
        (self.setup, self.options, self.log) = (setup, options, log)
        credentials = Credentials(token, options.protection)
        faults = try .ofEnvironment()
        reactor = try Reactor(name: "coordinator")
        reporter = ProgressReporter(
            console: console, epochs: setup.job.job.epochs, steps: setup.plan.totalSteps)
        isExact = setup.wasExact
        // Before a worker has come, what the checkpoint said still holds: a run that is stopped then must not forget it.
        numericPlatform = Guarded((setup.earlierPlatform ?? "", setup.wasExact))
        blasCore = setup.earlierPlatform.flatMap(Fingerprint.core(ofPlatform:))
        let isAudited = options.auditFraction > 0
        progress = RunProgress(setup.plan, from: setup.start, isAudited: isAudited)
        let metrics = try MetricsLog(
            setup.directory.metricsPath, isExact: isExact && !options.allowInexact)
        metrics.forget(before: setup.start.step)
        record = RunRecord(plan: setup.plan, metrics: metrics, reporter: reporter, isAudited: isAudited)
        let data = setup.data
        let sets: [(DatasetTicket.Role, Dataset?)] = [
            (.train, data.train), (.validation, data.validation), (.test, data.test),
        ]
        tickets = sets.compactMap { role, dataset in
            dataset.map {
                (DatasetTicket(role: role, hash: $0.contentHash(), byteCount: $0.serialized.count), $0)
            }
        }
        sharing = WorkSharing(microbatches: setup.plan.geometry.microbatches)
        timing = TimingRecord(stepsPerEpoch: setup.plan.geometry.stepsPerEpoch)
        trace = options.trace.map { TraceRecord(path: $0, start: setup.start.step) }
        let layout = setup.plan.network.layout
        pacer = SnapshotPacer(
            bytes: 4 * layout.parameterSpace * (1 + setup.job.job.optimizer.momentNames.count),
            shortest: options.snapshotInterval)
        membership = Membership(
            limits: Membership.Limits(
                minimum: options.minimumWorkers, maximum: options.maximumWorkers,
                microbatches: setup.plan.geometry.microbatches,
                peerTimeout: options.peerTimeout), now: Reactor.now)
    }

    /// Listens; afterwards `address` is known and workers may dial.
    package func listen() throws -> SocketAddress {
        let credentials = credentials
        let strangers = StrangerReport(reactor, log)
        let listener = try reactor.listen(
            options.listen, priority: 1,
            handshake: { [unowned self] in
                .listener(credentials, program: Version.program, authorize: { self.decide($0) })
            },
            accepted: { [unowned self] in accepted($0, $1) },
            failed: { strangers.turnedAway($0) })
        self.listener = listener
        return listener.localAddress
    }

    /// Runs until the job's end, a stop or a failure.
    package func run() throws -> RunOutcome {
        noteBest()
        let facts = checkpointFacts()
        writer = try CheckpointWriter(setup.directory.checkpoints, facts, faults) { [weak self] written in
            guard let self else { return }
            reactor.post { self.checkpointWritten(written) }
        }
        tick()
        // A resumed run may have nothing left to do, not even an evaluation.
        reactor.post { self.finishIfDone() }
        reactor.run()
        writer?.close()
        return outcome ?? RunOutcome(end: .failed("the coordinator's loop ended"))
    }

    func checkpointFacts() -> CheckpointWriter.Facts {
        let (layout, momentNames) = (setup.plan.network.layout, setup.job.job.optimizer.momentNames)
        let identity = CheckpointState.identity(of: setup.data)
        let (job, bestStep) = (setup.job.resolved.compactJSON(nonFinite: .json5), bestStep)
        let (normalization, classNames, table) = (
            setup.data.normalization, setup.data.train.classNames, setup.data.table
        )
        let train = setup.data.train.form
        let targetWidth: Int? = if case .values(let width) = train.targets { width } else { nil }
        return CheckpointWriter.Facts(
            layout: layout, momentNames: momentNames, keep: setup.job.job.checkpoint.keep, bestStep: bestStep
        ) {
            [unowned self] snapshot in
            let (platform, isExact) = numericPlatform.withLock { $0 }
            return CheckpointState(
                data: identity, normalization: normalization, classNames: classNames,
                epochTotals: snapshot.epochTotals,
                platform: platform, isExact: isExact, decisions: snapshot.decisions, job: job, table: table,
                sampleShape: train.sampleShape, targetWidth: targetWidth, trainCount: train.count
            ).value
        }
    }

    /// For the checkpoint writer's thread too.
    let numericPlatform: Guarded<(platform: String, isExact: Bool)>

    /// The step of the best model so far; for the checkpoint writer's thread too.
    let bestStep = Guarded<Int?>(nil)

    package var hasWorkers: Bool { !workers.isEmpty }
    /// The run has ended, well or not.
    package var isOver: Bool { outcome != nil }
    /// A generation has run.
    package var hasBegun: Bool { membership.hasBegun }

    /// Asked now and then, and when a worker is gone: what became of the processes that this one has started.
    package var watch: () -> LocalWorkers.News = { LocalWorkers.News() }

    /// Told of every step (the first is 1) when rank 0 had decided it, in seconds of rank 0's clock. On the loop.
    package var stepTimed: (_ step: Int, _ seconds: Double) -> Void = { _, _ in }

    func tick() {
        lookAfterProcesses()
        // With the last step and all its results here, only the disk is waited for.
        if !progress.isFinished {
            act(membership.handle(.tick, at: Reactor.now))
            shareWork()
        }
        stopIfNobodyTrains()
        reactor.after(min(1, options.peerTimeout / 5)) { [weak self] in self?.tick() }
    }

    func handle(_ event: Membership.Event) { act(membership.handle(event, at: Reactor.now)) }

    /// SIGINT or SIGTERM, from any thread: the first one stops at the next step boundary.
    package func stop() { reactor.post { self.stopOnLoop() } }

    func stopOnLoop() {
        guard !isStopping, outcome == nil else { return }
        isStopping = true
        log.info("stopping at the next step; once more to stop at once")
        // A generation that is forming, or forms next, is ended at its first boundary.
        if case .running = membership.phase {
            wish([.snapshot, .endGeneration])
        } else {
            stopIfNobodyTrains()
        }
    }

    /// From any thread: writes a checkpoint as soon as there is a snapshot for it.
    package func checkpoint() { reactor.post { self.checkpointOnLoop() } }

    private func checkpointOnLoop() {
        guard outcome == nil else { return }
        log.info("a checkpoint was asked for")
        isCheckpointWanted = true
        wish(.snapshot)
    }

    /// A run that is to stop while no generation is there, or none can form, stops where its newest snapshot is.
    func stopIfNobodyTrains() {
        guard isStopping, outcome == nil, stopStep == nil, case .waiting = membership.phase else { return }
        stopStep = progress.snapshot.step
        write(progress.snapshot)
    }

    /// Rank 0 has come to the generation's end: all its reports are here.
    func boundaryReached() {
        guard isStopping, progress.steps < progress.lastStep else { return }
        stopStep = progress.steps
        if let written = lastWrite, written.step == stopStep, !isWriting { endStopped(written) }
    }

    // MARK: Acting on the membership's decisions

    func act(_ actions: [Membership.Action]) {
        for action in actions {
            switch action {
            case .form(let number, let members): form(number, members)
            case .start(_, let members):
                mostWorkers = max(mostWorkers, members.count)
                isTraining = true
                pacer.begin(now: Reactor.now)
                sharing.started(now: Reactor.now)
                for id in members { workers[id]?.send(.start, of: generation) }
                log.info(
                    "generation \(generation.counter) starts with \(TextFormat.count(members.count, "worker")) at step \(progress.steps)"
                )
                if isStopping { wish([.snapshot, .endGeneration]) }
                if isCheckpointWanted { wish(.snapshot) }
            case .endAtBoundary: wish([.snapshot, .endGeneration])
            case .abandon(_, let members, let reason):
                for id in members { workers[id]?.send(.endGeneration(Sentence(reason)), of: generation) }
                goBack()
            case .dialBack(let dialler, let targetRank, _):
                workers[dialler]?.send(.dial(rank: targetRank), of: generation)
            case .dismiss(let id, let reason): dismiss(id, .finish(Sentence(reason)))
            case .drop(let id, let reason):
                dismiss(id, .joinAgain("the coordinator went on without this worker: \(reason)"))
            case .note(let text): log.info(text)
            }
        }
    }

    /// Asks rank 0 to put flags into its next control word.
    func wish(_ flags: ControlWord) {
        guard let first = membership.members.first else { return }
        workers[first]?.send(.request(flags), of: generation)
    }
}
