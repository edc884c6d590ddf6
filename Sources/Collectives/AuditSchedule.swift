/// In which steps every member computes another one's microbatches once more, and whose: so that a member that computes wrongly is found.
package struct AuditSchedule: Equatable, Sendable {
    /// Of the steps, 0…1: every tenth for 0.1.
    package var fraction: Double
    /// A step that is audited in any case, by other pairs where there are: two members have disagreed about it.
    package var disputed: Int?

    package init(fraction: Double, disputed: Int? = nil) {
        (self.fraction, self.disputed) = (fraction, disputed)
    }

    package func isAudited(_ step: Int) -> Bool { step == disputed || turn(step + 1) > turn(step) }

    /// Audited steps before this one.
    private func turn(_ step: Int) -> Int { Int(Double(step) * fraction) }

    /// The member whose microbatches `rank` computes once more in a step, if any. Pairs change from one audited step to the next.
    package func audited(by rank: Int, step: Int, members: Int) -> Int? {
        guard members > 1, isAudited(step) else { return nil }
        let shift = turn(step) + (step == disputed ? 1 : 0)
        return (rank + 1 + shift % (members - 1)) % members
    }
}
