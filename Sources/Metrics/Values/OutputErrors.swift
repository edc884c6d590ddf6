/// The errors of one output, for samples that may count several times.
struct OutputErrors: Sendable {
    private let residuals: [Double]
    private let targets: [Double]
    /// The samples in the order of |residual|, and these.
    private let order: [Int]
    private let magnitudes: [Double]

    init(_ predictions: ValuePredictions, output: Int) {
        let residuals = predictions.residuals(of: output)
        self.residuals = residuals
        targets = predictions.targets(of: output)
        order = residuals.indices.sorted { residuals[$0].magnitude < residuals[$1].magnitude }
        magnitudes = order.map { residuals[$0].magnitude }
    }

    struct Values {
        var r2: Double
        var mse: Double
        var mae: Double
        var medianError: Double
    }

    /// - Parameter weights: how often each sample counts.
    func values(_ weights: [Double]) -> Values {
        var (count, sum) = (0.0, 0.0)
        for (target, weight) in zip(targets, weights) {
            count += weight
            sum += weight * target
        }
        let mean = sum / count
        var (squares, magnitudes, variation) = (0.0, 0.0, 0.0)
        for (index, weight) in weights.enumerated() {
            let (residual, deviation) = (residuals[index], targets[index] - mean)
            squares += weight * residual * residual
            magnitudes += weight * residual.magnitude
            variation += weight * deviation * deviation
        }
        return Values(
            r2: variation > 0 ? 1 - squares / variation : squares == 0 ? 1 : 0, mse: squares / count,
            mae: magnitudes / count,
            medianError: Quantile.median(self.magnitudes, weights: order.map { weights[$0] }))
    }

    /// The residuals (target − prediction) at some quantiles.
    func quantiles(_ places: [Double]) -> [Double] {
        let sorted = residuals.sorted()
        return places.map { Quantile.linear(sorted, $0) }
    }
}
