/// The schedule of audits. In an audited step every member recomputes another member's microbatches, so that
/// a member that computes wrongly is found.
package struct AuditSchedule: Equatable, Sendable {
    /// The fraction of steps that are audited, 0…1; with 0.1 every tenth is.
    package var fraction: Double
    /// A step that is audited in any case, if possible by other pairs, because two members have disagreed
    /// about it.
    package var disputed: Int?

    package init(fraction: Double, disputed: Int? = nil) {
        self.fraction = fraction
        self.disputed = disputed
    }

    package func isAudited(_ step: Int) -> Bool { step == disputed || turn(step + 1) > turn(step) }

    /// Returns the number of audited steps before this one.
    private func turn(_ step: Int) -> Int { Int(Double(step) * fraction) }

    /// Returns the member whose microbatches `rank` recomputes in a step, if any. Pairs change from one
    /// audited step to the next.
    package func audited(by rank: Int, step: Int, members: Int) -> Int? {
        guard members > 1, isAudited(step) else { return nil }
        let shift = turn(step) + (step == disputed ? 1 : 0)
        return (rank + 1 + shift % (members - 1)) % members
    }
}
