import Checkpoints
import Configuration
import Jobs
import Kernels
import NeuralNetwork
import System
import Training

/// A trained network with all that it takes to use it: what a checkpoint holds.
package struct TrainedModel: Sendable {
    /// The checkpoint's directory.
    package let path: String
    package let step: Int
    package let job: JobFile
    package let state: CheckpointState
    private let checkpoint: Checkpoint

    /// The checkpoints that a path of the command line stands for: itself, a run's best or else newest one,
    /// or one of every member of an ensemble.
    /// - Throws: `CheckpointError` if there is no whole checkpoint, or `SystemError` if a file fails.
    package static func checkpoints(at path: String, reporting report: (String) -> Void) throws
        -> [Checkpoint]
    {
        guard Directory.isDirectory(path) else {
            throw CheckpointError(
                "`\(path)` is neither a run directory nor a checkpoint; name one of the directories in `runs`"
            )
        }
        if File.exists(Path.join(path, "manifest.json")) { return [try Checkpoint(path: path)] }
        let members = EnsembleDirectory.members(of: path)
        if !members.isEmpty { return try members.flatMap { try checkpoints(at: $0, reporting: report) } }
        guard let checkpoint = try RunDirectory.checkpoints(of: path).bestOrNewest(reporting: report) else {
            throw CheckpointError(
                "`\(path)` has no whole checkpoint; "
                    + "name a run directory whose training has reached one, or a checkpoint"
            )
        }
        return [checkpoint]
    }

    /// - Parameter overrides: `--set` texts for the job that the checkpoint keeps.
    /// - Throws: `CheckpointError` if the checkpoint has no state or job, or `ConfigurationError` if the job
    ///   or an override has mistakes.
    package init(_ checkpoint: Checkpoint, overrides: [String] = []) throws {
        state = try CheckpointState(checkpoint)
        guard let text = state.job else {
            throw CheckpointError(
                "`\(checkpoint.path)` was written by an earlier version, without its job; train again")
        }
        job = try JobFile.load(text: text, named: "the job in \(checkpoint.path)", overrides: overrides)
        path = checkpoint.path
        step = checkpoint.step
        self.checkpoint = checkpoint
    }

    /// The parameters and running statistics.
    /// - Throws: `CheckpointError` if a tensor is missing or has another shape or type.
    package func snapshot(_ layout: ParameterLayout) throws -> Snapshot {
        try Snapshot(checkpoint, layout: layout, momentNames: [], epochTotals: state.epochTotals)
    }

    /// - Parameter kept: boundaries whose values are asked for, besides the outputs.
    /// - Throws: `CheckpointError` if a tensor is missing or has another shape or type.
    package func predictor(_ plan: TrainingPlan, lanes: LanePool, keeping kept: Set<Int> = []) throws
        -> Predictor
    {
        try state.checkOrder(for: plan, path: path)
        let snapshot = try snapshot(plan.network.layout)
        return Predictor(
            plan: plan, normalization: state.normalization, parameters: snapshot.parameters,
            statistics: snapshot.statistics, lanes: lanes,
            keeping: kept)
    }

    /// The models as one that answers with the mean of their probabilities or values.
    /// - Parameter kept: returns the boundaries of a model whose values are needed, besides the outputs.
    /// - Throws: `CheckpointError` if they cannot answer together, and what `predictor` and `plan` throw.
    package static func ensemble(
        _ models: [TrainedModel], lanes: LanePool,
        keeping kept: (TrainingPlan) throws -> Set<Int> = { _ in [] }
    ) throws -> EnsemblePredictor {
        try ModelEvaluation.requireSameSamples(models)
        let plans = try models.map { try $0.plan() }
        try ModelEvaluation.requireSameOutputs(models, plans)
        return EnsemblePredictor(
            try zip(models, plans).map { try $0.predictor($1, lanes: lanes, keeping: kept($1)) })
    }

    /// The model of a k-means or PCA job; nil for a job that trains a network.
    /// - Throws: `CheckpointError` if a tensor is missing or has another shape or type.
    package func measured(_ plan: TrainingPlan, lanes: LanePool) throws -> MeasuredModel? {
        guard job.job.task != .training else { return nil }
        try state.checkOrder(for: plan, path: path)
        let snapshot = try snapshot(plan.network.layout)
        return MeasuredModel(
            plan: plan, normalization: state.normalization, statistics: snapshot.statistics, lanes: lanes)
    }

    /// The network as other programs take it, and its state: adapters have become part of its weights.
    /// - Throws: `CheckpointError` or `PlanError`, as `plan` and `snapshot`.
    package func merged() throws -> (plan: TrainingPlan, snapshot: Snapshot) {
        let plan = try plan()
        var snapshot = try snapshot(plan.network.layout)
        guard let adapters = plan.job.adapters else { return (plan, snapshot) }
        var job = plan.job
        (job.adapters, job.freeze, job.optimization.rateFactors) = (nil, [], [])
        let merged = try TrainingPlan(job, plan.facts)
        snapshot.parameters = adapters.merge(
            snapshot.parameters, plan.network.layout, into: merged.network.layout)
        return (merged, snapshot)
    }

    /// The plan of the network without any data.
    /// - Throws: `CheckpointError` if the checkpoint does not describe its samples, or `PlanError` if the job
    ///   cannot be planned.
    package func plan() throws -> TrainingPlan {
        guard let shape = state.sampleShape else {
            throw CheckpointError(
                "`\(path)` was written by an earlier version, which did not keep the shape of samples; "
                    + "train again"
            )
        }
        let count = shape.reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? .max : $0 * $1 }
        let channels = shape.last ?? 1
        guard count <= 1 << 31, state.normalization.shift.count == channels,
            state.normalization.factor.count == channels
        else {
            throw CheckpointError(
                "`\(path)` says of its samples what cannot be; use another checkpoint, or train again")
        }
        let facts = DataFacts(
            sampleShape: shape, classCount: state.classNames?.count, targetWidth: state.targetWidth,
            trainCount: state.trainCount ?? 1, validationCount: 1, testCount: 1, sequences: state.sequences)
        return try TrainingPlan(job.job, facts)
    }
}

/// The directories of the members of an ensemble.
package enum EnsembleDirectory {
    package static func member(_ index: Int, of path: String) -> String { Path.join(path, "member-\(index)") }

    /// The run directories of the members that have begun, in order; none for a run of one model.
    package static func members(of path: String) -> [String] {
        var members: [String] = []
        while Directory.isDirectory(member(members.count, of: path)) {
            members.append(member(members.count, of: path))
        }
        return members
    }
}
