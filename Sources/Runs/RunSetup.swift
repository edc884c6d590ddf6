import Checkpoints
import Configuration
import Datasets
import Jobs
import System
import Telemetry
import Training

extension Log {
    /// Records what is to be said about the data of a run.
    package func record(_ data: DecodedData) {
        for note in data.notes { record(.run(.dataNote(kind: note.kind, text: note.text, cure: note.cure))) }
        record(
            .run(
                .dataRead(
                    train: data.train.count, validation: data.validation?.count ?? 0,
                    test: data.test?.count ?? 0, summary: data.summary.joined(separator: "; "))))
    }
}

/// A run that is ready for workers: job read, data decoded, directory locked, start or resume state at hand.
package struct RunSetup {
    package let job: JobFile
    package let data: DecodedData
    package let plan: TrainingPlan
    package let directory: RunDirectory
    package let incarnation: Int
    package let start: Snapshot
    /// The numeric platform of the checkpoint that is resumed.
    package let earlierPlatform: String?
    /// False once workers of different numeric platforms have had a part in the state.
    package let wasExact: Bool

    /// The past of a resumed run.
    package let earlier: Earlier

    /// The figures of a run until the checkpoint from which it is resumed; nothing for a new one.
    package struct Earlier: Equatable, Sendable {
        /// Seconds of training.
        package var seconds = 0.0
        /// Generations that ended before their time.
        package var recoveries = 0

        package init() {}

        fileprivate init(_ state: CheckpointState) {
            seconds = state.seconds ?? 0
            recoveries = state.recoveries ?? 0
        }
    }

    /// The command line's request for a new or a resumed run.
    package struct Request {
        package enum Start: Equatable, Sendable {
            /// A new run begins, in a directory that has none.
            case new
            /// An earlier run goes on.
            case resumed
            /// The run in the directory goes on, if there is one; otherwise a new one begins.
            case automatic
        }

        package var runDirectory: String?
        package var start: Start

        package init(runDirectory: String? = nil, start: Start = .new) {
            (self.runDirectory, self.start) = (runDirectory, start)
        }

        /// The same request after a look into the directory: a new run or a resumed one.
        package var decided: Request {
            guard start == .automatic, let runDirectory else { return self }
            let start = RunDirectory.hasRun(runDirectory) ? Start.resumed : .new
            return Request(runDirectory: runDirectory, start: start)
        }

        /// Whether an earlier run goes on, once that is decided.
        package var resumes: Bool { start == .resumed }
    }

    /// Reads the data, plans the job, and makes or reopens the run directory.
    /// - Parameters:
    ///   - data: the job's, if they have been read already.
    ///   - check: called before anything large is made or the directory is: what it throws ends the start.
    /// - Throws: `DatasetError` if the data cannot be used, `PlanError` or `ConfigurationError` if the job
    ///   does not fit them, `CheckpointError` if the run cannot be resumed, or `SystemError` if a file fails.
    package init(
        _ job: JobFile, _ request: Request, log: Log, data known: DecodedData? = nil,
        check: (TrainingPlan, DecodedData) throws -> Void = { _, _ in }
    ) throws {
        let path = try Self.path(job.job.name, request)
        let resumed = request.resumes ? try RunDirectory.resume(path) : nil
        let earlier = try resumed.map { try JobFile.load(resolvedFile: $0.jobPath) }
        let given = try earlier.map { try job.inheriting(from: $0) } ?? job
        if known == nil { log.record(.run(.readingData)) }
        let data = try known ?? given.decodedData()
        self.data = data
        if known == nil { log.record(data) }
        do {
            let whole = try given.completed(with: data).withMicrobatches(ofRun: earlier, data.facts)
            plan = try TrainingPlan(whole.job, data.facts)
            self.job = whole.planned(plan)
        } catch {
            throw given.describe(error)
        }
        try check(plan, data)
        if let resumed, let earlier {
            try self.job.requireSame(as: earlier.withMicrobatches(ofRun: earlier, data.facts), in: resumed)
            directory = resumed
            incarnation = try resumed.nextIncarnation()
            let resumption = try Self.resumed(self.job, data, plan, from: resumed, log: log)
            start = resumption.snapshot
            earlierPlatform = resumption.platform
            wasExact = resumption.wasExact
            self.earlier = resumption.earlier
            // Whoever finds a result may take the run for finished.
            if start.step < plan.totalSteps && !start.decisions.isOver {
                try File.remove(directory.resultPath)
            }
        } else {
            // Before there is a directory: a mistake in the weights leaves none behind.
            start = try Self.initial(self.job, plan, log)
            directory = try RunDirectory.create(path)
            incarnation = try directory.nextIncarnation()
            earlierPlatform = nil
            wasExact = true
            self.earlier = Earlier()
        }
        try File.writeAtomically(
            self.job.resolved.prettyJSON(nonFinite: .json5) + "\n", to: directory.jobPath)
    }

    /// The run directory that the request means: one that exists, or a new name.
    /// - Throws: `CheckpointError` if there is no run to resume, or `SystemError` if `runs` cannot be read.
    package static func path(_ name: String, _ request: Request) throws -> String {
        if let path = request.runDirectory { return request.resumes ? try RunCatalog().path(of: path) : path }
        guard request.resumes else { return RunDirectory.newPath(named: name, in: "runs") }
        guard let newest = try RunDirectory.newestRun(named: name, in: "runs") else {
            throw CheckpointError(
                "there is no earlier run of `\(name)` in `runs` to resume; "
                    + "name its directory with --run-dir, or leave out --resume"
            )
        }
        return newest
    }

    /// The state before the first step.
    /// - Throws: `CheckpointError` or `SystemError` if the job's weights cannot be loaded.
    package static func initial(_ job: JobFile, _ plan: TrainingPlan, _ log: Log) throws -> Snapshot {
        let layout = plan.network.layout
        var snapshot = Snapshot(
            initial: layout, moments: job.job.momentNames.count, isAveraged: job.job.isAveraged,
            seed: job.job.seed)
        if let spec = job.job.weights {
            log.record(.run(.loadingWeights(file: spec.file)))
            let parts = try Weights(path: spec.file).load(into: &snapshot, plan, skip: spec.skip)
            if !parts.isEmpty { log.record(.run(.weightNamesUnwrapped(file: spec.file, parts: parts))) }
        }
        return snapshot
    }

    /// The state of a run that is resumed.
    private struct Resumption {
        let snapshot: Snapshot
        let platform: String?
        let wasExact: Bool
        let earlier: Earlier
    }

    private static func resumed(
        _ job: JobFile, _ data: DecodedData, _ plan: TrainingPlan, from directory: RunDirectory, log: Log
    ) throws -> Resumption {
        let newest = try directory.checkpoints.newestValid { log.record(.checkpoint(.skipped(reason: $0))) }
        guard let checkpoint = newest else {
            log.record(.checkpoint(.missing(directory: directory.path)))
            return Resumption(
                snapshot: try initial(job, plan, log), platform: nil, wasExact: true, earlier: Earlier())
        }
        let state = try CheckpointState(checkpoint)
        guard state.data == CheckpointState.identity(of: data) else {
            throw CheckpointError(
                "the data has changed since the checkpoint `\(checkpoint.path)` was written; "
                    + "restore the data, or start a new run with another --run-dir"
            )
        }
        guard state.normalization == data.normalization else {
            throw CheckpointError(
                "the normalisation of the checkpoint `\(checkpoint.path)` differs from the data's; "
                    + "start a new run"
            )
        }
        guard state.epochTotals.isEmpty || state.epochTotals.count == plan.trainReport.width else {
            throw CheckpointError(
                "the checkpoint `\(checkpoint.path)` has other sums of loss and metrics than this job; "
                    + "start a new run with another --run-dir"
            )
        }
        try state.checkOrder(for: plan, path: checkpoint.path)
        var snapshot = try Snapshot(
            checkpoint, layout: plan.network.layout, momentNames: job.job.momentNames,
            epochTotals: state.epochTotals)
        snapshot.decisions = state.decisions
        guard snapshot.step <= plan.totalSteps else {
            throw CheckpointError(
                "the checkpoint `\(checkpoint.path)` is at step \(snapshot.step), "
                    + "but the job now ends at step \(plan.totalSteps); raise epochs or max_steps"
            )
        }
        log.record(.run(.resumed(step: snapshot.step, checkpoint: checkpoint.path)))
        // A run that was stopped before any worker had come has no platform yet.
        return Resumption(
            snapshot: snapshot, platform: state.platform.isEmpty ? nil : state.platform,
            wasExact: state.isExact, earlier: Earlier(state))
    }
}

extension JobFile {
    /// Checks that the job is the one that a run was started with.
    ///
    /// - Parameters:
    ///   - earlier: that job.
    ///   - directory: the run's directory.
    /// - Throws: `CheckpointError`, which names all differences.
    package func requireSame(as earlier: JobFile, in directory: RunDirectory) throws {
        let differences = JobResolution.differences(earlier.resolved, resolved).map(\.description)
        guard differences.isEmpty else {
            throw CheckpointError(
                "the job differs from the one in `\(directory.path)`: "
                    + "\(differences.joined(separator: "; ")). Resume with the job as it was "
                    + "(only epochs, max_steps, checkpoint and logging may change), or start a new run"
            )
        }
    }

    /// The job with V of a run of version 0.2, where neither the config nor the run's own job has it.
    package func withMicrobatches(ofRun earlier: JobFile?, _ facts: DataFacts) -> JobFile {
        guard let earlier, earlier.isOfVersion02, job.microbatches == nil else { return self }
        let batch = min(earlier.job.batchSize ?? facts.trainCount, facts.trainCount)
        return withMicrobatches(BatchGeometry.microbatchesOfVersion02(batchSize: batch))
    }
}
