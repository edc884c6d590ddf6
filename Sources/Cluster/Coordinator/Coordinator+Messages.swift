import Collectives
import Telemetry
import Training
import Transport

// How the workers' messages are taken, and what follows from their results.

extension Coordinator {
    /// Takes a message of a worker.
    ///
    /// - Parameter sent: the generation that the message belongs to. The results of a generation that has
    ///   ended, or of a worker that is no member, are ignored.
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
            guard rank == 0, validity.acceptsResults else { return }
            try takeResults(of: report.step) { try stepDone(report) }
        case .evaluation(let report):
            guard rank != nil, validity.acceptsResults else { return }
            try takeResults(of: report.step) { try evaluated(report) }
        case .snapshot(let run, let floats):
            guard let rank, validity.acceptsResults else { return }
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

    /// A fault of the job would occur on every worker, and ends the run. Any other failure concerns the
    /// worker alone.
    private func failed(_ worker: WorkerConnection, _ failure: WorkerFailure, isCurrent: Bool) {
        guard let step = failure.divergedStep else {
            return lose(worker.id, "it cannot go on: \(failure.reason)")
        }
        if isCurrent, validity.acceptsResults {
            diverged("\(worker.name) cannot go on: \(failure.reason)", step: step)
        }
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
        if pacer.stepDone(done, now: Reactor.now) { requestFlags(.snapshot) }
        for event in generations.stepDone(done, now: Reactor.now) { log.record(.generation(event)) }
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
            case .snapshotTaken(let snapshot): snapshotTaken(snapshot)
            case .stepDone, .stepLogged, .evaluated, .epochDone, .confirmed: break
            }
        }
    }

    /// Tells the members a decision, for which they wait.
    private func announce(_ decision: Decision) {
        faults.reach("coordinator", "decision", decision.step)
        if decision.stops, progress.stoppedEarly, let rule = setup.plan.decisions.earlyStopping {
            let watched = progress.earlyStopping
            log.record(
                .training(
                    .stoppedEarly(
                        step: decision.step, monitor: rule.monitor.name, best: watched.best,
                        bestStep: watched.step)))
        }
        updateBest()
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
}
