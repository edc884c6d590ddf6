import Configuration
import Metrics
import Runs

/// The sentences and tables of `evaluate` on predictions, beside the loss and the metrics of the job.
package struct EvaluationReport {
    package enum Content {
        case classes(ClassReport, confusionMatrix: [[Int]]?)
        case values(ValueReport)
    }

    package let content: Content
    package let requested: RequestedMetrics

    /// - Parameter names: of the classes, answers or values.
    package init?(
        _ predictions: RecordedPredictions, named names: [String], _ requested: RequestedMetrics,
        resampling: Resampling = Resampling()
    ) {
        self.requested = requested
        if let classes = predictions.classes(named: names) {
            let metrics = requested.classMetrics(
                predictions.kind, areProbabilities: predictions.areProbabilities)
            content = .classes(
                ClassReport(classes, metrics, resampling: resampling),
                confusionMatrix: ClassReport.confusionMatrix(classes))
        } else if let values = predictions.values(named: names) {
            content = .values(ValueReport(values, requested.valueMetrics, resampling: resampling))
        } else {
            return nil
        }
    }
}

// MARK: - JSON

extension EvaluationReport {
    /// The metrics that `--metrics` named, under the words that were used.
    package var namedMembers: [(String, ConfigValue)] {
        requested.named.compactMap { word, item in
            switch (item, content) {
            case (.classMetric(let metric), .classes(let report, _)):
                (word, Self.number(report.measures.first { $0.metric == metric }?.value))
            case (.valueMetric(let metric), .values(let report)):
                (word, Self.number(report.measures.first { $0.metric == metric }?.value))
            case (.confusionMatrix, .classes(_, let matrix)): matrix.map { (word, Self.matrix($0)) }
            case (.residualQuantiles, .values(let report)):
                (
                    word,
                    report.outputs.count == 1
                        ? Self.residuals(report.outputs[0])
                        : .array(report.outputs.map(Self.residuals))
                )
            default: nil
            }
        }
    }

    package var value: ConfigValue {
        switch content {
        case .classes(let report, let matrix):
            let matrix = report.classes.count <= 100 ? matrix : nil
            return .object(
                [("classes", .array(report.classes.map(Self.line)))]
                    + report.averages.map { ($0.name, Self.line($0)) }
                    + (matrix.map { [("confusion_matrix", Self.matrix($0))] } ?? [])
                    + [("metrics", Self.measures(report.measures) { $0.name })]
                    + Self.method(report.resampling))
        case .values(let report):
            return .object(
                [
                    ("outputs", .array(report.outputs.map(Self.line))),
                    ("metrics", Self.measures(report.measures) { $0.rawValue }),
                ] + Self.method(report.resampling))
        }
    }

    private static func line(_ line: ClassReport.Line) -> ConfigValue {
        .object([
            ("name", .string(line.name)), ("precision", .number(line.precision)),
            ("recall", .number(line.recall)), ("f1", .number(line.f1)), ("support", .int(line.support)),
            ("roc_auc", number(line.rocAUC)), ("pr_auc", number(line.prAUC)),
        ])
    }

    private static func line(_ line: ValueReport.Line) -> ConfigValue {
        .object([
            ("name", .string(line.name)), ("r2", .number(line.r2)), ("mae", .number(line.mae)),
            ("rmse", .number(line.rmse)), ("median_error", .number(line.medianError)),
            ("residual_quantiles", residuals(line)),
        ])
    }

    private static func residuals(_ line: ValueReport.Line) -> ConfigValue {
        .object(zip(ValueReport.quantiles, line.residuals).map { ($0.name, .number($1)) })
    }

    private static func measures<Metric>(_ measures: [Measure<Metric>], name: (Metric) -> String)
        -> ConfigValue
    {
        .object(
            measures.map { measure in
                let interval: ConfigValue? = measure.interval.map {
                    .array([.number($0.lowerBound), .number($0.upperBound)])
                }
                return (
                    name(measure.metric),
                    .object([
                        ("value", number(measure.value)),
                        ("interval", interval ?? .null),
                        ("method", .string(measure.isExact ? "clopper_pearson" : "bootstrap")),
                    ])
                )
            })
    }

    private static func method(_ resampling: Resampling) -> [(String, ConfigValue)] {
        [
            ("confidence", .number(Resampling.confidence)), ("resamples", .int(resampling.count)),
            ("resampling_seed", .unsigned(resampling.seed)),
        ]
    }

    private static func number(_ value: Double?) -> ConfigValue { value.map { .number($0) } ?? .null }

    private static func matrix(_ matrix: [[Int]]) -> ConfigValue {
        .array(matrix.map { .array($0.map { .int($0) }) })
    }
}
