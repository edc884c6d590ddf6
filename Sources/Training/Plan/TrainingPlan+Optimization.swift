import Collectives
import Kernels
import NeuralNetwork

extension TrainingPlan {
    /// The learning rate of a step (0 is the first), before the factors of single layers. `factor` is the
    /// plateau rule's.
    package func learningRate(step: Int, factor: Double = 1) -> Double {
        job.optimization.schedule.learningRate(
            job.optimizer.learningRate, step: step, totalSteps: totalSteps,
            stepsPerEpoch: geometry.stepsPerEpoch, factor: factor)
    }

    /// True if metrics.jsonl gets a line for the step that brings the count to `done`.
    package func isLogged(afterSteps done: Int) -> Bool { endsEpoch(done) || done % job.logEvery == 0 }

    /// The measurement of the gradient by its owners; nil if nothing uses it.
    package var gradientMeasurement: GradientMeasurement? {
        let optimization = job.optimization
        let isClipped = if case .globalNorm = optimization.clipping { true } else { false }
        guard isClipped || optimization.logsGradients else { return nil }
        let plan = self
        return GradientMeasurement(
            cells: GradientCells(network.layout).cells,
            width: optimization.logsGradients ? VectorNorms.width : 1,
            delaysUpdates: isClipped
        ) { step in isClipped || plan.isLogged(afterSteps: step + 1) }
    }

    // MARK: Diagnostics

    /// Activations whose units die: those that give nothing above 0 for half of their inputs.
    package var rectifiers: [PlannedLayer] { network.layers.filter { $0.countsDeadUnits } }
    /// The boundaries of their outputs.
    var rectifierBoundaries: Set<Int> {
        Set(network.layers.indices.filter { network.layers[$0].countsDeadUnits }.map { $0 + 1 })
    }

    private var weights: [ParameterTensor] { network.layout.tensors.filter { $0.role == .weight } }

    /// The exchange in which the positive outputs of every rectifier's units are counted, behind those of the
    /// layers.
    package var activityExchange: Int? {
        job.optimization.logsGradients && !rectifiers.isEmpty ? network.exchanges.count : nil
    }

    /// The statistics exchanges of a step.
    package var exchanges: [StatisticsOperation] {
        network.exchanges
            + (activityExchange == nil ? [] : [.sum(width: rectifiers.reduce(0) { $0 + $1.output.channels })])
    }

    /// The number of doubles after the report of the step that brings the count to `done`: L1, L2 and L∞ of
    /// each weight's gradient, then the fraction of each rectifier's units that are dead.
    package func diagnosticCount(afterSteps done: Int) -> Int {
        guard job.optimization.logsGradients, isLogged(afterSteps: done) else { return 0 }
        return 3 * weights.count + rectifiers.count
    }

    /// The same with their names: `(group, name, values)`.
    package func named(_ diagnostics: [Double]) -> (
        gradients: [(name: String, norms: [Double])], deadUnits: [(name: String, fraction: Double)]
    ) {
        precondition(
            diagnostics.count == 3 * weights.count + rectifiers.count,
            "the diagnostics are those of this plan")
        let gradients = weights.enumerated().map { ($1.name, Array(diagnostics[(3 * $0)..<(3 * $0 + 3)])) }
        let dead = rectifiers.enumerated().map { ($1.name, diagnostics[3 * weights.count + $0]) }
        return (gradients, dead)
    }
}
