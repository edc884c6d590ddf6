import Metrics
import Reports
import Testing

/// Drawings of predicted values are in the unit of the data, and no larger than they must be.
@Suite struct ValuePlotsTests {
    private func plots(_ count: Int, outputs: Int = 1, offset: Double = 0) -> [Plot] {
        let targets = (0..<count * outputs).map { Double($0 % 17) }
        let predictions = ValuePredictions(
            names: (0..<outputs).map { "y\($0)" }, count: count, values: targets.map { $0 + 0.25 },
            targets: targets)
        let report = ValueReport(predictions, [.r2, .mae], resampling: Resampling(count: 20))
        return SetEvaluation.Measures.values(predictions, report).plots(
            offsets: Array(repeating: offset, count: outputs))
    }

    @Test func pointsAreThinnedAndShifted() throws {
        let fit = try #require(plots(5_000, offset: 1_000).first { $0.title == "Predicted against true: y0" })
        guard case .scatter(_, _, let groups, let diagonal) = fit.content else {
            Issue.record("\(fit.content)")
            return
        }
        #expect(groups[0].x.count == 2_000 && diagonal)
        #expect(groups[0].x[0] == 1_000 && groups[0].y[0] == 1_000.25)
        #expect(fit.note == "2,000 of 5,000 samples, at equal distances.")
    }

    @Test func residualsAreTrueMinusPredicted() throws {
        let plots = plots(100)
        let residuals = try #require(plots.first { $0.title == "Residuals against predicted: y0" })
        guard case .scatter(_, _, let groups, _) = residuals.content else {
            Issue.record("\(residuals.content)")
            return
        }
        #expect(groups[0].y.allSatisfy { $0 == -0.25 } && groups[0].x.count == 100)
        let histogram = try #require(plots.first { $0.title == "Residuals: y0" })
        guard case .histogram(_, let edges, let counts) = histogram.content else {
            Issue.record("\(histogram.content)")
            return
        }
        #expect(counts == [100] && edges[0] < -0.25 && edges[1] > -0.25, "one value has one bin")
    }

    @Test func manyOutputsHaveATable() throws {
        let plots = plots(50, outputs: 10)
        #expect(plots.count { $0.title.hasPrefix("Predicted against true") } == ValuePlots.mostOutputs)
        let lines = try #require(plots.first { $0.title == "Report for each value" })
        guard case .table(_, let rows) = lines.content else {
            Issue.record("\(lines.content)")
            return
        }
        #expect(rows.count == 10)
    }

    /// NumPy: `numpy.histogram([0, 1, 2, 3, 10], 5)`.
    @Test func histogramsCountAsNumPy() {
        let (edges, counts) = Histogram.of([0, 1, 2, 3, 10, .nan], bins: 5)
        #expect(edges == [0, 2, 4, 6, 8, 10] && counts == [2, 2, 0, 0, 1])
    }
}
