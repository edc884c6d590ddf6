import Metrics
import Testing

/// Reports equal scikit-learn's to 1e-9 (classes.txt, answers.txt).
@Suite struct ClassReportTests {
    private let none = Resampling(count: 1)

    private func predictions(_ fixture: MetricsFixture, _ example: String, areExclusive: Bool) throws
        -> ClassPredictions
    {
        let classes = Int(try fixture.number("classes", of: example))
        let scores = try fixture.list("scores", of: example)
        let (truth, found) = (
            try fixture.list("labels", of: example), try fixture.list("predicted", of: example)
        )
        let count = scores.count / classes
        let ranks = areExclusive ? (0..<count).map { rank($0, Int(truth[$0]), scores, classes) } : []
        return ClassPredictions(
            classNames: (0..<classes).map(String.init), count: count,
            truth: areExclusive ? .one(truth.map { Int($0) }) : .any(truth.map { $0 == 1 }),
            predicted: areExclusive ? .one(found.map { Int($0) }) : .any(found.map { $0 == 1 }),
            scores: scores, areProbabilities: true, ranks: ranks)
    }

    private func rank(_ sample: Int, _ label: Int, _ scores: [Double], _ classes: Int) -> Int {
        let row = Array(scores[sample * classes..<(sample + 1) * classes])
        return row.indices.filter { row[$0] > row[label] || (row[$0] == row[label] && $0 < label) }.count
    }

    private func check(_ file: String, areExclusive: Bool, cases: Int) throws {
        let fixture = try MetricsFixture(file)
        #expect(fixture.cases.count == cases)
        for example in fixture.cases {
            let predictions = try predictions(fixture, example, areExclusive: areExclusive)
            let metrics = (ClassMetric.names + ["top_2"]).compactMap { ClassMetric(name: $0) }.filter {
                fixture.has($0.name, in: example)
            }
            #expect(metrics.count >= (areExclusive ? 23 : 21))
            let report = ClassReport(predictions, metrics, resampling: none)
            for measure in report.measures {
                let expected = try fixture.number(measure.metric.name, of: example)
                #expect(
                    agrees(measure.value, expected),
                    "\(example) \(measure.metric.name): \(String(describing: measure.value)), not \(expected)"
                )
            }
            for (c, line) in report.classes.enumerated() {
                #expect(agrees(line.rocAUC, try fixture.list("class_roc_auc", of: example)[c]), "\(example)")
                #expect(agrees(line.prAUC, try fixture.list("class_pr_auc", of: example)[c]), "\(example)")
            }
        }
    }

    @Test func classesAgree() throws { try check("classes.txt", areExclusive: true, cases: 12) }
    @Test func answersAgree() throws { try check("answers.txt", areExclusive: false, cases: 3) }

    @Test func linesOfClassesAgree() throws {
        let fixture = try MetricsFixture("classes.txt")
        for example in fixture.cases {
            let predictions = try predictions(fixture, example, areExclusive: true)
            let report = ClassReport(predictions, [], resampling: none)
            for (c, line) in report.classes.enumerated() {
                #expect(agrees(line.precision, try fixture.list("class_precision", of: example)[c]))
                #expect(agrees(line.recall, try fixture.list("class_recall", of: example)[c]))
                #expect(agrees(line.f1, try fixture.list("class_f1", of: example)[c]))
                #expect(Double(line.support) == (try fixture.list("support", of: example)[c]))
            }
            for line in report.averages {
                #expect(agrees(line.precision, try fixture.number("precision_\(line.name)", of: example)))
                #expect(agrees(line.recall, try fixture.number("recall_\(line.name)", of: example)))
                #expect(agrees(line.f1, try fixture.number("f1_\(line.name)", of: example)))
            }
            let matrix = try #require(ClassReport.confusionMatrix(predictions))
            #expect(try matrix.flatMap { $0 }.map(Double.init) == fixture.list("confusion", of: example))
        }
    }

    /// The mean ends of independent bootstraps, within three standard errors of the difference.
    @Test(arguments: ["classes", "two"]) func intervalsAreThoseOfAnIndependentBootstrap(example: String)
        throws
    {
        let fixture = try MetricsFixture("bootstrap.txt")
        let (labels, scores) = (
            try fixture.list("labels", of: example).map { Int($0) }, try fixture.list("scores", of: example)
        )
        let classes = scores.count / labels.count
        let rows = labels.indices.map { Array(scores[$0 * classes..<($0 + 1) * classes]) }
        let predictions = ClassPredictions(
            classNames: (0..<classes).map(String.init), count: labels.count, truth: .one(labels),
            predicted: .one(rows.map { $0.firstIndex(of: $0.max() ?? 0) ?? 0 }), scores: scores,
            areProbabilities: true, ranks: [])
        let metrics: [ClassMetric] =
            classes == 2 ? [.rocAUC(.standard)] : [.f1(.standard), .logLoss, .brier]
        let report = ClassReport(predictions, metrics, resampling: Resampling())
        #expect(report.resampling.count == 1000)
        for measure in report.measures {
            let expected = try fixture.list(measure.metric.name, of: example)
            let interval = try #require(measure.interval)
            #expect(!measure.isExact)
            #expect(abs(interval.lowerBound - expected[0]) < 3 * expected[2], "\(measure) \(expected)")
            #expect(abs(interval.upperBound - expected[1]) < 3 * expected[3], "\(measure) \(expected)")
        }
    }

    @Test func intervalsRepeat() throws {
        let predictions = try predictions(try MetricsFixture("classes.txt"), "three", areExclusive: true)
        func interval(_ seed: UInt64) -> ClosedRange<Double>? {
            ClassReport(predictions, [.logLoss], resampling: Resampling(count: 50, seed: seed)).measures[0]
                .interval
        }
        #expect(interval(1) == interval(1) && interval(1) != interval(2))
    }
}

@Suite struct ClassMetricTests {
    @Test func namesAreRead() {
        for name in ClassMetric.names { #expect(ClassMetric(name: name)?.name == name) }
        #expect(ClassMetric(name: "auc") == .rocAUC(.standard))
        #expect(ClassMetric(name: "average_precision") == .prAUC(.standard))
        #expect(ClassMetric(name: "expected_calibration_error") == .calibrationError)
        #expect(ClassMetric(name: "top_3") == .top(3))
    }

    @Test(arguments: ["", "top_", "top_0", "top_03", "rmse", "f1_standard", "precision_binary", "F1"])
    func othersAreNot(name: String) { #expect(ClassMetric(name: name) == nil) }
}
