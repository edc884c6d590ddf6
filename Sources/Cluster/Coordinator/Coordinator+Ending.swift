import Checkpoints
import Collectives
import NeuralNetwork
import Runs
import System
import Training
import Transport

// Snapshots, checkpoints, and how a run ends.

extension Coordinator {
    /// A snapshot is complete: checkpoints are written where the job says, and what waited for it goes on.
    func snapshotComplete(_ snapshot: Snapshot) {
        faults.reach("coordinator", "snapshot", snapshot.step)
        pacer.completed(snapshot.step, now: Reactor.now)
        noteOrigin(of: snapshot)
        audit.forget(before: snapshot.step)
        let control = setup.plan.control(afterSteps: snapshot.step)
        if isStopping || isCheckpointWanted || control.contains(.snapshot) || snapshot.decisions.isOver {
            write(snapshot)
        }
        if isCheckpointWanted { (isCheckpointWanted, wantedStep) = (false, snapshot.step) }
        finishIfDone()
    }

    func write(_ snapshot: Snapshot) {
        guard !isWriting else {
            waiting = waiting.filter { $0.step == progress.best?.step } + [snapshot]
            return
        }
        isWriting = true
        writer?.write(snapshot)
    }

    /// The best checkpoint is marked as soon as it is on the disk, which it may be already.
    func noteBest() {
        guard let best = progress.best?.step, bestStep.withLock({ $0 }) != best else { return }
        bestStep.withLock { $0 = best }
        writer?.markBest()
    }

    func checkpointWritten(_ written: CheckpointWriter.Written) {
        isWriting = false
        lastWrite = written
        switch written.result {
        case .success:
            let isWanted = wantedStep.map { written.step >= $0 } ?? false
            log.write(isWanted ? .info : .debug, "checkpoint of step \(written.step) written")
            if isWanted { wantedStep = nil }
            faults.reach("coordinator", "checkpoint-written", written.step)
        case .failure(let error):
            log.error(
                "the checkpoint of step \(written.step) could not be written: \(error). The ones before it are intact"
            )
        }
        if !waiting.isEmpty {
            write(waiting.removeFirst())
        } else if isStopping, written.step == stopStep, !progress.isFinished {
            endStopped(written)
        }
        finishIfDone()
    }

    func endStopped(_ written: CheckpointWriter.Written) {
        switch written.result {
        case .success: end(.stopped(step: written.step))
        case .failure(let error): end(.failed("stopped, but the checkpoint could not be written: \(error)"))
        }
    }

    func finishIfDone() {
        guard outcome == nil, progress.isFinished, !isWriting else { return }
        if let written = lastWrite, case .failure(let error) = written.result {
            return end(
                .failed(
                    "the training reached its end, but its last checkpoint could not be written: \(error)"))
        }
        let snapshot = progress.snapshot
        faults.reach("coordinator", "finish", snapshot.step)
        let (layout, names) = (setup.plan.network.layout, setup.job.job.optimizer.momentNames)
        let result = RunResult(
            steps: snapshot.step, epochs: setup.plan.epoch(afterSteps: snapshot.step), train: progress.train,
            penalty: progress.penalty,
            validation: progress.evaluations[.validation]?.totals, test: progress.evaluations[.test]?.totals,
            stateSHA256: snapshot.stateSHA256(layout, momentNames: names), isExact: isExact,
            platform: platform?.platform ?? setup.earlierPlatform ?? "", workers: mostWorkers,
            recoveries: recoveries,
            seconds: record.seconds,
            stoppedEarly: setup.plan.decisions.earlyStopping == nil ? nil : progress.stoppedEarly,
            best: progress.best.map { best in
                RunResult.Best(
                    monitor: setup.plan.decisions.best?.name ?? "", value: best.best ?? 0,
                    epoch: setup.plan.epoch(afterSteps: best.step), step: best.step)
            })
        do {
            try File.writeAtomically(result.value.prettyJSON() + "\n", to: setup.directory.resultPath)
        } catch {
            return end(
                .failed("the training reached its end, but result.json could not be written: \(error)"))
        }
        handle(.jobFinished)
        end(.finished, result)
    }

    /// Ends the run: tells everyone, then stops the loop once they have heard it.
    func end(_ end: RunOutcome.End, _ result: RunResult? = nil) {
        guard outcome == nil else { return }
        outcome = RunOutcome(end: end, result: result)
        reporter.finish()
        lookAfterProcesses()
        finishTiming()
        reportAudit()
        listener?.close()
        let connections = workers.values.map(\.control)
        for id in workers.keys.sorted() {
            switch end {
            case .finished where options.isFollowed:
                dismiss(id, .joinAgain("this member of the ensemble is trained"))
            case .finished: dismiss(id, .finish("the job has reached its end"))
            case .stopped: dismiss(id, .finish("the coordinator was stopped"))
            case .failed(let reason): dismiss(id, .refused("the run has failed: \(reason)"))
            }
        }
        stopOnceClosed(connections)
    }

    /// A worker closes its end when it has read the last word. Closing ours before that could throw away what is still on its way.
    private func stopOnceClosed(_ connections: [Connection]) {
        guard connections.contains(where: \.isOpen) else { return reactor.stop() }
        reactor.after(0.01) { [weak self] in self?.stopOnceClosed(connections) }  // `finish` bounds the waiting
    }
}
