import System
import Transport

// The way back after a loss.

/// The way back from a generation that ended before its time.
struct Recovery: Equatable {
    /// When it ended, by the coordinator's clock.
    let began: Double
    /// Steps that were done then.
    let lost: Int
    /// A step of the next generation is done.
    var goesOn = false
}

extension Coordinator {
    /// A generation has ended before its time. What came after the newest snapshot is computed again, and gives the same.
    func goBack() {
        guard isTraining, !progress.isFinished else { return }
        isTraining = false
        recoveries += 1
        recovery = Recovery(began: Reactor.now, lost: max(progress.steps, recovery?.lost ?? 0))
        log.info(
            "back to step \(progress.snapshot.step): \(TextFormat.count(progress.steps - progress.snapshot.step, "step")) to compute again"
        )
        if let step = stopStep, progress.snapshot.step < step { stopStep = nil }
    }

    /// Step `done` is done: perhaps the first one after a loss, or the last one that was lost.
    func noteRecovery(_ done: Int) {
        guard var recovery else { return }
        let seconds = TextFormat.fixed(Reactor.now - recovery.began, 3)
        if !recovery.goesOn {
            recovery.goesOn = true
            log.info("the first step since then was done \(seconds) s after the loss")
        }
        if done == recovery.lost { log.info("step \(done) is done again, \(seconds) s after the loss") }
        self.recovery = done >= recovery.lost ? nil : recovery
    }

    /// Where a member was. What its heartbeats say of the phase may be old.
    func whereabouts(of worker: WorkerConnection) -> String {
        guard let rank = membership.members.firstIndex(of: worker.id) else { return "" }
        let phase =
            worker.activity.step == progress.steps ? ", last heard of in \(worker.activity.phase)" : ""
        return "; it was rank \(rank) in step \(progress.steps + 1)\(phase)"
    }

    /// Tells what became of the processes that this one has started; ends the run if none is left.
    func lookAfterProcesses() {
        let news = watch()
        for note in news.notes { log.warning(note) }
        if let reason = news.failure, outcome == nil { end(.failed(reason)) }
    }
}
