import Telemetry

/// The history of a run's generations: how many members they had, how often one ended before its time, and
/// how the run came back after that.
package struct GenerationLog: Equatable {
    /// The newest loss, until the lost steps are done again.
    private struct Loss: Equatable {
        /// When the generation ended, in seconds of the coordinator's clock.
        let began: Double
        /// Steps that were done then.
        let steps: Int
        /// The step of the snapshot at which the next generation begins.
        let snapshot: Int
        /// True once a step of the next generation is done.
        var hasContinued = false
    }

    /// The most members that a generation had.
    package private(set) var mostMembers = 0
    /// The number of generations that ended before their time, so that the next one began at the newest
    /// snapshot.
    package private(set) var recoveries = 0
    /// True while a generation that has started computes.
    private var isTraining = false
    private var loss: Loss?

    package init() {}

    package mutating func generationForms() { isTraining = false }

    package mutating func generationStarts(members: Int) {
        isTraining = true
        mostMembers = max(mostMembers, members)
    }

    /// A generation ends before its time. Returns the event; nil if nothing had been computed.
    package mutating func generationLost(steps: Int, snapshot: Int, now: Double)
        -> RunEvent.Generation?
    {
        guard isTraining else { return nil }
        isTraining = false
        recoveries += 1
        loss = Loss(began: now, steps: max(steps, loss?.steps ?? 0), snapshot: snapshot)
        return .recoveryStarted(step: snapshot, lostSteps: steps - snapshot)
    }

    /// Step `done` is done: perhaps the first one after a loss, or the last one that was lost. Returns the
    /// events.
    package mutating func stepDone(_ done: Int, now: Double) -> [RunEvent.Generation] {
        guard var loss else { return [] }
        let seconds = now - loss.began
        var events: [RunEvent.Generation] = []
        if !loss.hasContinued {
            loss.hasContinued = true
            events.append(.recoveryContinued(step: done, seconds: seconds))
        }
        if done == loss.steps {
            events.append(.recovered(step: done, lostSteps: done - loss.snapshot, seconds: seconds))
        }
        self.loss = done >= loss.steps ? nil : loss
        return events
    }
}
