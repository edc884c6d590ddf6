/// A report on predicted classes: a line for each class, averages, and measures with their intervals.
package struct ClassReport: Sendable {
    package struct Line: Sendable {
        package let name: String
        package let precision: Double
        package let recall: Double
        package let f1: Double
        /// The number of samples of the class.
        package let support: Int
        /// The class against the rest; nil where it is not defined.
        package let rocAUC: Double?
        package let prAUC: Double?
    }

    /// One for each class.
    package let classes: [Line]
    /// The averages, named like `ClassMetric.Average`: macro, micro, weighted.
    package let averages: [Line]
    /// The metrics that were asked for.
    package let measures: [Measure<ClassMetric>]
    package let resampling: Resampling

    /// - Parameter metrics: what fits the predictions.
    package init(_ predictions: ClassPredictions, _ metrics: [ClassMetric], resampling: Resampling) {
        let ones = [Double](repeating: 1, count: predictions.count)
        let counts = ClassCounts(predictions, weights: ones)
        let measurement = ClassMeasurement(predictions, metrics)
        let areas = measurement.areas(ones)
        classes = predictions.classNames.indices.map { c in
            Line(
                name: predictions.classNames[c], precision: counts.value(.precision, of: c),
                recall: counts.value(.recall, of: c), f1: counts.value(.f1, of: c),
                support: Int(counts.actual[c]), rocAUC: areas[c].roc, prAUC: areas[c].precisionRecall)
        }
        averages = [ClassMetric.Average.macro, .micro, .weighted].map {
            Self.line($0, counts, areas, areExclusive: predictions.areExclusive)
        }
        let work = predictions.count * (metrics.contains(where: \.isArea) ? predictions.classCount : 1)
        self.resampling = resampling.limited(work: work)
        measures = Self.measures(measurement, samples: predictions.count, self.resampling)
    }

    private static func line(
        _ average: ClassMetric.Average, _ counts: ClassCounts, _ areas: [RankedScores.Areas],
        areExclusive: Bool
    ) -> Line {
        func area(_ value: (RankedScores.Areas) -> Double?) -> Double? {
            average == .micro ? nil : areas.average(average, areExclusive: areExclusive, of: value)
        }
        return Line(
            name: average.rawValue, precision: counts.value(.precision, average),
            recall: counts.value(.recall, average), f1: counts.value(.f1, average),
            support: Int(counts.actual.reduce(0, +)), rocAUC: area { $0.roc },
            prAUC: area { $0.precisionRecall })
    }

    private static func measures(_ measurement: ClassMeasurement, samples: Int, _ resampling: Resampling)
        -> [Measure<ClassMetric>]
    {
        let values = measurement.values([Double](repeating: 1, count: samples))
        let needsResamples = measurement.metrics.contains { !$0.isFraction }
        let intervals = needsResamples ? resampling.intervals(samples: samples, measurement.values) : []
        return zip(measurement.metrics, values).enumerated().map { index, measured in
            let (metric, value) = measured
            guard metric.isFraction, let value else {
                let interval = value == nil ? nil : intervals[index]
                return Measure(metric: metric, value: value, interval: interval, isExact: false)
            }
            let successes = Int((value * Double(samples)).rounded())
            return Measure(
                metric: metric, value: value,
                interval: BinomialInterval.exact(successes: successes, of: samples), isExact: true)
        }
    }

    /// The numbers of samples of each class (rows) that were predicted to be of each class (columns); nil
    /// unless a sample has one class.
    package static func confusionMatrix(_ predictions: ClassPredictions) -> [[Int]]? {
        guard case .one(let truth) = predictions.truth, case .one(let found) = predictions.predicted else {
            return nil
        }
        let row = [Int](repeating: 0, count: predictions.classCount)
        var matrix = Array(repeating: row, count: predictions.classCount)
        for (label, prediction) in zip(truth, found) { matrix[label][prediction] += 1 }
        return matrix
    }
}

/// A metric's value for a set of samples.
package struct Measure<Metric: Sendable>: Sendable {
    package let metric: Metric
    /// nil where it is not defined, such as an area for a class without samples.
    package let value: Double?
    /// The 95 % confidence interval.
    package let interval: ClosedRange<Double>?
    /// Whether the interval is exact (Clopper and Pearson); otherwise it is a bootstrap's.
    package let isExact: Bool
}
