/// The predicted values of a set of samples, beside their targets.
package struct ValuePredictions: Sendable {
    /// The name of each output.
    package let names: [String]
    /// The number of samples.
    package let count: Int
    /// `[samples, outputs]`
    package let values: [Double]
    package let targets: [Double]

    package init(names: [String], count: Int, values: [Double], targets: [Double]) {
        precondition(
            values.count == count * names.count && targets.count == values.count,
            "each sample has a value and a target for each output")
        self.names = names
        self.count = count
        self.values = values
        self.targets = targets
    }

    /// Target − prediction of one output of a sample.
    package func residual(of output: Int, sample: Int) -> Double {
        targets[sample * names.count + output] - values[sample * names.count + output]
    }

    /// Target − prediction of one output, for each sample.
    package func residuals(of output: Int) -> [Double] {
        (0..<count).map { residual(of: output, sample: $0) }
    }

    func targets(of output: Int) -> [Double] { (0..<count).map { targets[$0 * names.count + output] } }
}
