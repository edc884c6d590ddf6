import Checkpoints
import Collectives
import Configuration
import Datasets
import Kernels
import NeuralNetwork
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
    let token: SharedToken
    let log: Log
    let reactor: Reactor
    let record: RunRecord
    let reporter: ProgressReporter
    let tickets: [(ticket: DatasetTicket, dataset: Dataset)]
    let faults: FaultPoints

    private(set) var membership: Membership
    var workers: [Int: WorkerConnection] = [:]
    private var nextWorker = 1
    private var listener: Listener?
    private var writer: CheckpointWriter?
    var generation = FrameGeneration()
    var partition: Partition?
    private var platform: Fingerprint?
    private var isExact: Bool
    private var mostWorkers = 0
    private var blasCore: String?
    private var isWriting = false
    /// The snapshot to be written next. A disk that is slower than the training gets the newest one, not all of them.
    private var waiting: Snapshot?
    private var lastWrite: CheckpointWriter.Written?
    private var isStopping = false
    /// The step at whose boundary the run stops, once it is known.
    private var stopStep: Int?
    private var outcome: RunOutcome?

    package init(
        _ setup: RunSetup, _ options: CoordinatorOptions, token: SharedToken, log: Log, console: Console = .standardError
    ) throws {
        (self.setup, self.options, self.token, self.log) = (setup, options, token, log)
        faults = try .ofEnvironment()
        reactor = try Reactor(name: "coordinator")
        reporter = ProgressReporter(console: console, epochs: setup.job.job.epochs, steps: setup.plan.totalSteps)
        isExact = setup.wasExact && !options.allowInexact
        record = RunRecord(
            plan: setup.plan, start: setup.start, metrics: try MetricsLog(setup.directory.metricsPath, isExact: isExact),
            reporter: reporter)
        let data = setup.data
        let sets: [(DatasetTicket.Role, Dataset?)] = [(.train, data.train), (.validation, data.validation), (.test, data.test)]
        tickets = sets.compactMap { role, dataset in
            dataset.map { (DatasetTicket(role: role, hash: $0.contentHash(), byteCount: $0.serialized.count), $0) }
        }
        membership = Membership(
            limits: Membership.Limits(
                minimum: options.minimumWorkers, maximum: options.maximumWorkers, microbatches: setup.plan.geometry.microbatches,
                peerTimeout: options.peerTimeout), now: Reactor.now)
    }

    /// Listens; afterwards `address` is known and workers may dial.
    package func listen() throws -> SocketAddress {
        let token = token
        let listener = try reactor.listen(
            options.listen, priority: 1,
            handshake: { [unowned self] in
                .listener(token: token, program: Version.program, afterAuthentication: { self.decide($0) })
            },
            accepted: { [unowned self] in accepted($0, $1) },
            failed: { [unowned self] in log.warning("a connection was turned away: \($0)") })
        self.listener = listener
        return listener.localAddress
    }

    /// Runs until the job's end, a stop or a failure.
    package func run() throws -> RunOutcome {
        let facts = checkpointFacts()
        writer = try CheckpointWriter(setup.directory.checkpoints, facts) { [weak self] written in
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

    private func checkpointFacts() -> CheckpointWriter.Facts {
        let (layout, momentNames) = (setup.plan.network.layout, setup.job.job.optimizer.momentNames)
        let identity = CheckpointState.identity(of: setup.data)
        let (normalization, classNames) = (setup.data.normalization, setup.data.train.classNames)
        return CheckpointWriter.Facts(layout: layout, momentNames: momentNames, keep: setup.job.job.checkpoint.keep) {
            [unowned self] snapshot in
            let (platform, isExact) = numericPlatform.withLock { $0 }
            return CheckpointState(
                data: identity, normalization: normalization, classNames: classNames, epochTotals: snapshot.epochTotals,
                platform: platform, isExact: isExact
            ).value
        }
    }

    /// For the checkpoint writer's thread too.
    private let numericPlatform = Guarded((platform: "", isExact: true))

    /// Asked now and then: a reason why the run cannot go on, such as the end of a process that it started.
    package var watch: () -> String? = { nil }

    private func tick() {
        if outcome == nil, let reason = watch() { end(.failed(reason)) }
        act(membership.handle(.tick, at: Reactor.now))
        reactor.after(min(1, options.peerTimeout / 5)) { [weak self] in self?.tick() }
    }

    func handle(_ event: Membership.Event) { act(membership.handle(event, at: Reactor.now)) }

    /// SIGINT or SIGTERM, from any thread: the first one stops at the next step boundary.
    package func stop() { reactor.post { self.stopOnLoop() } }

    private func stopOnLoop() {
        guard !isStopping, outcome == nil else { return }
        isStopping = true
        log.info("stopping at the next step; once more to stop at once")
        if case .running = membership.phase {
            wish([.snapshot, .endGeneration])
        } else if case .ending = membership.phase {
            return  // the generation that forms next is ended at its first boundary
        } else {
            stopStep = record.snapshot.step
            write(record.snapshot)
        }
    }

    /// Rank 0 has come to the generation's end: all its reports are here.
    func boundaryReached() {
        guard isStopping, record.steps < setup.plan.totalSteps else { return }
        stopStep = record.steps
        if let written = lastWrite, written.step == stopStep, !isWriting { endStopped(written) }
    }

    // MARK: Workers come and go

    private func decide(_ peer: HandshakePeer) -> HandshakeDecision {
        guard let purpose = try? peer.context.withUnsafeBytes({ try ConnectionPurpose(decoding: $0) }) else {
            return .refuse("the greeting is malformed; install the same version on both machines")
        }
        switch purpose {
        case .join where outcome != nil: return .refuse("this run is over")
        case .join: return .accept()
        case .heartbeat(let id): return workers[id] != nil ? .accept() : .refuse("there is no worker \(id) here")
        case .mesh: return .refuse("this is the coordinator's port, not a worker's")
        }
    }

    private func accepted(_ connection: Connection, _ peer: HandshakePeer) {
        guard let purpose = try? peer.context.withUnsafeBytes({ try ConnectionPurpose(decoding: $0) }) else { return connection.close() }
        switch purpose {
        case .join(let request): admit(connection, request)
        case .heartbeat(let id): addHeartbeat(connection, id)
        case .mesh: connection.close()
        }
    }

    private func admit(_ connection: Connection, _ request: JoinRequest) {
        let worker = WorkerConnection(id: nextWorker, request: request, control: connection)
        nextWorker += 1
        workers[worker.id] = worker
        connection.peer = worker.name
        connection.maximumPayload = 16 << 20
        connection.closed = { [unowned self] reason in
            lose(worker.id, reason.map { "\($0)" } ?? "it closed its connection")
        }
        connection.received = { [unowned self] header, payload in
            handle(.heard(worker.id))
            try received(header, payload, from: worker)
        }
        log.info("\(worker.name) joins")
        handle(.admitted(worker.id, name: worker.name))
        let core = setup.job.job.blasCore ?? blasCore ?? request.blasCore
        blasCore = core
        worker.send(
            FrameHeader(.welcome),
            Welcome(
                worker: worker.id, job: setup.job.resolved.prettyJSON(nonFinite: .json5), jobIdentity: setup.job.identity,
                blasCore: core, normalization: setup.data.normalization, datasets: tickets.map(\.ticket),
                peerTimeout: options.peerTimeout
            ).encoded)
    }

    private func addHeartbeat(_ connection: Connection, _ id: Int) {
        guard let worker = workers[id], worker.heartbeat == nil else { return connection.close() }
        worker.heartbeat = connection
        connection.received = { [unowned self, unowned worker] header, _ in
            worker.step = Int(truncatingIfNeeded: header.step)
            handle(.heard(id))
        }
        connection.closed = { [unowned self] reason in
            lose(id, reason.map { "\($0)" } ?? "it closed its connection for heartbeats")
        }
    }

    private func lose(_ id: Int, _ reason: String) {
        guard let worker = workers.removeValue(forKey: id) else { return }
        worker.close()
        handle(.lost(id, reason: reason))
    }

    func dismiss(_ id: Int, _ kind: MessageKind, _ reason: String) {
        guard let worker = workers.removeValue(forKey: id) else { return }
        worker.send(FrameHeader(kind), Array(reason.utf8))
        worker.close()
    }

    /// A worker's platform is judged: the first one's is the job's.
    func prepared(_ worker: WorkerConnection, _ prepared: Prepared) {
        let fingerprint = prepared.fingerprint
        let reference =
            platform.map { ($0.platform, fingerprint.matches($0)) } ?? setup.earlierPlatform.map { ($0, $0 == fingerprint.platform) }
        if let (name, matches) = reference, !matches {
            let differences = platform.map { fingerprint.differences(from: $0) } ?? "platform \(fingerprint.platform) instead of \(name)"
            guard options.allowInexact else {
                log.warning("\(worker.name) is refused: its arithmetic differs (\(differences))")
                dismiss(
                    worker.id, .refused,
                    "refused: this machine's arithmetic would change the result's bits (\(differences)). Set OPENBLAS_CORETYPE=\(blasCore ?? "Haswell") or install the same OpenBLAS; to train all the same, start the coordinator with --allow-inexact"
                )
                handle(.lost(worker.id, reason: "its arithmetic differs"))
                return
            }
            log.warning("\(worker.name) computes other bits (\(differences)); the result will not be exact")
            isExact = false
        }
        if platform == nil { platform = fingerprint }
        let (name, exact) = (platform?.platform ?? "", isExact)
        numericPlatform.withLock { $0 = (name, exact) }
        handle(.prepared(worker.id))
    }

    // MARK: Acting on the membership's decisions

    private func act(_ actions: [Membership.Action]) {
        for action in actions {
            switch action {
            case .form(let number, let members): form(number, members)
            case .start(_, let members):
                mostWorkers = max(mostWorkers, members.count)
                for id in members { workers[id]?.send(FrameHeader(.start, generation)) }
                log.info(
                    "generation \(generation.counter) starts with \(TextFormat.count(members.count, "worker")) at step \(record.steps)")
                if isStopping { wish([.snapshot, .endGeneration]) }
            case .endAtBoundary: wish([.snapshot, .endGeneration])
            case .abandon(_, let members, let reason):
                for id in members { workers[id]?.send(FrameHeader(.endGeneration, generation), Array(reason.utf8)) }
            case .dialBack(let dialler, let targetRank, _):
                workers[dialler]?.send(FrameHeader(.dial, generation, a: targetRank))
            case .dismiss(let id, let reason): dismiss(id, .finish, reason)
            case .fail(let reason): end(.failed(reason))
            case .note(let text): log.info(text)
            }
        }
    }

    /// Asks rank 0 to put flags into its next control word.
    private func wish(_ flags: ControlWord) {
        guard let first = membership.members.first else { return }
        workers[first]?.send(FrameHeader(.request, generation, a: Int(flags.rawValue)))
    }

    // MARK: Snapshots and the end

    /// A snapshot is complete: checkpoints are written where the job says, and what waited for it goes on.
    func snapshotComplete(_ snapshot: Snapshot) {
        faults.reach("coordinator", "snapshot", snapshot.step)
        let control = setup.plan.control(afterSteps: snapshot.step)
        if isStopping || control.contains(.snapshot) { write(snapshot) }
        handle(.boundarySnapshot(generation: Int(generation.counter)))
        finishIfDone()
    }

    private func write(_ snapshot: Snapshot) {
        guard !isWriting else {
            waiting = snapshot
            return
        }
        isWriting = true
        writer?.write(snapshot)
    }

    private func checkpointWritten(_ written: CheckpointWriter.Written) {
        isWriting = false
        lastWrite = written
        switch written.result {
        case .success:
            log.debug("checkpoint of step \(written.step) written")
            faults.reach("coordinator", "checkpoint-written", written.step)
        case .failure(let error):
            log.error("the checkpoint of step \(written.step) could not be written: \(error). The ones before it are intact")
        }
        if let next = waiting {
            waiting = nil
            write(next)
        } else if isStopping, written.step == stopStep, !record.isFinished {
            endStopped(written)
        }
        finishIfDone()
    }

    private func endStopped(_ written: CheckpointWriter.Written) {
        switch written.result {
        case .success: end(.stopped(step: written.step))
        case .failure(let error): end(.failed("stopped, but the checkpoint could not be written: \(error)"))
        }
    }

    func finishIfDone() {
        guard outcome == nil, record.isFinished, !isWriting else { return }
        if let written = lastWrite, case .failure(let error) = written.result {
            return end(.failed("the training reached its end, but its last checkpoint could not be written: \(error)"))
        }
        let snapshot = record.snapshot
        faults.reach("coordinator", "finish", snapshot.step)
        let (layout, names) = (setup.plan.network.layout, setup.job.job.optimizer.momentNames)
        let result = RunResult(
            steps: snapshot.step, epochs: setup.plan.epoch(afterSteps: snapshot.step), train: record.train,
            validation: record.evaluated[.validation]?.totals, test: record.evaluated[.test]?.totals,
            stateSHA256: snapshot.stateSHA256(layout, momentNames: names), isExact: isExact,
            platform: platform?.platform ?? setup.earlierPlatform ?? "", workers: mostWorkers, recoveries: 0,
            seconds: record.seconds)
        do {
            try File.writeAtomically(result.value.prettyJSON() + "\n", to: setup.directory.resultPath)
        } catch {
            return end(.failed("the training reached its end, but result.json could not be written: \(error)"))
        }
        handle(.jobFinished)
        end(.finished, result)
    }

    /// Ends the run: tells everyone, then stops the loop once that has gone out.
    func end(_ end: RunOutcome.End, _ result: RunResult? = nil) {
        guard outcome == nil else { return }
        outcome = RunOutcome(end: end, result: result)
        reporter.finish()
        listener?.close()
        for id in workers.keys.sorted() {
            switch end {
            case .finished: dismiss(id, .finish, "the job has reached its end")
            case .stopped: dismiss(id, .finish, "the coordinator was stopped")
            case .failed(let reason): dismiss(id, .refused, "the run has failed: \(reason)")
            }
        }
        reactor.after(0.2) { [reactor] in reactor.stop() }
    }
}
