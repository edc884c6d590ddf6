import Cluster
import Telemetry
import Testing

/// Numbers that are not finite are the job's fault, unless an audit blames a worker.
@Suite struct GenerationValidityTests {
    @Test func withoutAuditsADivergenceEndsTheRun() {
        var validity = GenerationValidity.valid
        #expect(
            validity.diverged(step: 7, reason: "NaN", isAuditing: false) == .fail(reason: "NaN"))
        #expect(validity.acceptsResults)
    }

    @Test func aDivergenceWaitsForAuditsOfTheStepsBefore() {
        var validity = GenerationValidity.valid
        #expect(validity.diverged(step: 7, reason: "NaN", isAuditing: true) == .retract)
        #expect(!validity.acceptsResults)
        #expect(validity.auditAgreed { $0 <= 7 } == nil, "audits of steps before 7 are under way")
        #expect(validity.auditAgreed { $0 < 7 } == .fail(reason: "NaN"))
    }

    @Test func aFailedAuditExcusesTheJob() {
        var validity = GenerationValidity.valid
        _ = validity.diverged(step: 7, reason: "NaN", isAuditing: true)
        #expect(validity.auditFailed() == .retract)
        #expect(validity.auditAgreed { _ in false } == nil, "the step is computed again without that worker")
        #expect(!validity.acceptsResults)
    }

    @Test func agreementAloneChangesNothing() {
        #expect(GenerationValidity.valid.auditAgreed { _ in false } == nil)
    }
}

/// The log tells how many steps a lost generation cost, and how long the way back took.
@Suite struct GenerationLogTests {
    @Test func aLossAndTheWayBack() {
        var log = GenerationLog()
        log.generationForms()
        log.generationStarts(members: 3)
        #expect(
            log.generationLost(steps: 10, snapshot: 8, now: 100) == .recoveryStarted(step: 8, lostSteps: 2))
        log.generationForms()
        log.generationStarts(members: 2)
        #expect(log.stepDone(9, now: 100.25) == [.recoveryContinued(step: 9, seconds: 0.25)])
        #expect(log.stepDone(10, now: 100.5) == [.recovered(step: 10, lostSteps: 2, seconds: 0.5)])
        #expect(log.stepDone(11, now: 101) == [])
        #expect(log.recoveries == 1 && log.mostMembers == 3)
    }

    /// A loss on the way back does not make the steps that were lost first any fewer.
    @Test func aLossOnTheWayBack() {
        var log = GenerationLog()
        log.generationStarts(members: 2)
        _ = log.generationLost(steps: 10, snapshot: 4, now: 0)
        log.generationStarts(members: 2)
        _ = log.stepDone(5, now: 1)
        #expect(log.generationLost(steps: 5, snapshot: 4, now: 2) == .recoveryStarted(step: 4, lostSteps: 1))
        log.generationStarts(members: 1)
        #expect(log.stepDone(5, now: 3).count == 1)
        for step in 6...9 { #expect(log.stepDone(step, now: 3) == []) }
        #expect(log.stepDone(10, now: 4) == [.recovered(step: 10, lostSteps: 6, seconds: 2)])
        #expect(log.recoveries == 2)
    }

    /// A generation that never started has computed nothing.
    @Test func aGenerationThatOnlyForms() {
        var log = GenerationLog()
        log.generationForms()
        #expect(log.generationLost(steps: 0, snapshot: 0, now: 0) == nil)
        log.generationStarts(members: 1)
        #expect(log.generationLost(steps: 1, snapshot: 0, now: 0) != nil)
        #expect(log.generationLost(steps: 1, snapshot: 0, now: 1) == nil, "it has ended already")
        #expect(log.recoveries == 1)
    }
}
