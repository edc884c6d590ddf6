import Collectives
import Kernels
import NeuralNetwork
import System
import Training
import Transport

// What workers say, and the generations that are formed from them.

extension Coordinator {
    func received(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer, from worker: WorkerConnection)
        throws
    {
        let isCurrent = header.generation == generation
        let counter = Int(header.generation.counter)
        switch MessageKind(rawValue: header.kind) {
        case .prepared: prepared(worker, try Prepared(decoding: payload))
        case .fetch: try sendChunk(worker, set: Int(header.a), chunk: Int(header.b))
        case .connected: if isCurrent { handle(.connected(worker.id, generation: counter)) }
        case .cannotReach:
            guard isCurrent else { return }
            handle(
                .cannotReach(
                    worker.id, rank: Int(header.a), generation: counter, reason: String(sentence: payload)))
        case .suspicion:
            guard isCurrent else { return }
            handle(
                .suspected(
                    by: worker.id, rank: Int(header.a), generation: counter, reason: String(sentence: payload)
                ))
        case .generationEnded:
            guard isCurrent else { return }
            if membership.members.first == worker.id { boundaryReached() }
            handle(.ended(worker.id, generation: counter))
        case .stepReport, .snapshotPart, .evaluation:
            guard isCurrent, !isSpoilt, let rank = membership.members.firstIndex(of: worker.id) else {
                return
            }
            try results(header, payload, rank: rank)
        case .timing:
            guard isCurrent, let rank = membership.members.firstIndex(of: worker.id) else { return }
            try timed(rank, TimingMessage(decoding: payload))
        case .contributions, .audit:
            guard isCurrent, let rank = membership.members.firstIndex(of: worker.id) else { return }
            try audited(header, payload, rank: rank)
        case .failed: failed(worker, String(sentence: payload), header)
        case .leaving: handle(.leaving(worker.id))
        default:
            throw MalformedMessage(
                description:
                    "\(worker.name) sent a message of kind \(header.kind), which is not for coordinators")
        }
    }

    /// What is wrong with the job would be wrong on every worker, and ends the run. Any other failure is that of the worker alone, which ends.
    private func failed(_ worker: WorkerConnection, _ reason: String, _ header: FrameHeader) {
        guard header.a == 1 else { return lose(worker.id, "it cannot go on: \(reason)") }
        guard header.generation == generation, !isSpoilt else { return }
        diverged("\(worker.name) cannot go on: \(reason)", step: Int(clamping: header.step))
    }

    private func results(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer, rank: Int) throws {
        guard header.step <= UInt64(setup.plan.totalSteps) else {
            throw MalformedMessage(
                description: "rank \(rank) sent results of step \(header.step), which the job does not have")
        }
        let step = Int(header.step)
        do {
            switch MessageKind(rawValue: header.kind) {
            case .stepReport:
                guard rank == 0 else { return }
                let report = try doubles(payload)
                let diagnostics = setup.plan.diagnosticCount(afterSteps: step + 1)
                guard report.count == setup.plan.trainReport.width + diagnostics else {
                    throw MalformedMessage(description: "a step's report is malformed")
                }
                try record.stepDone(
                    step + 1, Totals(setup.plan.trainReport, sums: Array(report.dropLast(diagnostics))),
                    diagnostics: Array(report.suffix(diagnostics)))
                stepTimed(step + 1, Double(UInt64(header.b) << 32 | UInt64(header.a)) * 1e-6)
                if pacer.stepDone(step + 1, now: Reactor.now) { wish(.snapshot) }
                noteRecovery(step + 1)
                announceDecision()
                faults.reach("coordinator", "step", step + 1)
            case .evaluation:
                guard let set = UInt8(exactly: header.a).flatMap(EvaluationSet.init) else {
                    throw MalformedMessage(description: "an evaluation is of an unknown set")
                }
                faults.reach("coordinator", "evaluation", step)
                try record.evaluated(set, done: step, firstChunk: Int(header.b), reports: doubles(payload))
                announceDecision()
                finishIfDone()
            default:
                guard payload.count % 4 == 0, header.a == rank else {
                    throw MalformedMessage(description: "a part of a snapshot is malformed")
                }
                let values = payload.assumingMemoryBound(to: Float.self)
                if let snapshot = try record.snapshotPart(
                    step: step, rank: rank, offset: Int(header.b), values)
                {
                    // What is told of an epoch may have waited for its snapshot.
                    announceDecision()
                    snapshotComplete(snapshot)
                }
            }
        } catch let error as MalformedMessage {
            throw error
        } catch let error as DivergedError {
            diverged("\(error)", step: error.step)
        } catch {
            end(.failed("\(error)"))
        }
    }

