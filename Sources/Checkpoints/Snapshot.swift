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
    /// One flat vector for each moment of the optimizer, then that of the parameters' average, if there is
    /// one.
    package var moments: [[Float]]
    /// True if the last of `moments` is the average of the parameters, which is evaluated in place of them.
    package var isAveraged: Bool
    /// The flat vector of running statistics.
    package var statistics: [Float]
    /// The report's sums since the epoch began; empty if no step of the epoch is completed.
    package var epochTotals: [Double]
    /// The state of the rules before the evaluation after this step.
    package var decisions = DecisionState()

    package init(
        step: Int, parameters: [Float], moments: [[Float]], isAveraged: Bool = false, statistics: [Float],
        epochTotals: [Double]
    ) {
        self.step = step
        self.parameters = parameters
        self.moments = moments
        self.isAveraged = isAveraged
        self.statistics = statistics
        self.epochTotals = epochTotals
    }

    /// Makes the state before the first step.
    /// - Parameter moments: the number of vectors beside the parameters: the optimizer's moments and the
    ///   average.
    package init(initial layout: ParameterLayout, moments: Int, isAveraged: Bool = false, seed: UInt64) {
        step = 0
        parameters = Array(repeating: 0, count: layout.parameterSpace)
        statistics = Array(repeating: 0, count: layout.statisticsCount)
        self.moments = Array(repeating: Array(repeating: 0, count: layout.flatCount), count: moments)
        self.isAveraged = isAveraged
        epochTotals = []
        parameters.withUnsafeMutableBufferPointer { layout.initialize($0.baseAddress!, seed: seed) }
        statistics.withUnsafeMutableBufferPointer { values in
            if let base = values.baseAddress { layout.initializeStatistics(base) }
        }
        beginAverage()
    }

    /// Begins the average, if there is one, as the parameters.
    mutating func beginAverage() {
        guard isAveraged, let last = moments.indices.last else { return }
        moments[last] = Array(parameters.prefix(moments[last].count))
    }

    /// The parameters that are evaluated and exported: their average, with the frozen tensors behind it, or
    /// the parameters themselves.
    package var evaluatedParameters: [Float] {
        guard isAveraged, let average = moments.last else { return parameters }
        return average + parameters.dropFirst(average.count)
    }
}
