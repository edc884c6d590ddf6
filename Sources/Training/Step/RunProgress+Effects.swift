import Checkpoints

extension RunProgress {
    /// A consequence of an event. The owner of the progress carries the effects out in order.
    package enum Effect: Equatable, Sendable {
        /// A step is done. Comes at once.
        case stepDone(StepDone)
        /// The step belongs into the metrics. Comes in the order of the job, behind the epochs before it.
        case stepLogged(StepDone)
        /// All chunks of an evaluation have arrived.
        case evaluated(Evaluation)
        /// An epoch, or the job, has ended, and everything that is told of it has arrived. Comes in the order
        /// of the job.
        case epochDone(EpochDone)
        /// The rules have decided how the training continues. The members wait for it.
        case decided(Decision)
        /// The steps up to this one will not be computed again.
        case confirmed(through: Int)
        /// A snapshot is complete. It is the one that the next generation begins with.
        case snapshotTaken(Snapshot)
    }

    /// A step that is done.
    package struct StepDone: Equatable, Sendable {
        /// Steps that are done: 1 after the first.
        package let step: Int
        /// The epoch that the step belongs to, from 1.
        package let epoch: Int
        /// The sums over the step's batch.
        package let report: Totals
        /// The sums over the epoch so far.
        package let epochTotals: Totals
        /// The rate that the step was made with; nil for a job that trains no model.
        package let learningRate: Double?
        /// Gradient norms and dead units, as `TrainingPlan.named` names them; empty where none are logged.
        package let diagnostics: [Double]
        /// When the step was done, in the seconds that `stepDone` was given.
        package let seconds: Double
    }

    /// A complete evaluation of one set.
    package struct Evaluation: Equatable, Sendable {
        package let set: EvaluationSet
        /// The steps that were done.
        package let step: Int
        package let totals: Totals
    }

    /// An epoch that has ended.
    package struct EpochDone: Equatable, Sendable {
        /// From 1.
        package let epoch: Int
        /// The steps that were done.
        package let step: Int
        /// The sums over the epoch's batches.
        package let train: Totals
        /// The regularization's part of the objective at the end; nil if nothing is regularized.
        package let penalty: Double?
        /// The evaluation at the end; nil without a validation set.
        package let validation: Totals?
        /// True if the job ends here, before the plan's last step.
        package let stoppedEarly: Bool
        /// Whether it is the best so far by the job's measure; nil if the job has none.
        package let isBest: Bool?
    }
}

/// A report that cannot be right, whatever was computed: the worker that sent it runs another program.
package struct InvalidReport: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