    /// Tells the members what was decided since they were told last.
    private func announceDecision() {
        guard let decision = record.decision, announced != decision.step else { return }
        announced = decision.step
        faults.reach("coordinator", "decision", decision.step)
        if decision.stops, record.stoppedEarly {
            log.info("nothing got better for long enough: the job ends with step \(decision.step)")
        }
        noteBest()
        var writer = MessageWriter()
        writer.write(decision.factor)
        for id in membership.members {
            workers[id]?.send(
                FrameHeader(.decision, generation, step: decision.step, a: decision.stops ? 1 : 0),
                writer.bytes)
        }
    }

    private func doubles(_ payload: UnsafeRawBufferPointer) throws(MalformedMessage) -> [Double] {
        guard payload.count % 8 == 0 else {
            throw MalformedMessage(description: "a message of numbers is malformed")
        }
        var reader = MessageReader(payload, of: "numbers")
        var values: [Double] = []
        for _ in 0..<(payload.count / 8) { values.append(try reader.readDouble()) }
        return values
    }

    private func sendChunk(_ worker: WorkerConnection, set: Int, chunk: Int) throws {
        guard tickets.indices.contains(set), chunk < tickets[set].ticket.chunkCount else {
            throw MalformedMessage(description: "\(worker.name) asked for data that does not exist")
        }
        let (ticket, dataset) = tickets[set]
        worker.control.send(
            FrameHeader(.chunk, a: set, b: chunk),
            borrowing: dataset.borrowed(ticket.range(ofChunk: chunk)))
    }

    // MARK: Generations

    func form(_ number: Int, _ members: [Int]) {
        isTraining = false
        // With the last step and all its results here, only the disk is waited for.
        guard !record.isFinished else { return }
        let connections = members.compactMap { workers[$0] }
        guard connections.count == members.count else { return }
        generation = FrameGeneration(incarnation: UInt32(setup.incarnation), counter: UInt32(number))
        let disputed = sharesOfDispute(members)
        let assignment =
            disputed?.assignment ?? forcedAssignment(members.count) ?? sharing.assignment(for: members)
        sharing.begin(members, assignment)
        let usedCount = setup.plan.network.layout.usedCount
        let origin = origin.flatMap { $0.step == record.snapshot.step ? $0 : nil }
        let owners =
            disputed?.owners
            ?? Partition.spreadOwners(
                usedCount: usedCount, members: members.count, speeds: sharing.speeds(of: members),
                keeping: origin?.owners(among: members) ?? Array(repeating: nil, count: FlatVector.shardCount)
            )
        let partition = Partition(usedCount: usedCount, owners: owners, members: members.count)
        let schedule = beginAudit(members, partition, assignment)
        (isSpoilt, divergence) = (false, nil)
        record.begin(partition)
        faults.reach("coordinator", "form", record.snapshot.step, generation: number)
        timing.begin(
            connections.map { TimedWorker(id: $0.id, name: $0.request.name) }, step: record.snapshot.step)
        announced = nil
        let (factor, isOver) = (record.snapshot.decisions.factor, record.snapshot.decisions.isOver)
        let sender = StateSender(record.snapshot, setup.plan, partition, generation)
        for (rank, worker) in connections.enumerated() {
            let keeper = origin.flatMap { origin in
                origin.members.firstIndex(of: worker.id).map { (origin, $0) }
            }
            let formation = Formation(
                generation: generation, rank: rank,
                members: connections.map {
                    Formation.Member(worker: $0.id, name: $0.name, endpoints: $0.endpoints(for: worker))
                },
                cuts: assignment.cuts, owners: owners, firstStep: record.snapshot.step,
                localWorkers: connections.count { $0.request.machine == worker.request.machine },
                learningRateFactor: factor,
                isOver: isOver, tracedUntil: trace?.end ?? 0, keptSince: keeper?.0.generation, audit: schedule
            )
            worker.send(FrameHeader(.form, generation), formation.encoded)
            sender.send(to: worker, rank, keeper)
        }
        if sender.kept > 0 {
            log.info(
                "of the state of step \(record.snapshot.step), \(TextFormat.bytes(sender.sent)) travel, \(TextFormat.bytes(sender.kept)) are where they belong"
            )
        }
        announceDecision()
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
