import Collectives
import NeuralNetwork
import System
import Training
import Transport

// Who has computed wrongly: see `AuditLedger`.

extension Coordinator {
    /// A generation forms, while `progress` still has the partition of the one before. What its members are told; nil: nothing is audited.
    func beginAudit(_ members: [Int], _ partition: Partition, _ assignment: Assignment) -> AuditSchedule? {
        guard options.auditFraction > 0 else { return nil }
        let (plans, plan, steps) = (setup.plan.stepPlans(assignment), setup.plan, 0..<setup.plan.totalSteps)
        let (schedule, givenUp) = audit.begin(
            fraction: options.auditFraction, from: progress.snapshot.step, workers: members, partition
        ) {
            steps.contains($0) ? plans[plan.stepPlanIndex($0)] : nil
        }
        for dispute in givenUp {
            log.warning(
                "audit: \(describe(dispute)); since then the workers have changed, and it can no longer be told who was wrong"
            )
        }
        if members.count < 2 { log.warning("audit: with one worker there is nobody to compare with") }
        return schedule
    }

    /// While members disagree about a step, they compute and own what they did then: what they say of other shares could not be compared.
    func sharesOfDispute(_ members: [Int]) -> (assignment: Assignment, owners: [Int])? {
        guard audit.isDisputed(among: members), let assignment = sharing.current,
            let partition = progress.partition
        else { return nil }
        return (assignment, partition.owners)
    }

    /// Asks the ledger for its findings in a message of a rank.
    func audited(
        _ rank: Int, _ ask: (inout AuditLedger) throws(MalformedMessage) -> [AuditLedger.Finding]
    ) throws(MalformedMessage) -> [AuditLedger.Finding] {
        guard options.auditFraction > 0 else {
            throw MalformedMessage("rank \(rank) sent an audit, but nothing is audited")
        }
        return try ask(&audit)
    }

    func act(on findings: [AuditLedger.Finding]) {
        guard !findings.isEmpty else {
            if let (step, reason) = divergence, !audit.isUnderWay(before: step) { end(.failed(reason)) }
            return
        }
        spoil()
        divergence = nil
        for finding in findings { act(on: finding) }
        // Once, however many there are.
        let disputes = findings.compactMap { if case .disputed(let dispute) = $0 { dispute } else { nil } }
        if let first = disputes.first { handle(.disagreement(reason: "audit: \(describe(first))")) }
    }

    /// From this step on nothing is finite. That ends the run, once it is known that everybody has computed rightly before, as far as is audited.
    func diverged(_ reason: String, step: Int) {
        guard options.auditFraction > 0, audit.isUnderWay(before: step) else { return end(.failed(reason)) }
        spoil()
        divergence = (step, reason)
    }

    private func spoil() {
        isSpoilt = true
        record.retract()
    }

    private func act(on finding: AuditLedger.Finding) {
        switch finding {
        case .disputed(let dispute):
            log.warning("audit: \(describe(dispute)); the step is computed again to find out who is wrong")
        case .undecided(let dispute):
            end(
                .failed(
                    "audit: \(describe(dispute)), and did so again; it cannot be told who is wrong. Test both machines' memory and processors, or resume with one worker more"
                ))
        case .wrong(let dispute, let wrong):
            for id in wrong.sorted() { dismiss(wrong: id, dispute) }
        }
    }

    /// What it computed before may be wrong too, where nobody looked.
    private func dismiss(wrong id: Int, _ dispute: AuditLedger.Dispute) {
        let name = membership.name(id)
        let share = TextFormat.fixed(100 * options.auditFraction, 1)
        log.error(
            "audit: \(name) computed wrongly in step \(dispute.step + 1) and is dismissed. The step is computed again without it; of its earlier steps, \(share) % were compared and are right. Test its memory and processor"
        )
        let reason = "it computed wrongly in step \(dispute.step + 1)"
        dismiss(
            id,
            .refused(
                "refused: this machine computed wrongly in step \(dispute.step + 1), as others agree; test its memory and processor"
            ))
        handle(.lost(id, reason: reason))
    }

    private func describe(_ dispute: AuditLedger.Dispute) -> String {
        let names = dispute.claims.prefix(2).map { membership.name($0.worker) }
        return
            "\(names[1]) computed other bits than \(names[0]) for the same samples in step \(dispute.step + 1) (\(place(dispute)))"
    }

    /// Where they differ first.
    private func place(_ dispute: AuditLedger.Dispute) -> String {
        guard let pieces = progress.partition?.pieces, pieces.indices.contains(dispute.place) else {
            return "in the statistics of its batch"
        }
        let range = pieces[dispute.place].range
        let tensors = setup.plan.network.layout.tensors.filter { range.overlaps($0.range) }.map(\.name)
        guard let first = tensors.first, let last = tensors.last else { return "in the gradient" }
        return "in the gradient of \(first == last ? "`\(first)`" : "`\(first)` … `\(last)`")"
    }

    /// At the run's end.
    func reportAudit() {
        guard options.auditFraction > 0, audit.agreed > 0 else { return }
        log.info(
            "audit: \(TextFormat.count(audit.agreed, "microbatch", plural: "microbatches")) were computed by two workers, to the same bits"
        )
    }
}
