import System

extension RunEvent {
    /// Audits: steps in which every worker's gradients are computed by another worker too.
    package enum Audit: Equatable, Sendable {
        /// With one worker, nothing can be compared.
        case impossible
        /// Two workers computed different bits from the same samples. The step is computed again.
        case disputed(AuditDispute)
        /// The workers changed before a dispute was settled: it cannot be told any more which one was wrong.
        case abandoned(AuditDispute)
        /// A worker computed wrongly, as others agree, and is dismissed. `audited_percent` of its steps were
        /// compared.
        case convicted(WorkerName, step: Int, auditedPercent: Double)
        /// At the run's end, the number of microbatches that two workers computed to the same bits.
        case passed(microbatches: Int)
    }
}

/// Two workers whose results for the same microbatches of a step differ.
package struct AuditDispute: Equatable, Sendable, CustomStringConvertible {
    /// The worker that contributed the result.
    package var worker: WorkerName
    /// The worker that computed it too.
    package var other: WorkerName
    /// From 1.
    package var step: Int
    /// The first difference: "in the gradient of `dense1.weight`".
    package var location: String

    package init(worker: WorkerName, other: WorkerName, step: Int, location: String) {
        self.worker = worker
        self.other = other
        self.step = step
        self.location = location
    }

    package var description: String {
        "\(other) computed other bits than \(worker) for the same samples in step \(TextFormat.grouped(step))"
            + " (\(location))"
    }
}

extension RunEvent.Audit {
    var facts: EventFacts {
        switch self {
        case .impossible:
            EventFacts("audit_impossible", .warning, "audit: with one worker there is nothing to compare")
        case .disputed(let dispute):
            EventFacts(
                "audit_disputed", .warning,
                "audit: \(dispute); the step is computed again to find out which one is wrong",
                fields: Self.fields(dispute))
        case .abandoned(let dispute):
            EventFacts(
                "audit_abandoned", .warning,
                "audit: \(dispute). The workers have changed since, so that it can no longer be told which"
                    + " one was wrong",
                fields: Self.fields(dispute))
        case .convicted(let worker, let step, let percent):
            EventFacts(
                "audit_convicted", .error,
                "audit: \(worker) computed wrongly in step \(TextFormat.grouped(step)) and is dismissed. The"
                    + " step is computed again without it. Of its earlier steps,"
                    + " \(TextFormat.fixed(percent, 1)) % were compared, and are right. Test its memory and"
                    + " processor",
                fields: [
                    "worker": .worker(worker), "step": .integer(step), "audited_percent": .number(percent),
                ])
        case .passed(let microbatches):
            EventFacts(
                "audit_passed", .info,
                "audit: two workers each computed"
                    + " \(TextFormat.count(microbatches, "microbatch", plural: "microbatches")) with the same"
                    + " bits",
                fields: ["microbatches": .integer(microbatches)])
        }
    }

    private static func fields(_ dispute: AuditDispute) -> KeyValuePairs<String, EventValue> {
        [
            "worker": .worker(dispute.worker), "other": .worker(dispute.other),
            "step": .integer(dispute.step),
            "place": .text(dispute.location),
        ]
    }
}
