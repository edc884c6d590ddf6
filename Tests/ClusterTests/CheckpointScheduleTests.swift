import Checkpoints
import Cluster
import Testing

/// Decisions about checkpoints and stopping: events in, actions out; no disk and no members.
@Suite struct CheckpointScheduleTests {
    typealias Action = CheckpointSchedule.Action

    private func snapshot(_ step: Int) -> Snapshot {
        Snapshot(step: step, parameters: [Float(step)], moments: [], statistics: [], epochTotals: [])
    }

    private func written(_ step: Int, isRequested: Bool = false) -> Action {
        .noteWritten(step: step, isRequested: isRequested)
    }

    // MARK: What is written

    @Test func onlySnapshotsThatAreDueAreWritten() {
        var schedule = CheckpointSchedule()
        #expect(schedule.snapshotTaken(snapshot(1), isDue: false) == [])
        #expect(schedule.snapshotTaken(snapshot(2), isDue: true) == [.write(snapshot(2))])
        #expect(schedule.isWriting)
        #expect(schedule.written(2, failure: nil, isFinished: false) == [written(2)])
        #expect(!schedule.isWriting && schedule.lastFailure == nil)
    }

    /// A disk that is slower than the training gets the newest snapshot next, and the best one before it.
    @Test func slowDisks() {
        var schedule = CheckpointSchedule()
        #expect(schedule.snapshotTaken(snapshot(1), isDue: true) == [.write(snapshot(1))])
        #expect(schedule.snapshotTaken(snapshot(2), isDue: true) == [])
        #expect(schedule.updateBest(2) == [.markBest(step: 2)])
        #expect(schedule.updateBest(2) == [], "nothing has changed")
        for step in 3...5 {
            let actions = schedule.snapshotTaken(snapshot(step), isDue: true)
            #expect(actions == (step == 4 ? [.notePassedOver(step: 3)] : []), "it is said once")
        }
        #expect(schedule.passedOver.count == 2 && schedule.passedOver.step == 4)
        #expect(
            schedule.written(1, failure: nil, isFinished: false) == [written(1), .write(snapshot(2))])
        #expect(
            schedule.written(2, failure: nil, isFinished: false) == [written(2), .write(snapshot(5))])
        #expect(schedule.written(5, failure: nil, isFinished: false) == [written(5)])
    }

    @Test func failuresAreToldAndForgottenAfterASuccess() {
        var schedule = CheckpointSchedule()
        _ = schedule.snapshotTaken(snapshot(1), isDue: true)
        #expect(
            schedule.written(1, failure: "disk full", isFinished: false)
                == [.noteFailure(step: 1, reason: "disk full")])
        #expect(schedule.lastFailure == "disk full")
        _ = schedule.snapshotTaken(snapshot(2), isDue: true)
        _ = schedule.written(2, failure: nil, isFinished: false)
        #expect(schedule.lastFailure == nil)
    }

    @Test func checkpointsOnRequest() {
        var schedule = CheckpointSchedule()
        #expect(schedule.checkpointRequested() == [.askForSnapshot(endsGeneration: false)])
        // The generation dies before the snapshot comes; the next one is asked again.
        schedule.rolledBack(to: 0)
        #expect(schedule.generationStarted() == [.askForSnapshot(endsGeneration: false)])
        #expect(schedule.snapshotTaken(snapshot(3), isDue: false) == [.write(snapshot(3))])
        #expect(schedule.generationStarted() == [], "the request has its snapshot")
        #expect(schedule.written(3, failure: nil, isFinished: false) == [written(3, isRequested: true)])
        #expect(schedule.snapshotTaken(snapshot(4), isDue: false) == [], "one request, one checkpoint")
    }

    /// The checkpoint of a later step answers a request just as well.
    @Test func aRequestIsAnsweredByALaterStep() {
        var schedule = CheckpointSchedule()
        _ = schedule.snapshotTaken(snapshot(1), isDue: true)
        _ = schedule.checkpointRequested()
        #expect(schedule.snapshotTaken(snapshot(2), isDue: false) == [])
        #expect(
            schedule.snapshotTaken(snapshot(3), isDue: true) == [.notePassedOver(step: 2)], "in place of 2")
        #expect(
            schedule.written(1, failure: nil, isFinished: false) == [written(1), .write(snapshot(3))])
        #expect(schedule.written(3, failure: nil, isFinished: false) == [written(3, isRequested: true)])
    }

    // MARK: Stopping

    /// A schedule that is to stop, and whose generation has been asked to end.
    private func stopping() -> CheckpointSchedule {
        var schedule = CheckpointSchedule()
        #expect(schedule.stopRequested(isRunning: true) == [.askForSnapshot(endsGeneration: true)])
        #expect(schedule.stopRequested(isRunning: true) == [], "once is enough")
        return schedule
    }

    /// The boundary, its snapshot and its checkpoint: whichever is last stops the run.
    @Test(arguments: [true, false])
    func stopsOnceTheCheckpointOfTheBoundaryIsThere(boundaryFirst: Bool) {
        var schedule = stopping()
        if boundaryFirst { #expect(schedule.boundaryReached(8, isLast: false) == []) }
        #expect(schedule.snapshotTaken(snapshot(8), isDue: false) == [.write(snapshot(8))])
        let notes = schedule.written(8, failure: nil, isFinished: false)
        if boundaryFirst {
            #expect(notes == [written(8), .stopped(step: 8)])
        } else {
            #expect(notes == [written(8)])
            #expect(schedule.boundaryReached(8, isLast: false) == [.stopped(step: 8)])
        }
    }

    @Test func anEarlierCheckpointDoesNotStopTheRun() {
        var schedule = stopping()
        _ = schedule.snapshotTaken(snapshot(7), isDue: true)
        #expect(schedule.boundaryReached(8, isLast: false) == [])
        #expect(schedule.snapshotTaken(snapshot(8), isDue: false) == [])
        #expect(
            schedule.written(7, failure: nil, isFinished: false) == [written(7), .write(snapshot(8))])
        #expect(
            schedule.written(8, failure: nil, isFinished: false) == [written(8), .stopped(step: 8)])
    }

    @Test func aStopWithoutACheckpointFails() {
        var schedule = stopping()
        _ = schedule.snapshotTaken(snapshot(8), isDue: false)
        _ = schedule.boundaryReached(8, isLast: false)
        #expect(
            schedule.written(8, failure: "disk full", isFinished: false) == [
                .noteFailure(step: 8, reason: "disk full"),
                .failed(reason: "stopped, but the checkpoint could not be written: disk full"),
            ])
    }

    /// If the generation dies at the boundary, before its snapshot is whole, the next one stops.
    @Test func aDeathAtTheBoundaryPutsTheStopOff() {
        var schedule = stopping()
        _ = schedule.boundaryReached(8, isLast: false)
        schedule.rolledBack(to: 5)
        #expect(schedule.generationStarted() == [.askForSnapshot(endsGeneration: true)])
        #expect(schedule.boundaryReached(6, isLast: false) == [])
        #expect(schedule.snapshotTaken(snapshot(6), isDue: false) == [.write(snapshot(6))])
        #expect(
            schedule.written(6, failure: nil, isFinished: false) == [written(6), .stopped(step: 6)])
    }

    /// With the boundary's snapshot there, a death changes nothing.
    @Test func aDeathBehindTheBoundarysSnapshot() {
        var schedule = stopping()
        _ = schedule.boundaryReached(8, isLast: false)
        _ = schedule.snapshotTaken(snapshot(8), isDue: false)
        schedule.rolledBack(to: 8)
        #expect(
            schedule.written(8, failure: nil, isFinished: false) == [written(8), .stopped(step: 8)])
    }

    @Test func withoutAGenerationTheRunStopsAtItsNewestSnapshot() {
        var schedule = CheckpointSchedule()
        #expect(schedule.nobodyTrains(newest: snapshot(4)) == [], "nobody has asked for a stop")
        #expect(schedule.stopRequested(isRunning: false) == [])
        #expect(schedule.nobodyTrains(newest: snapshot(4)) == [.write(snapshot(4))])
        #expect(schedule.nobodyTrains(newest: snapshot(4)) == [], "it is being written")
        #expect(
            schedule.written(4, failure: nil, isFinished: false) == [written(4), .stopped(step: 4)])
    }

    // MARK: Boundaries that do not come

    private func givenUp(_ step: Int) -> Action { .noteBoundaryGivenUp(step: step) }

    @Test func theNewestSnapshotIsWritten() {
        var schedule = stopping()
        #expect(schedule.boundaryGivenUp(newest: snapshot(4)) == [givenUp(4), .write(snapshot(4))])
        #expect(schedule.boundaryGivenUp(newest: snapshot(4)) == [], "it is being written")
        #expect(schedule.written(4, failure: nil, isFinished: false) == [written(4), .stopped(step: 4)])
        var other = CheckpointSchedule()
        #expect(other.boundaryGivenUp(newest: snapshot(4)) == [], "nobody has asked for a stop")
    }

    /// Nothing is written again that is on the disk already, or on its way there.
    @Test func theNewestSnapshotMayBeACheckpoint() {
        var before = CheckpointSchedule()
        _ = before.snapshotTaken(snapshot(4), isDue: true)
        _ = before.written(4, failure: nil, isFinished: false)
        _ = before.stopRequested(isRunning: true)
        #expect(before.boundaryGivenUp(newest: snapshot(4)) == [givenUp(4), .stopped(step: 4)])
        var meanwhile = CheckpointSchedule()
        _ = meanwhile.snapshotTaken(snapshot(4), isDue: true)
        _ = meanwhile.stopRequested(isRunning: true)
        #expect(meanwhile.boundaryGivenUp(newest: snapshot(4)) == [givenUp(4)])
        #expect(meanwhile.written(4, failure: nil, isFinished: false) == [written(4), .stopped(step: 4)])
    }

    @Test func anOlderCheckpointIsBeingWritten() {
        var schedule = CheckpointSchedule()
        _ = schedule.snapshotTaken(snapshot(4), isDue: true)
        _ = schedule.stopRequested(isRunning: true)
        #expect(schedule.boundaryGivenUp(newest: snapshot(6)) == [givenUp(6)])
        #expect(
            schedule.written(4, failure: nil, isFinished: false) == [written(4), .write(snapshot(6))])
        #expect(schedule.written(6, failure: nil, isFinished: false) == [written(6), .stopped(step: 6)])
    }

    /// The boundary is there, but its snapshot is not whole: the one before it is taken.
    @Test func aBoundaryWithoutItsSnapshot() {
        var schedule = stopping()
        _ = schedule.boundaryReached(8, isLast: false)
        #expect(schedule.boundaryGivenUp(newest: snapshot(7)) == [givenUp(7), .write(snapshot(7))])
        #expect(schedule.written(7, failure: nil, isFinished: false) == [written(7), .stopped(step: 7)])
        var whole = stopping()
        _ = whole.boundaryReached(8, isLast: false)
        _ = whole.snapshotTaken(snapshot(8), isDue: false)
        #expect(whole.boundaryGivenUp(newest: snapshot(8)) == [], "the boundary has come")
    }

    @Test func aCheckpointThatFailedIsTriedAgain() {
        var schedule = CheckpointSchedule()
        _ = schedule.snapshotTaken(snapshot(4), isDue: true)
        _ = schedule.written(4, failure: "disk full", isFinished: false)
        _ = schedule.stopRequested(isRunning: true)
        #expect(schedule.boundaryGivenUp(newest: snapshot(4)) == [givenUp(4), .write(snapshot(4))])
        #expect(
            schedule.written(4, failure: "disk full", isFinished: false).last
                == .failed(reason: "stopped, but the checkpoint could not be written: disk full"))
    }

    /// A job that ends at the boundary has ended, and is not stopped.
    @Test func theJobsEndIsNoStop() {
        var schedule = stopping()
        #expect(schedule.boundaryReached(9, isLast: true) == [])
        _ = schedule.snapshotTaken(snapshot(9), isDue: true)
        #expect(schedule.written(9, failure: nil, isFinished: true) == [written(9)])
        var late = stopping()
        _ = late.boundaryReached(8, isLast: false)
        _ = late.snapshotTaken(snapshot(8), isDue: true)
        #expect(
            late.written(8, failure: nil, isFinished: true) == [written(8)], "a decision ended the job there")
    }
}
