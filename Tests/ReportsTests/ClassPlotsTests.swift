import Metrics
import Reports
import Testing

/// Drawings of predicted classes show the numbers of the predictions.
@Suite struct ClassPlotsTests {
    private let names = ["</script><img src=x onerror=alert(1)>", "\"]}", "=cmd|' /C calc'!A0"]

    /// Six samples, of which one of the first class and two of the last are predicted wrong.
    private var predictions: ClassPredictions {
        let found = [0, 1, 1, 2, 1, 1]
        let scores = found.flatMap { f in (0..<3).map { $0 == f ? 0.8 : 0.1 } }
        return ClassPredictions(
            classNames: names, count: 6, truth: .one([0, 0, 1, 2, 2, 2]), predicted: .one(found),
            scores: scores, areProbabilities: true, ranks: [0, 1, 0, 0, 1, 1])
    }

    private var plots: [Plot] {
        let report = ClassReport(predictions, [.accuracy, .logLoss], resampling: .init(count: 20))
        return SetEvaluation.Measures.classes(predictions, report).plots(offsets: [])
    }

    private func plot(_ title: String) throws -> Plot { try #require(plots.first { $0.title == title }) }

    private func rows(_ title: String) throws -> [[Plot.Cell]] {
        guard case .table(_, let rows) = try plot(title).content else { return [] }
        return rows
    }

    @Test func theConfusionMatrixHasAllSamples() throws {
        let plot = try plot("Confusion matrix")
        guard case .confusion(let classes, let counts) = plot.content else {
            Issue.record("\(plot.content)")
            return
        }
        #expect(classes == names && counts == [[1, 1, 0], [0, 1, 0], [0, 2, 1]])
        #expect(plot.alt.hasPrefix("3 of 6 samples are predicted right; most often confused: \(names[2])"))
    }

    @Test func pairsComeByFrequency() throws {
        let rows = try rows("Most confused pairs")
        #expect(rows.map { $0[2] } == [.number(2), .number(1)])
        #expect(rows[0][..<2] == [.text(names[2]), .text(names[1])])
        #expect(rows[0][3] == .number(100.0 * 2 / 3))
    }

    /// The interval of 1 of 3: Clopper and Pearson by scipy's `binomtest(1, 3).proportion_ci()`.
    @Test func aLineForEachClassHasIntervals() throws {
        let rows = try rows("Report for each class")
        #expect(rows.count == 3 + 3)
        guard case .number(let recall) = rows[2][4], case .number(let from) = rows[2][5],
            case .number(let to) = rows[2][6]
        else {
            Issue.record("\(rows[2])")
            return
        }
        #expect((recall - 1.0 / 3).magnitude < 1e-12)
        #expect((from - 0.00840375865961264).magnitude < 1e-9, "\(from)")
        #expect((to - 0.905700675949754).magnitude < 1e-9, "\(to)")
        #expect(rows[3][0] == .text("macro average"))
    }

    @Test func curvesAreOneForEachClass() throws {
        for title in ["ROC curves", "Precision–recall curves"] {
            guard case .lines(_, _, let series, _) = try plot(title).content else {
                Issue.record("\(title)")
                return
            }
            #expect(series.count == 3)
            #expect(series.allSatisfy { $0.x.first == 0 && $0.x.last == 1 })
        }
    }

    /// Many classes have a mean curve, and the worst have their own.
    @Test func manyClassesShareCurves() {
        let classes = 20
        let truth = (0..<200).map { $0 % classes }
        let scores = truth.flatMap { label in
            (0..<classes).map { c -> Double in
                c == label ? 0.5 + Double(label) / 100 : Double((c * 7 + label) % 11) / 20
            }
        }
        let many = ClassPredictions(
            classNames: (0..<classes).map { "c\($0)" }, count: 200, truth: .one(truth),
            predicted: .one(truth), scores: scores, areProbabilities: false, ranks: truth.map { _ in 0 })
        let plots = CurvePlots(many)?.plots ?? []
        guard case .lines(_, _, let series, _)? = plots.first?.content else {
            Issue.record("no curves")
            return
        }
        #expect(series.count == 1 + CurvePlots.worst && series[0].name == "mean over all")
        #expect(series[0].y.last == 1 && zip(series[0].y, series[0].y.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(!plots.contains { $0.title == "Reliability curve" }, "scores are no probabilities")
    }
}
