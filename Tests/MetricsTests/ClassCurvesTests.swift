import Metrics
import Testing

/// Curves equal scikit-learn's point by point (curves.txt, by make_curves.py).
@Suite struct ClassCurvesTests {
    private let curves: MetricsFixture

    init() throws { curves = try MetricsFixture("curves.txt") }

    private func predictions(_ fixture: MetricsFixture, _ example: String, areExclusive: Bool) throws
        -> ClassPredictions
    {
        let classes = Int(try fixture.number("classes", of: example))
        let scores = try fixture.list("scores", of: example)
        let truth = try fixture.list("labels", of: example)
        let found = try fixture.list("predicted", of: example)
        return ClassPredictions(
            classNames: (0..<classes).map(String.init), count: scores.count / classes,
            truth: areExclusive ? .one(truth.map { Int($0) }) : .any(truth.map { $0 == 1 }),
            predicted: areExclusive ? .one(found.map { Int($0) }) : .any(found.map { $0 == 1 }),
            scores: scores, areProbabilities: true, ranks: [])
    }

    private func expect(_ values: [Double], are name: String, of example: String) throws {
        let expected = try curves.list(name, of: example)
        #expect(values.count == expected.count, "\(example) \(name)")
        for (value, wanted) in zip(values, expected) {
            #expect(agrees(value, wanted), "\(example) \(name): \(value), not \(wanted)")
        }
    }

    @Test(arguments: [("classes.txt", true), ("answers.txt", false)])
    func equalScikitLearns(file: String, areExclusive: Bool) throws {
        let fixture = try MetricsFixture(file)
        var checked = 0
        for example in fixture.cases {
            let predictions = try predictions(fixture, example, areExclusive: areExclusive)
            for c in 0..<predictions.classCount where curves.has("fpr_\(c)", in: example) {
                let own = ClassCurves(predictions, class: c)
                try expect(own.roc.x, are: "fpr_\(c)", of: example)
                try expect(own.roc.y, are: "tpr_\(c)", of: example)
                try expect(own.precisionRecall.x, are: "recall_\(c)", of: example)
                try expect(own.precisionRecall.y, are: "precision_\(c)", of: example)
                checked += 1
            }
        }
        #expect(checked >= 7)
    }

    @Test(arguments: [("classes.txt", true), ("answers.txt", false)])
    func reliabilityEqualsScikitLearns(file: String, areExclusive: Bool) throws {
        let fixture = try MetricsFixture(file)
        for example in fixture.cases {
            let predictions = try predictions(fixture, example, areExclusive: areExclusive)
            let (spoken, right): ([Double], [Bool])
            if case .one(let truth) = predictions.truth, case .one(let found) = predictions.predicted {
                spoken = found.indices.map {
                    predictions.scores[$0 * predictions.classCount + found[$0]]
                }
                right = zip(truth, found).map { $0 == $1 }
            } else if case .any(let answers) = predictions.truth {
                (spoken, right) = (predictions.scores, answers)
            } else {
                (spoken, right) = ([], [])
            }
            let bins = ReliabilityCurve(spoken, right).bins
            #expect(bins.reduce(0) { $0 + $1.count } == spoken.count)
            try expect(bins.compactMap(\.meanProbability), are: "mean_probability", of: example)
            try expect(bins.compactMap(\.fractionTrue), are: "fraction_true", of: example)
        }
    }

    @Test func aClassWithoutSamplesHasNoAreas() {
        let predictions = ClassPredictions(
            classNames: ["a", "b"], count: 2, truth: .one([0, 0]), predicted: .one([0, 1]),
            scores: [0.6, 0.4, 0.3, 0.7], areProbabilities: true, ranks: [0, 1])
        let absent = ClassCurves(predictions, class: 1)
        #expect(absent.rocArea == nil && absent.averagePrecision == nil && absent.positives == 0)
        let present = ClassCurves(predictions, class: 0)
        #expect(present.rocArea == nil && present.averagePrecision == 1)
    }
}
