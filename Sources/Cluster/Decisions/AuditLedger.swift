import Collectives
import Training

/// Compares the gradients that members contributed with those that others computed for the same microbatches,
/// and finds out which worker is wrong when they differ.
///
/// A value. Two claims about the same microbatches of a step that differ are a *dispute*. The generation ends
/// then, and the step is computed once more from the newest snapshot, which is from before it: members send
/// their results before their parts of a later snapshot. That gives two more claims, from a third member
/// where there is one. A claim of two different workers is true, and a worker that has ever claimed something
/// else is wrong.
package struct AuditLedger {
    /// A worker's digests of the gradients of some microbatches, one for every piece, and after those the
    /// digest of their statistics.
    package struct Claim: Equatable {
        package var worker: Int
        package var digests: [UInt64]

        package init(worker: Int, digests: [UInt64]) { (self.worker, self.digests) = (worker, digests) }
    }

    package struct Dispute: Equatable {
        package var step: Int
        package var microbatches: [Int]
        /// The first is of the worker that contributed them, the second of the one that audited it.
        package var claims: [Claim]

        package init(step: Int, microbatches: [Int], claims: [Claim]) {
            self.step = step
            self.microbatches = microbatches
            self.claims = claims
        }

        /// The index of the first difference: a piece, or after the last one the statistics.
        package var difference: Int {
            zip(claims[0].digests, claims[1].digests).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
        }

        /// The workers that are wrong; nil if that cannot be told.
        package var wrong: Set<Int>? {
            let supporters = claims.map { claim in
                Set(claims.filter { $0.digests == claim.digests }.map(\.worker))
            }
            let truths = claims.indices.filter { supporters[$0].count > 1 }.map { claims[$0].digests }
            guard let truth = truths.first, truths.allSatisfy({ $0 == truth }) else { return nil }
            return Set(claims.filter { $0.digests != truth }.map(\.worker))
        }
    }

    package enum Finding: Equatable {
        /// Two members differ, for the first time.
        case disputed(Dispute)
        /// A dispute is settled: these workers were wrong.
        case wrong(Dispute, Set<Int>)
        /// Done again, it still cannot be told who is wrong.
        case undecided(Dispute)
    }

    private struct OpenStep {
        /// By member: a digest for each piece.
        var contributed: [[UInt64]]
        var missingOwners: Set<Int>
        /// Members of which nothing has been compared yet.
        var missingMembers: Set<Int>
        var results: [(auditor: Int, result: AuditResult)] = []
    }

    /// Those that are not settled.
    package private(set) var disputes: [Dispute] = []
    /// Microbatches that two members have computed to the same bits.
    package private(set) var agreed = 0
    private var schedule = AuditSchedule(fraction: 0)
    private var workers: [Int] = []
    private var partition: Partition?
    private var plan: (Int) -> StepPlan?
    private var open: [Int: OpenStep] = [:]
    /// The first step of which something may not have been compared yet: the first step of the generation or
    /// after the newest snapshot.
    private var first = 0
    /// From there on, the audited steps of which everything has been compared.
    private var compared: Set<Int> = []

    package init() { plan = { _ in nil } }

    /// A generation of these workers, in the order of their ranks, forms.
    ///
    /// - Parameters:
    ///   - fraction: of the steps that are audited.
    ///   - first: the step with which it begins.
    ///   - plan: of a step, by its number.
    /// - Returns: the members' schedule, and the disputes that can no longer be settled, because the workers
    ///   or their
    ///   shares are others.
    package mutating func begin(
        fraction: Double, from first: Int, workers: [Int], _ partition: Partition,
        plan: @escaping (Int) -> StepPlan?
    ) -> (AuditSchedule, givenUp: [Dispute]) {
        let givenUp = workers == self.workers && partition == self.partition ? [] : disputes
        if !givenUp.isEmpty { disputes = [] }
        schedule = AuditSchedule(fraction: fraction, disputed: disputes.last?.step)
        self.workers = workers
        self.partition = partition
        self.plan = plan
        open = [:]
        (self.first, compared) = (first, [])
        return (schedule, givenUp)
    }

    /// These workers, those of the generation before, have a dispute to settle.
    package func isDisputed(among workers: [Int]) -> Bool { !disputes.isEmpty && workers == self.workers }

    /// A snapshot of this step is complete: all audits of the steps before it are.
    package mutating func forget(before step: Int) {
        first = max(first, step)
        compared = compared.filter { $0 >= step }
    }

    /// Members have not yet told everything of the audited steps before this one.
    package func isUnderWay(before step: Int) -> Bool {
        guard workers.count > 1, first < step else { return false }
        for earlier in first..<step {
            // Behind the job's last one there are no steps, whatever a worker says.
            guard plan(earlier) != nil else { return false }
            if schedule.isAudited(earlier), !compared.contains(earlier) { return true }
        }
        return false
    }

    /// The owner of some pieces tells what it was sent.
    package mutating func contributed(rank: Int, _ message: ContributionDigests) throws(MalformedMessage)
        -> [Finding]
    {
        guard let partition, var step = openStep(message.step) else { throw malformed(rank) }
        let owned = partition.pieces.indices.filter { partition.pieces[$0].owner == rank }
        guard message.digests.count == owned.count * workers.count, step.missingOwners.remove(rank) != nil
        else { throw malformed(rank) }
        for (place, piece) in owned.enumerated() {
            for member in workers.indices {
                step.contributed[member][piece] = message.digests[place * workers.count + member]
            }
        }
        return compare(message.step, step)
    }

    /// A member tells what it found out.
    package mutating func audited(rank: Int, _ result: AuditResult) throws(MalformedMessage) -> [Finding] {
        guard let partition, var step = openStep(result.step),
            result.gradients.count == partition.pieces.count,
            schedule.audited(by: rank, step: result.step, members: workers.count) == result.member,
            step.missingMembers.remove(result.member) != nil
        else { throw malformed(rank) }
        step.results.append((rank, result))
        return compare(result.step, step)
    }

    private func malformed(_ rank: Int) -> MalformedMessage {
        MalformedMessage(
            "rank \(rank) sent an audit that was not asked for"
        )
    }

    private func openStep(_ number: Int) -> OpenStep? {
        if let step = open[number] { return step }
        guard let partition, workers.count > 1, schedule.isAudited(number), let plan = plan(number) else {
            return nil
        }
        return OpenStep(
            contributed: Array(
                repeating: Array(repeating: 0, count: partition.pieces.count), count: workers.count),
            missingOwners: Set(partition.pieces.map(\.owner)),
            missingMembers: Set(workers.indices.filter { !plan.isIdle($0) }))
    }

    private mutating func compare(_ number: Int, _ step: OpenStep) -> [Finding] {
        open[number] = step
        guard step.missingOwners.isEmpty, let plan = plan(number) else { return [] }
        open[number]?.results = []
        if step.missingMembers.isEmpty {
            open[number] = nil
            compared.insert(number)
        }
        return step.results.compactMap { auditor, result in
            judge(
                step: number, plan.microbatchesOf[result.member],
                contributed: Claim(
                    worker: workers[result.member],
                    digests: step.contributed[result.member] + [result.received]),
                audited: Claim(worker: workers[auditor], digests: result.gradients + [result.recomputed]))
        }
    }

    private mutating func judge(
        step: Int, _ microbatches: [Int], contributed: Claim, audited: Claim
    ) -> Finding? {
        if let index = disputes.firstIndex(where: { $0.step == step && $0.microbatches == microbatches }) {
            var known = disputes.remove(at: index)
            known.claims += [contributed, audited]
            return known.wrong.map { .wrong(known, $0) } ?? .undecided(known)
        }
        guard contributed.digests != audited.digests else {
            agreed += microbatches.count
            return nil
        }
        let new = Dispute(step: step, microbatches: microbatches, claims: [contributed, audited])
        disputes.append(new)
        return .disputed(new)
    }
}
