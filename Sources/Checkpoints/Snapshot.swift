import NeuralNetwork

/// Everything that a later bit depends on, after `step` steps; what does not change during a job (the data, the job) is beside it as hashes.
package struct Snapshot: Equatable, Sendable {
    /// Steps that are done. Epoch and place in it follow from this.
    package var step: Int
    /// The flat vectors.
    package var parameters: [Float]
    package var moments: [[Float]]
    package var statistics: [Float]
    /// The report's sums since the epoch began; empty where there are none yet.
    package var epochTotals: [Double]
    /// As before an evaluation after this step.
    package var decisions = DecisionState()

    package init(
        step: Int, parameters: [Float], moments: [[Float]], statistics: [Float], epochTotals: [Double]
    ) {
        (self.step, self.parameters, self.moments) = (step, parameters, moments)
        (self.statistics, self.epochTotals) = (statistics, epochTotals)
    }

    /// The state before the first step.
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
