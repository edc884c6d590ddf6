import Collectives
import Kernels
import NeuralNetwork
import System
import Training
import Transport

// What workers say, and the generations that are formed from them.

extension Coordinator {
    /// Takes a message of a worker.
    ///
    /// - Parameter sent: the generation that the message belongs to. The results of a generation that has ended, or
    ///   of a worker that is no member, are ignored.
    func received(_ message: ToCoordinator, of sent: FrameGeneration, from worker: WorkerConnection) throws {
        let isCurrent = sent == generation
        let counter = Int(sent.counter)
        let rank = isCurrent ? membership.members.firstIndex(of: worker.id) : nil
        switch message {
        case .prepared(let prepared): self.prepared(worker, prepared)
        case .fetch(let chunk): try send(chunk, to: worker)
        case .connected: if isCurrent { handle(.connected(worker.id, generation: counter)) }
        case .unreachable(let failure):
            guard isCurrent else { return }
            handle(
                .cannotReach(
                    worker.id, rank: failure.rank, generation: counter, reason: failure.reason.text))
        case .suspected(let failure):
            guard isCurrent else { return }
            handle(
                .suspected(
                    by: worker.id, rank: failure.rank, generation: counter, reason: failure.reason.text))
        case .generationEnded:
            guard isCurrent else { return }
            if membership.members.first == worker.id { boundaryReached() }
            handle(.ended(worker.id, generation: counter))
        case .stepReport(let report):
            guard rank == 0, !isSpoilt else { return }
            try takeResults(of: report.step) { try stepDone(report) }
        case .evaluation(let report):
            guard rank != nil, !isSpoilt else { return }
            try takeResults(of: report.step) { try evaluated(report) }
        case .snapshot(let run, let floats):
            guard let rank, !isSpoilt else { return }
            try takeResults(of: run.step) { try snapshotArrived(run, floats, from: rank) }
        case .timing(let timing):
            if let rank { try timed(rank, timing) }
        case .contributions(let digests):
            guard let rank else { return }
            try act(
                on: audited(rank) { ledger throws(MalformedMessage) in
                    try ledger.contributed(rank: rank, digests)
                })
        case .audit(let result):
            guard let rank else { return }
            try act(
                on: audited(rank) { ledger throws(MalformedMessage) in
                    try ledger.audited(rank: rank, result)
                })
        case .failed(let failure): failed(worker, failure, isCurrent: isCurrent)
        case .leaving: handle(.leaving(worker.id))
        }
    }

    /// A fault of the job would occur on every worker, and ends the run. Any other failure concerns the worker alone.
    private func failed(_ worker: WorkerConnection, _ failure: WorkerFailure, isCurrent: Bool) {
        guard let step = failure.divergedStep else {
            return lose(worker.id, "it cannot go on: \(failure.reason)")
        }
        if isCurrent, !isSpoilt { diverged("\(worker.name) cannot go on: \(failure.reason)", step: step) }
    }

    /// Takes results of a step. Malformed ones are the sender's fault; any other error ends the run.
    private func takeResults(of step: Int, _ take: () throws -> Void) throws {
        guard step <= setup.plan.totalSteps else {
            throw MalformedMessage("results came of step \(step), which the job does not have")
        }
        do {
            try take()
        } catch let error as MalformedMessage {
            throw error
        } catch let error as InvalidReport {
            throw MalformedMessage("\(error)")
        } catch let error as DivergedError {
            diverged("\(error)", step: error.step)
        } catch {
            end(.failed("\(error)"))
        }
    }

    private func stepDone(_ report: StepReport) throws {
        let done = report.step + 1
        let diagnostics = setup.plan.diagnosticCount(afterSteps: done)
        guard report.values.count == setup.plan.trainReport.width + diagnostics else {
            throw MalformedMessage("the report of step \(report.step) has \(report.values.count) numbers")
        }
        let effects = try progress.stepDone(
            done, Totals(setup.plan.trainReport, sums: Array(report.values.dropLast(diagnostics))),
            diagnostics: Array(report.values.suffix(diagnostics)), seconds: record.seconds)
        stepTimed(done, report.clock)
        if pacer.stepDone(done, now: Reactor.now) { wish(.snapshot) }
        noteRecovery(done)
        try perform(effects)
        faults.reach("coordinator", "step", done)
    }

    private func evaluated(_ report: EvaluationReport) throws {
        faults.reach("coordinator", "evaluation", report.step)
        try perform(
            progress.evaluated(
                report.set, done: report.step, firstChunk: report.firstChunk, reports: report.reports))
        finishIfDone()
    }

    private func snapshotArrived(_ run: SnapshotRun, _ floats: UnsafeBufferPointer<Float>, from rank: Int)
        throws
    {
        guard run.rank == rank else {
            throw MalformedMessage("rank \(rank) sent a part of a snapshot as rank \(run.rank)")
        }
        try perform(progress.snapshotPart(step: run.step, rank: rank, offset: run.offset, floats))
    }

