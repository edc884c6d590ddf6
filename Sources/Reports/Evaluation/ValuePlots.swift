import Metrics
import System

/// The drawings of predicted values.
package struct ValuePlots {
    private let predictions: ValuePredictions
    private let report: ValueReport
    /// Added to targets and predictions, because the data's encoding subtracted it; empty: nothing.
    private let offsets: [Double]

    /// Points of a scatter plot.
    static let mostPoints = 2_000
    /// The most outputs with plots of their own; of more, those with the least R².
    package static let mostOutputs = 4
    static let mostLines = 200
    static let bins = 30

    init(_ predictions: ValuePredictions, _ report: ValueReport, offsets: [Double]) {
        self.predictions = predictions
        self.report = report
        self.offsets = offsets
    }

    var plots: [Plot] {
        let order = report.outputs.indices.sorted {
            (report.outputs[$0].r2, $0) < (report.outputs[$1].r2, $1)
        }
        let shown =
            order.count > Self.mostOutputs ? order.prefix(Self.mostOutputs).sorted() : order.sorted()
        return [measures] + shown.flatMap { [fit($0), residuals($0), histogram($0)] } + [lines(order)]
    }

    private var measures: Plot {
        Plot(
            .evaluation, "Measures",
            note: "Intervals of 95 %: percentiles of \(TextFormat.grouped(report.resampling.count)) bootstrap"
                + " resamples of the samples.",
            alt: report.measures.first { $0.metric == .r2 }?.value.map { "R² is \(TextFormat.fixed($0, 4))." }
                ?? "Measures with intervals.",
            .table(
                [
                    Plot.Column("measure", isNumber: false), Plot.Column("value"), Plot.Column("from"),
                    Plot.Column("to"),
                ],
                rows: report.measures.map {
                    [
                        .text($0.metric.rawValue), .optional($0.value), .optional($0.interval?.lowerBound),
                        .optional($0.interval?.upperBound),
                    ]
                }))
    }

    // MARK: An output

    private func values(_ values: [Double], _ output: Int, _ places: [Int]) -> [Double] {
        let offset = offsets.indices.contains(output) ? offsets[output] : 0
        return places.map { values[$0 * predictions.names.count + output] + offset }
    }

    private var places: [Int] { Thinning.places(predictions.count, most: Self.mostPoints) }

    private var thinned: String? {
        predictions.count > Self.mostPoints
            ? "\(TextFormat.grouped(Self.mostPoints)) of \(TextFormat.grouped(predictions.count)) samples, at"
                + " equal distances." : nil
    }

    private func name(_ output: Int) -> String { predictions.names[output] }

    private func fit(_ output: Int) -> Plot {
        let line = report.outputs[output]
        return Plot(
            .evaluation, "Predicted against true: \(name(output))", note: thinned,
            alt: "R² is \(TextFormat.fixed(line.r2, 4)), the mean absolute error"
                + " \(TextFormat.measure(line.mae)).",
            .scatter(
                x: Plot.Axis("true \(name(output))"), y: Plot.Axis("predicted \(name(output))"),
                [
                    Plot.Series(
                        "samples", x: values(predictions.targets, output, places),
                        y: values(predictions.values, output, places), draw: .dots)
                ], diagonal: true))
    }

    private func residuals(_ output: Int) -> Plot {
        let predicted = values(predictions.values, output, places)
        let residuals = places.map { predictions.residual(of: output, sample: $0) }
        return Plot(
            .evaluation, "Residuals against predicted: \(name(output))",
            note: "A residual is the true value minus the predicted one."
                + (thinned.map { " Shown are \($0)" } ?? ""),
            alt:
                "Half of the residuals lie between \(TextFormat.measure(report.outputs[output].residuals[2]))"
                + " and \(TextFormat.measure(report.outputs[output].residuals[4])).",
            .scatter(
                x: Plot.Axis("predicted \(name(output))"), y: Plot.Axis("residual"),
                [Plot.Series("samples", x: predicted, y: residuals, draw: .dots)]))
    }

    private func histogram(_ output: Int) -> Plot {
        let (edges, counts) = Histogram.of(predictions.residuals(of: output), bins: Self.bins)
        let line = report.outputs[output]
        return Plot(
            .evaluation, "Residuals: \(name(output))",
            alt: "The residuals lie between \(TextFormat.measure(line.residuals[0])) and"
                + " \(TextFormat.measure(line.residuals[6])), their median is"
                + " \(TextFormat.measure(line.residuals[3])).",
            .histogram(x: Plot.Axis("residual (true − predicted)"), edges: edges, counts: counts))
    }

    // MARK: A line for each output

    /// - Parameter order: the outputs, the worst first.
    private func lines(_ order: [Int]) -> Plot {
        let isLong = order.count > Self.mostLines
        let shown = isLong ? Array(order.prefix(Self.mostLines)) : order.sorted()
        return Plot(
            .evaluation, "Report for each value",
            note: "Residuals (true − predicted) at some quantiles."
                + (isLong ? " Shown are the \(Self.mostLines) with the least R²." : ""),
            alt: order.first.map {
                "The least R² is \(TextFormat.fixed(report.outputs[$0].r2, 4)), of \(name($0))."
            } ?? "There are no values.",
            .table(
                [Plot.Column("value", isNumber: false)]
                    + (["R²", "MAE", "RMSE", "median error"] + ValueReport.quantiles.map(\.name)).map {
                        Plot.Column($0)
                    },
                rows: shown.map { output in
                    let line = report.outputs[output]
                    return [.text(line.name)]
                        + ([line.r2, line.mae, line.rmse, line.medianError] + line.residuals).map {
                            .number($0)
                        }
                }))
    }
}

/// Counts of numbers in bins of equal width.
package enum Histogram {
    /// - Returns: one edge more than counts; the last bin contains its upper end.
    package static func of(_ values: [Double], bins: Int) -> (edges: [Double], counts: [Int]) {
        let finite = values.filter(\.isFinite)
        guard let least = finite.min(), let greatest = finite.max() else { return ([0, 1], [0]) }
        guard greatest > least, (greatest - least).isFinite else {
            let margin = max(0.5, least.magnitude * 1e-6)
            return ([least - margin, least + margin], [finite.count])
        }
        let width = (greatest - least) / Double(bins)
        var counts = [Int](repeating: 0, count: bins)
        for value in finite { counts[min(bins - 1, max(0, Int((value - least) / width)))] += 1 }
        return ((0...bins).map { $0 == bins ? greatest : least + Double($0) * width }, counts)
    }
}
