import Collectives
import NeuralNetwork
import Telemetry
import Training
import Transport

// How workers that compute wrongly are found: see `AuditLedger`.

extension Coordinator {
    /// Begins the audit of a generation that forms, while `progress` still has the partition of the one
    /// before. Returns the schedule for its members; nil if nothing is audited.
    func beginAudit(_ members: [Int], _ partition: Partition, _ assignment: Assignment) -> AuditSchedule? {
        guard options.auditFraction > 0 else { return nil }
        let (plans, plan, steps) = (setup.plan.stepPlans(assignment), setup.plan, 0..<setup.plan.totalSteps)
        let (schedule, givenUp) = audit.begin(
            fraction: options.auditFraction, from: progress.snapshot.step, workers: members, partition
        ) {
            steps.contains($0) ? plans[plan.stepPlanIndex($0)] : nil
        }
        for dispute in givenUp {
            log.record(.audit(.abandoned(describe(dispute))))
        }
        if members.count < 2 { log.record(.audit(.impossible)) }
        return schedule
    }

    /// The shares of a generation that settles a dispute: members compute and own what they did when they
    /// disagreed, because results of other shares could not be compared. Nil without a dispute among them.
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
            validity.auditAgreed { audit.isUnderWay(before: $0) }.map(act)
            return
        }
        act(validity.auditFailed())
        for finding in findings { act(on: finding) }
        // Once, however many there are.
        let disputes = findings.compactMap { if case .disputed(let dispute) = $0 { dispute } else { nil } }
        if let first = disputes.first { handle(.disagreement(reason: "audit: \(describe(first))")) }
    }

    /// From this step on, nothing is finite. The run fails with it unless a pending audit blames a worker.
    func diverged(_ reason: String, step: Int) {
        let isAuditing = options.auditFraction > 0 && audit.isUnderWay(before: step)
        act(validity.diverged(step: step, reason: reason, isAuditing: isAuditing))
    }

    private func act(_ action: GenerationValidity.Action) {
        switch action {
        case .retract: record.retract()
        case .fail(let reason): end(.failed(reason))
        }
    }

    private func act(on finding: AuditLedger.Finding) {
        switch finding {
        case .disputed(let dispute):
            log.record(.audit(.disputed(describe(dispute))))
        case .undecided(let dispute):
            end(
                .failed(
                    "audit: \(describe(dispute)), and did so again; it cannot be told which one is wrong. "
                        + "Test both machines' memory and processors, or resume with one worker more"
                ))
        case .wrong(let dispute, let wrong):
            for id in wrong.sorted() { dismiss(wrong: id, dispute) }
        }
    }

    /// Dismisses a worker that computed wrongly. Its earlier results may be wrong too, where no audit has
    /// looked.
    private func dismiss(wrong id: Int, _ dispute: AuditLedger.Dispute) {
        let name = membership.name(id)
        log.record(
            .audit(.convicted(name, step: dispute.step + 1, auditedPercent: 100 * options.auditFraction)))
        let fault = "computed wrongly in step \(dispute.step + 1)"
        let advice = "test its memory and processor"
        dismiss(id, .refused("refused: this machine \(fault), as others agree; \(advice)"))
        handle(.lost(id, reason: "it \(fault)"))
    }

    private func describe(_ dispute: AuditLedger.Dispute) -> AuditDispute {
        AuditDispute(
            worker: membership.name(dispute.claims[0].worker),
            other: membership.name(dispute.claims[1].worker),
            step: dispute.step + 1, location: location(of: dispute))
    }

    /// The location of the first difference, for the log.
    private func location(of dispute: AuditLedger.Dispute) -> String {
        guard let pieces = progress.partition?.pieces, pieces.indices.contains(dispute.difference) else {
            return "in the statistics of its batch"
        }
        let range = pieces[dispute.difference].range
        let tensors = setup.plan.network.layout.tensors.filter { range.overlaps($0.range) }.map(\.name)
        guard let first = tensors.first, let last = tensors.last else { return "in the gradient" }
        return "in the gradient of \(first == last ? "`\(first)`" : "`\(first)` … `\(last)`")"
    }

    /// Logs at the run's end how much was audited.
    func reportAudit() {
        guard options.auditFraction > 0, audit.agreed > 0 else { return }
        log.record(.audit(.passed(microbatches: audit.agreed)))
    }
}