    /// Carries out the progress's effects.
    func perform(_ effects: [RunProgress.Effect]) throws {
        for effect in effects {
            try record.take(effect)
            switch effect {
            case .decided(let decision): announce(decision)
            case .snapshotTaken(let snapshot): snapshotComplete(snapshot)
            case .stepDone, .stepLogged, .evaluated, .epochDone, .confirmed: break
            }
        }
    }

    /// Tells the members a decision, for which they wait.
    private func announce(_ decision: Decision) {
        faults.reach("coordinator", "decision", decision.step)
        if decision.stops, progress.stoppedEarly {
            log.info("nothing got better for long enough: the job ends with step \(decision.step)")
        }
        noteBest()
        for id in membership.members { workers[id]?.send(.decision(decision), of: generation) }
    }

    private func send(_ chunk: DataChunk, to worker: WorkerConnection) throws {
        guard tickets.indices.contains(chunk.dataset), chunk.number < tickets[chunk.dataset].ticket.chunkCount
        else {
            throw MalformedMessage("\(worker.name) asked for data that does not exist")
        }
        let (ticket, dataset) = tickets[chunk.dataset]
        worker.send(.chunk(chunk, dataset.borrowed(ticket.range(ofChunk: chunk.number))))
    }

    // MARK: Generations

    func form(_ number: Int, _ members: [Int]) {
        isTraining = false
        // With the last step and all its results here, only the disk is waited for.
        guard !progress.isFinished else { return }
        let connections = members.compactMap { workers[$0] }
        guard connections.count == members.count else { return }
        generation = FrameGeneration(incarnation: UInt32(setup.incarnation), counter: UInt32(number))
        let disputed = sharesOfDispute(members)
        let assignment =
            disputed?.assignment ?? forcedAssignment(members.count) ?? sharing.assignment(for: members)
        sharing.begin(members, assignment)
        let usedCount = setup.plan.network.layout.usedCount
        let origin = origin.flatMap { $0.step == progress.snapshot.step ? $0 : nil }
        let owners =
            disputed?.owners
            ?? Partition.spreadOwners(
                usedCount: usedCount, members: members.count, speeds: sharing.speeds(of: members),
                keeping: origin?.owners(among: members) ?? Array(repeating: nil, count: FlatVector.shardCount)
            )
        let partition = Partition(usedCount: usedCount, owners: owners, members: members.count)
        let schedule = beginAudit(members, partition, assignment)
        (isSpoilt, divergence) = (false, nil)
        record.begin()
        let effects = progress.begin(partition)
        faults.reach("coordinator", "form", progress.snapshot.step, generation: number)
        timing.begin(
            connections.map { TimedWorker(id: $0.id, name: $0.request.name) }, step: progress.snapshot.step)
        let (factor, isOver) = (progress.snapshot.decisions.factor, progress.snapshot.decisions.isOver)
        let sender = StateSender(progress.snapshot, setup.plan, partition, generation)
        for (rank, worker) in connections.enumerated() {
            let keeper = origin.flatMap { origin in
                origin.members.firstIndex(of: worker.id).map { (origin, $0) }
            }
            let formation = Formation(
                generation: generation, rank: rank,
                members: connections.map {
                    Formation.Member(worker: $0.id, name: $0.name, endpoints: $0.endpoints(for: worker))
                },
                cuts: assignment.cuts, owners: owners, firstStep: progress.snapshot.step,
                localWorkers: connections.count { $0.request.machine == worker.request.machine },
                learningRateFactor: factor,
                isOver: isOver, tracedUntil: trace?.end ?? 0, keptSince: keeper?.0.generation, audit: schedule
            )
            worker.send(.form(formation), of: generation)
            sender.send(to: worker, rank, keeper)
        }
        if sender.kept > 0 {
            log.info(
                "of the state of step \(progress.snapshot.step), \(TextFormat.bytes(sender.sent)) travel, \(TextFormat.bytes(sender.kept)) are where they belong"
            )
        }
        do { try perform(effects) } catch { end(.failed("\(error)")) }
    }

    /// What the job says who computes, for tests of exactness.
    private func forcedAssignment(_ members: Int) -> Assignment? {
        setup.job.job.forcedCuts.flatMap { Assignment(cuts: $0) }.flatMap { $0.members == members ? $0 : nil }
    }

    /// Looks whether the members' work fits their speeds; if not, they regroup at the next boundary.
    func shareWork() {
        guard membership.isRunning, !isStopping, forcedAssignment(membership.members.count) == nil else {
            return
        }
        let reason = sharing.change(now: Reactor.now) { membership.name($0) }
        let slowest = sharing.straggler
        reporter.straggler(slowest.map { membership.name($0.worker) }, speed: slowest?.speed ?? 1)
        if let reason { handle(.unevenWork(reason: reason)) }
    }
}
