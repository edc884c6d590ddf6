/// A report on predicted values: a line for each output, and measures with their intervals.
package struct ValueReport: Sendable {
    package struct Line: Sendable {
        package let name: String
        package let r2: Double
        package let mae: Double
        package let rmse: Double
        package let medianError: Double
        /// The residuals, target − prediction, at the quantiles `ValueReport.quantiles`.
        package let residuals: [Double]
    }

    /// The quantiles of the residuals, with their names.
    package static let quantiles: [(name: String, place: Double)] = [
        ("min", 0), ("q05", 0.05), ("q25", 0.25), ("median", 0.5), ("q75", 0.75), ("q95", 0.95), ("max", 1),
    ]

    /// One for each output.
    package let outputs: [Line]
    package let measures: [Measure<ValueMetric>]
    package let resampling: Resampling

    package init(_ predictions: ValuePredictions, _ metrics: [ValueMetric], resampling: Resampling) {
        let ones = [Double](repeating: 1, count: predictions.count)
        let errors = predictions.names.indices.map { OutputErrors(predictions, output: $0) }
        outputs = zip(predictions.names, errors).map { name, errors in
            let values = errors.values(ones)
            return Line(
                name: name, r2: values.r2, mae: values.mae, rmse: values.mse.squareRoot(),
                medianError: values.medianError,
                residuals: errors.quantiles(Self.quantiles.map(\.place)))
        }
        let limited = resampling.limited(work: predictions.values.count)
        self.resampling = limited
        let values = Self.values(errors, metrics, ones)
        let intervals = limited.intervals(samples: predictions.count) { Self.values(errors, metrics, $0) }
        measures = metrics.indices.map {
            Measure(metric: metrics[$0], value: values[$0], interval: intervals[$0], isExact: false)
        }
    }

    private static func values(_ errors: [OutputErrors], _ metrics: [ValueMetric], _ weights: [Double])
        -> [Double]
    {
        let outputs = errors.map { $0.values(weights) }
        func mean(_ value: (OutputErrors.Values) -> Double) -> Double {
            outputs.reduce(0) { $0 + value($1) } / Double(outputs.count)
        }
        return metrics.map { metric in
            switch metric {
            case .r2: mean(\.r2)
            case .mse: mean(\.mse)
            case .rmse: mean(\.mse).squareRoot()
            case .mae: mean(\.mae)
            case .medianError: mean(\.medianError)
            }
        }
    }
}
