import Datasets
import NeuralNetwork
import Runs
import TestSupport
import Testing
import Training
import dist_train

@Suite struct PredictionRowsTests {
    typealias Cell = PredictionRows.Cell

    private func numbers(_ values: Float...) -> [Cell] { values.map { .number($0) } }

    // MARK: Rows

    @Test func valuesStayAsTheyAre() {
        let rows = PredictionRows(.values, columns: ["a", "b", "c"])
        #expect(
            rows.rows(values: [1, 2, 3, -4, .nan, .infinity], scores: [], count: 2).map(\.count) == [3, 3])
        #expect(
            rows.rows(values: [1, 2, 3, 4, 5, 6], scores: [], count: 2) == [
                numbers(1, 2, 3), numbers(4, 5, 6),
            ])
        #expect(rows.rows(values: [], scores: [], count: 0) == [])
    }

    /// Offsets that a table's encoding subtracted are added again, in double precision.
    @Test func valuesFarFromZeroAreShiftedBack() {
        let rows = PredictionRows(.values, columns: ["a", "b"], offsets: [1_700_000_031.5, 0])
        #expect(
            rows.rows(values: [-31.5, 2], scores: [], count: 1) == [[.double(1_700_000_000), .number(2)]])
    }

    @Test func theFirstOfTheLargestScoresIsTheClass() {
        let rows = PredictionRows(.classes(["x", "y", "z"], threshold: 0.5), columns: [])
        #expect(
            rows.rows(values: [0.2, 0.5, 0.3, 0.4, 0.2, 0.4], scores: [-1, 7, 3, 9, 1, 9], count: 2) == [
                [.text("y")] + numbers(0.2, 0.5, 0.3), [.text("x")] + numbers(0.4, 0.2, 0.4),
            ])
    }

    /// The most probable classes, the predicted one first.
    @Test func theMostProbableClasses() throws {
        let all = PredictionRows(
            .classes(["x", "y", "z"], threshold: 0.5), columns: ["class", "p_x", "p_y", "p_z"])
        let two = try #require(all.most(2))
        #expect(two.columns == ["class", "p_1", "class_2", "p_2"])
        #expect(
            two.rows(values: [0.2, 0.5, 0.3], scores: [-1, 7, 3], count: 1) == [
                [.text("y"), .number(0.5), .text("z"), .number(0.3)]
            ])
        #expect(try #require(all.most(9)).columns.count == 6)
        let one = PredictionRows(.classes(["no", "yes"], threshold: 0), columns: ["class", "p_no", "p_yes"])
        #expect(
            try #require(one.most(1)).rows(values: [0.25], scores: [-1], count: 1) == [
                [.text("no"), .number(0.75)]
            ])
        #expect(PredictionRows(.values, columns: ["value"]).most(1) == nil)
    }

    /// The scores decide, not the values: probabilities of a network that is very sure are rounded to 1.
    @Test func scoresDecide() {
        let rows = PredictionRows(.classes(["x", "y"], threshold: 0), columns: [])
        #expect(rows.rows(values: [1, 1], scores: [30, 31], count: 1)[0][0] == .text("y"))
    }

    @Test(arguments: [(0, -1e-6, "no"), (0, 0, "no"), (0, 1e-6, "yes"), (0.5, 0.5, "no"), (0.5, 0.51, "yes")])
    func oneScoreDecidesBetweenTwoClasses(threshold: Float, score: Float, expected: String) {
        let rows = PredictionRows(.classes(["no", "yes"], threshold: threshold), columns: [])
        #expect(
            rows.rows(values: [0.25], scores: [score], count: 1) == [[.text(expected)] + numbers(0.75, 0.25)])
    }

    @Test func clustersAreWholeNumbers() {
        let rows = PredictionRows(.cluster, columns: ["cluster", "distance"])
        #expect(
            rows.rows(values: [2, 0.5, 0, 1.25], scores: [], count: 2)
                == [[.integer(2), .number(0.5)], [.integer(0), .number(1.25)]])
    }

    /// Two channels, one after the other: value / 4 + 10 and value / 0.5 − 2.
    @Test func reconstructionsAreInTheDatasUnits() {
        let normalization = Normalization(kind: .zScore, shift: [10, -2], factor: [4, 0.5])
        let rows = PredictionRows(.reconstruction(normalization), columns: [])
        #expect(
            rows.rows(values: [0, 0, 1, 1, -8, 3, 2, -1], scores: [], count: 2)
                == [numbers(10, 10, 0, 0), numbers(8, 10.75, 2, -4)])
    }

    /// A value for each place of an image of 1×2 pixels and three channels.
    @Test func imagesLeaveChannelsFirst() {
        let image = TensorShape([1, 2, 3])
        let rows = PredictionRows(.values, columns: [], image: image)
        #expect(
            rows.rows(values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], scores: [], count: 2)
                == [numbers(1, 4, 2, 5, 3, 6), numbers(7, 10, 8, 11, 9, 12)])
        let normalization = Normalization(kind: .zScore, shift: [1, 2, 3], factor: [1, 1, 1])
        let inverse = PredictionRows(.reconstruction(normalization), columns: [], image: image)
        #expect(
            inverse.rows(values: [0, 0, 0, 10, 10, 10], scores: [], count: 1)
                == [numbers(1, 11, 2, 12, 3, 13)])
    }

    // MARK: Columns

    private static let facts = DataFacts(
        sampleShape: [8, 8, 1], classCount: 2, trainCount: 100, validationCount: 0, testCount: 0)
    private static let values = DataFacts(
        sampleShape: [2], classCount: nil, targetWidth: 2, trainCount: 100, validationCount: 0, testCount: 0)

    private func rows(
        _ fields: [String: String], _ facts: DataFacts = facts, names: PredictionRows.Names = .init(),
        isEnsemble: Bool = false
    ) throws -> PredictionRows {
        let plan = try TrainingPlan(load(config(fields)).job, facts)
        let none = Normalization(
            kind: .none, shift: facts.sampleShape.suffix(1).map { _ in 0 },
            factor: facts.sampleShape.suffix(1).map { _ in 1 })
        return PredictionRows(of: plan, names: names, normalization: none, isEnsemble: isEnsemble)
    }

    private static let classes = PredictionRows.Names(classes: ["cat", "dog"])

    @Test func classesHaveProbabilities() throws {
        let crossEntropy = try rows(["model": #"["flatten", {dense: 2}]"#], names: Self.classes)
        #expect(crossEntropy.columns == ["class", "p_cat", "p_dog"])
        let scores = try rows(
            ["model": #"["flatten", {dense: 2}]"#, "loss": #""mse""#], names: Self.classes)
        #expect(scores.columns == ["class", "score_cat", "score_dog"])
    }

    /// The only output of a network is a logit, positive for the second class; that of an ensemble is a mean
    /// probability.
    @Test func theThresholdIsThatOfLogitsOrOfProbabilities() throws {
        let fields = ["model": #"["flatten", {dense: 1}]"#, "loss": #""binary_cross_entropy""#]
        let single = try rows(fields, names: Self.classes)
        #expect(single.columns == ["class", "p_cat", "p_dog"])
        #expect(single.rows(values: [0.6], scores: [0.4], count: 1)[0][0] == .text("dog"))
        let ensemble = try rows(fields, names: Self.classes, isEnsemble: true)
        #expect(ensemble.rows(values: [0.4], scores: [0.4], count: 1)[0][0] == .text("cat"))
    }

    @Test func valuesHaveTheirColumnsNames() throws {
        let fields = ["model": "[{dense: 2}]", "loss": #""mse""#]
        #expect(try rows(fields, Self.values).columns == ["value_0", "value_1"])
        let table = PredictionRows.Names(targets: ["height", "width"])
        #expect(try rows(fields, Self.values, names: table).columns == ["height", "width"])
        let other = PredictionRows.Names(targets: ["height"])
        #expect(try rows(fields, Self.values, names: other).columns == ["value_0", "value_1"])
    }

    @Test func reconstructionsHaveTheFeaturesNames() throws {
        let fields = [
            "data": #"{train: {builtin: "digits"}, target: "input"}"#, "model": #"["flatten", {dense: 64}]"#,
            "loss": #""mse""#,
        ]
        #expect(try rows(fields).columns == (0..<64).map { "x_\($0)" })
        let table = PredictionRows.Names(features: (0..<64).map { "pixel \($0)" })
        #expect(try rows(fields, names: table).columns.first == "pixel 0")
    }
}
