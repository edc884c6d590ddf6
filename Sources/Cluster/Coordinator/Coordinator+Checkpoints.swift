import Checkpoints
import Runs
import System
import Training
import Transport

// Checkpoints, and how a run stops or finishes: see `CheckpointSchedule`.

extension Coordinator {
    /// SIGINT or SIGTERM, from any thread: the first one stops at the next step boundary.
    package func stop() {
        reactor.post {
            guard !self.checkpoints.isStopping, self.outcome == nil else { return }
            self.log.record(.ending(.stopRequested))
            self.act(self.checkpoints.stopRequested(isRunning: self.membership.isRunning))
            self.stopIfNobodyTrains()
        }
    }

    /// Half of the grace period is over, from any thread: a run that still waits for a boundary stops with
    /// the snapshot that is in memory.
    package func stopAtNewestSnapshot() {
        reactor.post {
            guard self.outcome == nil, !self.progress.isFinished else { return }
            self.act(self.checkpoints.boundaryGivenUp(newest: self.progress.snapshot))
        }
    }

    /// From any thread: writes a checkpoint as soon as there is a snapshot for it.
    package func checkpoint() {
        reactor.post {
            guard self.outcome == nil else { return }
            self.log.record(.checkpoint(.requested))
            self.act(self.checkpoints.checkpointRequested())
        }
    }

    /// Tells that checkpoints were left out, if the job says after how many steps it wants them. Epochs are
    /// only a default, and the newest and the best checkpoint are kept all the same.
    func notePassedOver(_ count: Int, _ step: Int) {
        guard case .steps = setup.job.job.checkpoint.every else { return }
        log.record(.checkpoint(.passedOver(count: count, step: step)))
    }

    /// A run that is to stop while no generation is there, or none can form, stops where its newest snapshot
    /// is.
    func stopIfNobodyTrains() {
        guard outcome == nil, case .waiting = membership.phase else { return }
        act(checkpoints.nobodyTrains(newest: progress.snapshot))
    }

    /// Rank 0 has come to the generation's end: all its reports are here.
    func boundaryReached() {
        act(checkpoints.boundaryReached(progress.steps, isLast: progress.steps >= progress.lastStep))
    }

    /// A snapshot is complete: checkpoints are written where the job says, and what waited for it continues.
    func snapshotTaken(_ snapshot: Snapshot) {
        faults.reach("coordinator", "snapshot", snapshot.step)
        pacer.completed(snapshot.step, now: Reactor.now)
        updateOrigin(of: snapshot)
        audit.forget(before: snapshot.step)
        samples?.snapshotTaken(snapshot)
        let control = setup.plan.control(afterSteps: snapshot.step)
        act(
            checkpoints.snapshotTaken(
                snapshot, isDue: control.contains(.snapshot) || snapshot.decisions.isOver))
        finishIfDone()
    }

    /// The best checkpoint is marked as soon as it is on the disk, which it may be already.
    func updateBest() { act(checkpoints.updateBest(progress.best?.step)) }

    func checkpointWritten(_ written: CheckpointWriter.Written) {
        act(
            checkpoints.written(
                written.step, failure: written.failure, isFinished: progress.isFinished))
        finishIfDone()
    }

    /// Carries out the decisions about checkpoints.
    func act(_ actions: [CheckpointSchedule.Action]) {
        for action in actions {
            switch action {
            case .write(let snapshot):
                writer?.write(
                    snapshot,
                    CheckpointWriter.Circumstances(
                        best: checkpoints.best, platform: platform.name, isExact: platform.isExact,
                        seconds: record.seconds, recoveries: recoveries))
            case .askForSnapshot(let endsGeneration):
                requestFlags(endsGeneration ? [.snapshot, .endGeneration] : .snapshot)
            case .markBest(let step): writer?.markBest(step: step)
            case .noteWritten(let step, let isRequested):
                let path = setup.directory.checkpoints.path(ofStep: step)
                log.record(.checkpoint(.written(step: step, path: path, isRequested: isRequested)))
                faults.reach("coordinator", "checkpoint-written", step)
            case .noteFailure(let step, let reason):
                log.record(.checkpoint(.failed(step: step, reason: reason)))
            case .notePassedOver(let step): notePassedOver(1, step)
            case .noteBoundaryGivenUp(let step): log.record(.ending(.boundaryGivenUp(step: step)))
            case .stopped(let step): end(.stopped(step: step))
            case .failed(let reason): end(.failed(reason))
            }
        }
    }

    /// Ends the run once the last step, its results and its checkpoint are there.
    func finishIfDone() {
        guard outcome == nil, progress.isFinished, !checkpoints.isWriting else { return }
        if let failure = checkpoints.lastFailure {
            return end(
                .failed(
                    "the training reached its end, but its last checkpoint could not be written: \(failure)"))
        }
        if let reason = record.synchronize() {
            return end(
                .failed("the training reached its end, but lines of metrics.jsonl are not written: \(reason)")
            )
        }
        faults.reach("coordinator", "finish", progress.snapshot.step)
        let result = result()
        do {
            try File.writeAtomically(result.value.prettyJSON() + "\n", to: setup.directory.resultPath)
        } catch {
            return end(
                .failed("the training reached its end, but result.json could not be written: \(error)"))
        }
        handle(.jobFinished)
        end(.finished, result)
    }
}
