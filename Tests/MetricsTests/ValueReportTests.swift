import Metrics
import Testing

/// Reports equal scikit-learn's and NumPy's to 1e-9 (values.txt).
@Suite struct ValueReportTests {
    private func predictions(_ fixture: MetricsFixture, _ example: String) throws -> ValuePredictions {
        let width = fixture.has("width", in: example) ? Int(try fixture.number("width", of: example)) : 1
        let targets = try fixture.list("targets", of: example)
        return ValuePredictions(
            names: (0..<width).map(String.init), count: targets.count / width,
            values: try fixture.list("values", of: example), targets: targets)
    }

    @Test func valuesAgree() throws {
        let fixture = try MetricsFixture("values.txt")
        #expect(fixture.cases.count == 10)
        for example in fixture.cases {
            let predictions = try predictions(fixture, example)
            let report = ValueReport(predictions, ValueMetric.allCases, resampling: Resampling(count: 1))
            for measure in report.measures {
                let expected = try fixture.number(measure.metric.rawValue, of: example)
                #expect(
                    agrees(measure.value, expected),
                    "\(example) \(measure.metric): \(String(describing: measure.value)), not \(expected)")
            }
            let residuals = try fixture.list("residuals", of: example)
            for (index, line) in report.outputs.enumerated() {
                #expect(agrees(line.r2, try fixture.list("output_r2", of: example)[index]), "\(example)")
                #expect(agrees(line.mae, try fixture.list("output_mae", of: example)[index]), "\(example)")
                #expect(agrees(line.rmse, try fixture.list("output_rmse", of: example)[index]), "\(example)")
                let median = try fixture.list("output_median_error", of: example)[index]
                #expect(agrees(line.medianError, median), "\(example)")
                for (place, value) in line.residuals.enumerated() {
                    #expect(
                        agrees(value, residuals[index * line.residuals.count + place]), "\(example) \(place)")
                }
            }
        }
    }

    @Test func intervalsAreThoseOfAnIndependentBootstrap() throws {
        let fixture = try MetricsFixture("bootstrap.txt")
        let report = ValueReport(
            try predictions(fixture, "values"), [.r2, .mae, .rmse, .medianError], resampling: Resampling())
        for measure in report.measures {
            let expected = try fixture.list(measure.metric.rawValue, of: "values")
            let interval = try #require(measure.interval)
            #expect(abs(interval.lowerBound - expected[0]) < 3 * expected[2], "\(measure) \(expected)")
            #expect(abs(interval.upperBound - expected[1]) < 3 * expected[3], "\(measure) \(expected)")
        }
    }

    @Test func namesAreRead() {
        for name in ValueMetric.names { #expect(ValueMetric(name: name)?.rawValue == name) }
        #expect(ValueMetric(name: "median_absolute_error") == .medianError)
        #expect(ValueMetric(name: "accuracy") == nil)
    }
}
