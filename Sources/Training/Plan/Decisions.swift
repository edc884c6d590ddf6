import Checkpoints
import Jobs
import NeuralNetwork

/// The consequences of an evaluation.
package struct Decision: Equatable, Sendable {
    /// The steps that were done.
    package var step: Int
    /// The factor of the schedule's learning rate from here on.
    package var factor: Double
    /// True if the job ends here.
    package var stops: Bool
    /// True if the model is the best so far.
    package var isBest: Bool

    package init(step: Int, factor: Double = 1, stops: Bool = false, isBest: Bool = false) {
        self.step = step
        self.factor = factor
        self.stops = stops
        self.isBest = isBest
    }
}

/// The rules by which a job decides after every evaluation: a pure function of what was evaluated so far.
///
/// A snapshot of step s carries the state from *before* the evaluation after s: a generation that begins
/// there evaluates again, and decides the same again.
package struct Decisions: Equatable, Sendable {
    package var earlyStopping: EarlyStopping?
    /// The measure by which the best checkpoint is chosen.
    package var best: MetricMonitor?
    /// The rule that lowers the learning rate.
    package var plateau: Plateau?

    package struct Plateau: Equatable, Sendable {
        package var monitor: MetricMonitor
        package var policy: PlateauPolicy
        /// The optimizer's learning rate.
        package var learningRate: Double

        package init(monitor: MetricMonitor, policy: PlateauPolicy, learningRate: Double) {
            self.monitor = monitor
            self.policy = policy
            self.learningRate = learningRate
        }
    }

    package init(earlyStopping: EarlyStopping? = nil, best: MetricMonitor? = nil, plateau: Plateau? = nil) {
        self.earlyStopping = earlyStopping
        self.best = best
        self.plateau = plateau
    }

    package init(_ job: Job) {
        self.init(earlyStopping: job.earlyStopping, best: job.checkpoint.best)
        guard case .reduceOnPlateau(let policy) = job.optimization.schedule.shape,
            let monitor = MetricMonitor.parse(policy.monitor, mode: policy.higherIsBetter ? .max : .min)
        else { return }
        plateau = Plateau(monitor: monitor, policy: policy, learningRate: job.optimizer.learningRate)
    }

    package var isEmpty: Bool { earlyStopping == nil && best == nil && plateau == nil }

    package var monitors: [MetricMonitor] {
        [earlyStopping?.monitor, best, plateau?.monitor].compactMap { $0 }
    }

    /// Decides after the evaluation at `step`; nil for a value that could not be measured counts as no
    /// improvement.
    package func decide(_ state: inout DecisionState, after step: Int, _ measured: (MetricMonitor) -> Double?)
        -> Decision
    {
        var decision = Decision(step: step)
        if let earlyStopping {
            let value = measured(earlyStopping.monitor)
            state.earlyStopping.see(
                value, after: step, earlyStopping.monitor, delta: earlyStopping.minimumDelta)
            decision.stops = state.earlyStopping.waited >= earlyStopping.patience
        }
        if let best {
            if state.bestMonitor != best.name {
                (state.best, state.bestMonitor) = (DecisionState.Watch(), best.name)
            }
            decision.isBest = state.best.see(measured(best), after: step, best)
        }
        if let plateau {
            var rule = PlateauRule(plateau.policy, learningRate: plateau.learningRate)
            (rule.best, rule.badObservations, rule.factor) = (
                state.plateau.best, state.plateau.waited, state.factor
            )
            state.factor = rule.observe(measured(plateau.monitor).flatMap { $0.isFinite ? $0 : nil } ?? .nan)
            if rule.best != state.plateau.best { state.plateau.step = step }
            (state.plateau.best, state.plateau.waited) = (rule.best, rule.badObservations)
        }
        decision.factor = state.factor
        return decision
    }
}

extension DecisionState.Watch {
    /// Takes in one more value; true if it is the best.
    @discardableResult
    mutating func see(_ value: Double?, after step: Int, _ monitor: MetricMonitor, delta: Double = 0) -> Bool
    {
        guard let value, monitor.isBetter(value, than: best, by: delta) else {
            waited += 1
            return false
        }
        best = value
        self.step = step
        waited = 0
        return true
    }
}
