import NeuralNetwork

/// The state of training after `step` steps: everything that a later bit depends on and that changes during a
/// job. Data and job do not change; checkpoints hold their hashes.
///
///     let start = Snapshot(initial: plan.network.layout, moments: 2, seed: 42)     // Adam has two moments
///     start.stateSHA256(layout, momentNames: ["exp_avg", "exp_avg_sq"])
package struct Snapshot: Equatable, Sendable {
    /// The number of completed steps. The epoch and the position in it follow from this.
    package var step: Int
    /// The flat vector of parameters.
    package var parameters: [Float]
    /// One flat vector for each moment of the optimizer.
    package var moments: [[Float]]
    /// The flat vector of running statistics.
    package var statistics: [Float]
    /// The report's sums since the epoch began; empty if no step of the epoch is completed.
    package var epochTotals: [Double]
    /// The state of the rules before the evaluation after this step.
    package var decisions = DecisionState()

    package init(
        step: Int, parameters: [Float], moments: [[Float]], statistics: [Float], epochTotals: [Double]
    ) {
        self.step = step
        self.parameters = parameters
        self.moments = moments
        self.statistics = statistics
        self.epochTotals = epochTotals
    }

    /// Makes the state before the first step.
    /// - Parameter moments: the number of the optimizer's moments.
    package init(initial layout: ParameterLayout, moments: Int, seed: UInt64) {
        step = 0
        parameters = Array(repeating: 0, count: layout.parameterSpace)
        statistics = Array(repeating: 0, count: layout.statisticsCount)
        self.moments = Array(repeating: Array(repeating: 0, count: layout.flatCount), count: moments)
        epochTotals = []
        parameters.withUnsafeMutableBufferPointer { layout.initialize($0.baseAddress!, seed: seed) }
        statistics.withUnsafeMutableBufferPointer { values in
            if let base = values.baseAddress { layout.initializeStatistics(base) }
        }
    }
}
