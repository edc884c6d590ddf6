import Checkpoints
import NeuralNetwork
import Runs
import System
import Training

// The result of a run, and the content of its checkpoints beside the tensors.

extension Coordinator {
    /// The content of `result.json`.
    func result() -> RunResult {
        let (plan, snapshot) = (setup.plan, progress.snapshot)
        let (layout, names) = (plan.network.layout, setup.job.job.momentNames)
        var result = RunResult(
            steps: snapshot.step, epochs: plan.epoch(afterSteps: snapshot.step), train: progress.train,
            penalty: progress.penalty,
            validation: progress.evaluations[.validation]?.totals, test: progress.evaluations[.test]?.totals,
            stateSHA256: snapshot.stateSHA256(layout, momentNames: names), isExact: platform.isExact,
            platform: platform.name, workers: generations.mostMembers, recoveries: recoveries,
            seconds: record.seconds,
            stoppedEarly: plan.decisions.earlyStopping == nil ? nil : progress.stoppedEarly,
            best: progress.best.map { best in
                RunResult.Best(
                    monitor: plan.decisions.best?.name ?? "", value: best.best ?? 0,
                    epoch: plan.epoch(afterSteps: best.step), step: best.step,
                    checkpoint: setup.directory.checkpoints.path(ofStep: best.step))
            },
            origin: RunResult.Origin(
                name: setup.job.job.name, directory: setup.directory.path,
                classNames: setup.data.train.classNames,
                started: RunOrigin(reading: setup.directory.originPath)?.started, ended: Clock.timestamp()))
        if setup.earlier.seconds > 0 { result.secondsSinceResume = record.sessionSeconds }
        return result
    }

    var checkpointFacts: CheckpointWriter.Facts {
        let (data, train) = (setup.data, setup.data.train.form)
        let identity = CheckpointState.identity(of: data)
        let sets = CheckpointState.sets(of: data)
        let job = setup.job.resolved.compactJSON(nonFinite: .json5)
        let (normalization, encoding) = (data.normalization, data.encoding)
        let targetWidth: Int? = if case .values(let width) = train.targets { width } else { nil }
        let sequences = data.sequenceFacts
        return CheckpointWriter.Facts(
            layout: setup.plan.network.layout, momentNames: setup.job.job.momentNames,
            keep: setup.job.job.checkpoint.keep
        ) { snapshot, circumstances in
            var state = CheckpointState(
                data: identity, sets: sets, normalization: normalization, encoding: encoding,
                epochTotals: snapshot.epochTotals,
                platform: circumstances.platform, isExact: circumstances.isExact,
                decisions: snapshot.decisions, job: job,
                sampleShape: train.sampleShape, targetWidth: targetWidth, trainCount: train.count
            )
            state.sequences = sequences
            state.seconds = circumstances.seconds
            state.recoveries = circumstances.recoveries
            return state.value
        }
    }
}
