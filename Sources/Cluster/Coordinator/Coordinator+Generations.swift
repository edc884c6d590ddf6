import Collectives
import Kernels
import NeuralNetwork
import Telemetry
import Training
import Transport

// How generations form, start and end.

extension Coordinator {
    /// Which microbatches and which pieces of the parameters each rank of a generation has.
    private struct Shares {
        let assignment: Assignment
        let owners: [Int]
    }

    /// Forms a generation of these workers, in the order of their ranks, and sends each of them what it lacks
    /// of the newest snapshot.
    func form(_ number: Int, _ members: [Int]) {
        generations.generationForms()
        // With the last step and all its results here, only the disk is waited for.
        guard !progress.isFinished else { return }
        let connections = members.compactMap { workers[$0] }
        guard connections.count == members.count else { return }
        generation = FrameGeneration(incarnation: UInt32(setup.incarnation), counter: UInt32(number))
        let origin = origin.flatMap { $0.step == progress.snapshot.step ? $0 : nil }
        let shares = shares(of: members, origin)
        sharing.begin(members, shares.assignment)
        let partition = Partition(
            usedCount: setup.plan.network.layout.usedCount, owners: shares.owners, members: members.count)
        let schedule = beginAudit(members, partition, shares.assignment)
        validity = .valid
        record.begin()
        let effects = progress.begin(partition)
        let snapshot = progress.snapshot
        faults.reach("coordinator", "form", snapshot.step, generation: number)
        timing.begin(
            connections.map { TimedWorker(id: $0.id, name: $0.request.name) }, step: snapshot.step)
        let sender = StateSender(snapshot, setup.plan, partition, generation)
        for (rank, worker) in connections.enumerated() {
            let keeper = origin.flatMap { origin in
                origin.members.firstIndex(of: worker.id).map { (origin, $0) }
            }
            let formation = formation(
                of: connections, rank: rank, shares, keptSince: keeper?.0.generation, schedule)
            worker.send(.form(formation), of: generation)
            sender.send(to: worker, rank, keeper)
        }
        log.record(
            .generation(
                .formed(
                    number: number, workers: members, step: snapshot.step, sentBytes: sender.sent,
                    keptBytes: sender.kept)))
        do { try perform(effects) } catch { end(.failed("\(error)")) }
    }

    private func shares(of members: [Int], _ origin: SnapshotOrigin?) -> Shares {
        if let disputed = sharesOfDispute(members) {
            return Shares(assignment: disputed.assignment, owners: disputed.owners)
        }
        let owners = Partition.spreadOwners(
            usedCount: setup.plan.network.layout.usedCount, members: members.count,
            speeds: sharing.speeds(of: members),
            keeping: origin?.owners(among: members) ?? Array(repeating: nil, count: FlatVector.shardCount))
        return Shares(
            assignment: forcedAssignment(members.count) ?? sharing.assignment(for: members), owners: owners)
    }

    private func formation(
        of connections: [WorkerConnection], rank: Int, _ shares: Shares, keptSince: FrameGeneration?,
        _ schedule: AuditSchedule?
    ) -> Formation {
        let (worker, snapshot) = (connections[rank], progress.snapshot)
        return Formation(
            generation: generation, rank: rank,
            members: connections.map {
                Formation.Member(worker: $0.id, name: "\($0.name)", endpoints: $0.endpoints(for: worker))
            },
            cuts: shares.assignment.cuts, owners: shares.owners, firstStep: snapshot.step,
            localWorkers: connections.count { $0.request.machine == worker.request.machine },
            learningRateFactor: snapshot.decisions.factor, isOver: snapshot.decisions.isOver,
            tracedUntil: trace?.end ?? 0, keptSince: keptSince, audit: schedule)
    }

    /// The assignment that the job prescribes, for tests of exactness; nil if it does not.
    private func forcedAssignment(_ members: Int) -> Assignment? {
        setup.job.job.forcedCuts.flatMap { Assignment(cuts: $0) }.flatMap { $0.members == members ? $0 : nil }
    }

    /// The members of a generation compute.
    func start(_ members: [Int]) {
        generations.generationStarts(members: members.count)
        pacer.begin(now: Reactor.now)
        sharing.started(now: Reactor.now)
        for id in members { workers[id]?.send(.start, of: generation) }
        reportCrowds(members.compactMap { workers[$0]?.request })
        log.record(
            .generation(
                .started(number: Int(generation.counter), workers: members.count, step: progress.steps)))
        act(checkpoints.generationStarted())
    }

    /// Says once, for each machine and number, that more workers take part than it has cores.
    private func reportCrowds(_ requests: [JoinRequest]) {
        for (machine, members) in Dictionary(grouping: requests, by: \.machine).sorted(by: { $0.key < $1.key }
        ) {
            let cores = members.map(\.cores).max() ?? 1
            guard members.count > max(cores, crowds[machine] ?? 0) else { continue }
            crowds[machine] = members.count
            log.record(.worker(.crowded(machine: machine, workers: members.count, cores: cores)))
        }
    }

    /// A generation has ended before its time. The steps after the newest snapshot are computed again, and
    /// give the same.
    func rollBack() {
        guard !progress.isFinished else { return }
        let snapshot = progress.snapshot.step
        let event = generations.generationLost(
            steps: progress.steps, snapshot: snapshot, now: Reactor.now)
        guard let event else { return }
        log.record(.generation(event))
        checkpoints.rolledBack(to: snapshot)
    }

    /// Divides the work anew at the next boundary if it does not fit the members' speeds.
    func shareWork() {
        guard membership.isRunning, !checkpoints.isStopping,
            forcedAssignment(membership.members.count) == nil
        else { return }
        let better = sharing.change(now: Reactor.now)
        if sharing.straggler != slowest {
            slowest = sharing.straggler
            let name = slowest.map { membership.name($0.worker) }
            log.record(.training(.slowestChanged(worker: name, speed: slowest?.speed ?? 1)))
        }
        guard let better else { return }
        let shares = membership.members.enumerated().map { rank, id in
            WorkerShare(membership.name(id), microbatches: better.range(of: rank).count)
        }
        log.record(.generation(.workShared(microbatches: shares)))
        handle(.unevenWork(reason: "the work is divided by speed"))
    }
}
