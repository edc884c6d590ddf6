import Collectives
import Testing

@Suite struct AuditScheduleTests {
    @Test(arguments: [0, 0.001, 0.1, 0.25, 1.0 / 3, 0.5, 0.9, 1])
    func theFractionIsThatOfTheSteps(fraction: Double) {
        let schedule = AuditSchedule(fraction: fraction)
        var count = 0
        for step in 0..<10_000 {
            if schedule.isAudited(step) { count += 1 }
            #expect(count == Int(Double(step + 1) * fraction))
        }
    }

    /// In an audited step every member audits one other member and is audited by one; in time by all.
    @Test(arguments: 2...6)
    func pairs(members: Int) {
        let schedule = AuditSchedule(fraction: 0.5, disputed: 6)
        var pairs: Set<[Int]> = []
        for step in 0..<40 {
            let audited = (0..<members).map { schedule.audited(by: $0, step: step, members: members) }
            guard schedule.isAudited(step) else {
                #expect(audited.allSatisfy { $0 == nil })
                continue
            }
            #expect(Set(audited.compactMap { $0 }) == Set(0..<members))
            for (auditor, member) in audited.enumerated() {
                #expect(member != auditor)
                pairs.insert([auditor, member ?? -1])
            }
        }
        #expect(pairs.count == members * (members - 1))
        #expect(schedule.audited(by: 0, step: 1, members: 1) == nil)
    }

    @Test func aDisputedStepIsAuditedByOthers() {
        for members in 3...5 {
            for step in 0..<20 {
                let first = AuditSchedule(fraction: 1).audited(by: 0, step: step, members: members)
                let second = AuditSchedule(fraction: 1, disputed: step).audited(
                    by: 0, step: step, members: members)
                #expect(first != second)
            }
        }
        #expect(AuditSchedule(fraction: 0, disputed: 3).isAudited(3))
    }
}
