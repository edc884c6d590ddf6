import Checkpoints
import Datasets
import Jobs
import NeuralNetwork
import TestSupport
import Testing
import Training

/// Losses, metrics and targets in whole trainings.
@Suite(.serialized) struct ObjectiveTests {
    private static func features(_ samples: Int, _ width: Int) -> [Float] {
        (0..<(samples * width)).map { Float(($0 * 7919) % 1009) / 500 - 1 }
    }

    /// 53 samples; with batches of 20 the last one of an epoch has 13.
    private static func data(classes: Int) throws -> DecodedData {
        let x = features(53, 6)
        let labels = (0..<53).map { Int32(($0 * $0 + $0 / 4) % classes) }
        let set = try Dataset.make(
            floats: x, sampleShape: [6], labels: labels, classNames: (0..<classes).map { "c\($0)" })
        return DecodedData(
            train: set, validation: set, test: nil, normalization: Normalization(.zScore, of: set))
    }

    private static func data(values width: Int, _ change: (inout [Float]) -> Void = { _ in }) throws
        -> DecodedData
    {
        var x = features(53, 6)
        change(&x)
        let t = (0..<(53 * width)).map { Float(($0 * 31) % 17) / 16 }
        let set = try Dataset.make(floats: x, sampleShape: [6], values: t, targetWidth: width)
        return DecodedData(
            train: set, validation: set, test: nil, normalization: Normalization(.none, of: set))
    }

    private static func job(
        _ loss: Loss, outputs: Int, metrics: [Metric]? = nil, rate: Double = 0.05, batch: Int? = 20
    ) -> Job {
        Job(
            name: "objective", seed: 5, data: DataSpec(train: .digits),
            layers: [
                NamedLayer("a", .dense(units: 7, bias: false, initializer: .heNormal)),
                NamedLayer("a.bn", .batchNorm(momentum: 0.1, epsilon: 1e-5)),
                NamedLayer("a.tanh", .activation(.tanh)),
                NamedLayer("head", .dense(units: outputs, bias: true, initializer: .xavierUniform)),
            ], loss: loss, metrics: metrics, optimizer: .gradientDescent(learningRate: rate, momentum: 0.9),
            batchSize: batch,
            microbatches: 5, epochs: 3)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let job: Job
        let targets: TargetForm
    }

    static let cases = [
        Case(
            testDescription: "rmse",
            job: job(.rootMeanSquaredError, outputs: 2, metrics: [.r2, .mae, .rmse]), targets: .values(2)),
        Case(
            testDescription: "weighted cross-entropy",
            job: job(
                Loss(.crossEntropy, labelSmoothing: 0.1, classWeights: .balanced), outputs: 3,
                metrics: [.accuracy, .top(2), .f1, .confusionMatrix]), targets: .classes(3)),
        Case(
            testDescription: "binary",
            job: job(Loss(.binaryCrossEntropy, classWeights: .values([0.3, 2])), outputs: 1),
            targets: .classes(2)),
    ]

    /// Losses with a term over the whole batch give the same bits for any number of members, also in the
    /// ragged last batch.
    @Test(arguments: cases) func membersChangeNoBit(_ example: Case) throws {
        let data =
            switch example.targets {
            case .classes(let count): try Self.data(classes: count)
            case .values(let width): try Self.data(values: width)
            case .tokens: preconditionFailure("language models have tests of their own")
            }
        let job = try example.job.completed(with: data)
        let plan = try TrainingPlan(job, data.facts)
        #expect(plan.network.exchanges.count == 3, "batch norm's two and the loss's")
        let training = LocalTraining(plan: plan, data: data)
        let quiet = try training.run(members: 1, lanes: 1)
        for members in [1, 3, 5] {
            let result = try training.run(members: members, lanes: 2)
            #expect(
                result.snapshot == quiet.snapshot && result.reports == quiet.reports, "\(members) members")
            #expect(result.evaluations == quiet.evaluations, "\(members) members")
        }
        let (first, last) = (try #require(quiet.reports[0]), try #require(quiet.evaluations[.validation]))
        #expect(last.loss < first.loss, "it learns")
        #expect(last.values.map(\.name) == last.layout.names)
        #expect(last.values.allSatisfy { $0.value.isFinite })
    }

    /// The RMSE of an epoch is the root of the pooled mean, not a mean of roots.
    @Test func epochTotalsPool() throws {
        let data = try Self.data(values: 2)
        let plan = try TrainingPlan(Self.job(.rootMeanSquaredError, outputs: 2), data.facts)
        var totals = Totals(plan.trainReport, sums: [9, 9, 1])
        totals += Totals(plan.trainReport, sums: [7, 7, 3])
        #expect(totals.loss == 2 && totals.value(named: "rmse") == 2 && totals.samples == 4)
        #expect(totals.value(named: "r2") == nil, "in evaluation alone")
        #expect(
            plan.trainReport.names == ["loss", "rmse"]
                && plan.evaluationReport.names == ["loss", "rmse", "r2"])
    }

    /// The expected weights are scikit-learn's compute_class_weight("balanced") for 3, 2 and 1 samples.
    @Test func balancedWeights() throws {
        let set = try Dataset.make(
            floats: [1, 2, 3, 4, 5, 6], sampleShape: [1], labels: [0, 1, 0, 2, 0, 1],
            classNames: ["a", "b", "c"])
        let data = DecodedData(
            train: set, validation: nil, test: nil, normalization: Normalization(.none, of: set))
        let job = Self.job(Loss(.crossEntropy, classWeights: .balanced), outputs: 3)
        #expect(try job.completed(with: data).loss.classWeights == .values([2.0 / 3, 1, 2]))
        let empty = try Dataset.make(floats: [1], sampleShape: [1], labels: [0], classNames: ["a", "b"])
        let error = #expect(throws: PlanError.self) {
            try job.completed(
                with: DecodedData(
                    train: empty, validation: nil, test: nil, normalization: Normalization(.none, of: empty)))
        }
        #expect(error?.description.hasPrefix("class 1 (`b`) has no sample in the training set") == true)
        #expect(error?.field == "loss.cross_entropy.class_weights")
    }

    /// The error of an autoencoder that returns zeros is the mean square of its input, which is 1 for
    /// z-scores.
    @Test func theInputAsTarget() throws {
        var job = Self.job(.meanSquaredError, outputs: 6, metrics: [.mse], batch: nil)
        job.data.target = .input
        job.layers = [NamedLayer("a", .dense(units: 6, bias: true, initializer: .zeros))]
        let data = try Self.data(classes: 3)
        let result = try LocalTraining(plan: TrainingPlan(job, data.facts), data: data).run(
            members: 2, lanes: 1)
        #expect(abs((result.reports[0]?.loss ?? 0) - 1) < 1e-5)
        #expect(abs((result.reports[0]?.value(named: "mse") ?? 0) - 1) < 1e-5)
        #expect((result.evaluations[.validation]?.loss ?? 2) < 0.99)
    }

    // MARK: - Values that are not finite

    @Test func aSampleThatIsNoNumberIsNamed() throws {
        // Both values are finite, but a float cannot hold the distance between them.
        let finite = try Self.data(values: 2) { ($0[17 * 6 + 3], $0[5 * 6 + 3]) = (3e38, -3e38) }
        let data = DecodedData(
            train: finite.train, validation: nil, test: nil,
            normalization: Normalization(.minMax, of: finite.train))
        var job = Self.job(.meanSquaredError, outputs: 2, batch: nil)
        job.layers.remove(at: 1)  // batch norm would carry it to everybody
        let training = LocalTraining(plan: try TrainingPlan(job, data.facts), data: data)
        for members in [1, 3] {
            let error = #expect(throws: DivergedError.self) { try training.run(members: members, lanes: 1) }
            #expect(
                error?.description.hasPrefix(
                    "the loss became NaN in step 1: sample 17 of the training set (the first is 0) has NaN in"
                        + " column 3 of what"
                ) == true,
                "\(error?.description ?? "")")
        }
    }

    @Test func divergenceNamesTheLayer() throws {
        let data = try Self.data(values: 2)
        let job = Self.job(.meanSquaredError, outputs: 2, rate: 1e30)
        let error = #expect(throws: DivergedError.self) {
            try LocalTraining(plan: TrainingPlan(job, data.facts), data: data).run(members: 3, lanes: 1)
        }
        let text = error?.description ?? ""
        #expect(
            text.contains("in step ") && text.contains("of the training set")
                && text.contains("lower the learning rate"), "\(text)")
    }

    // MARK: - Losses that do not fit

    @Test(arguments: [
        (#""cross_entropy""#, #"["acuracy"]"#, "did you mean \"accuracy\"?"),
        (#""mse""#, #"["f1", "f1"]"#, "`metrics` must name each metric once"),
        (#""crossentropy""#, "[]", "did you mean `cross_entropy`?"),
        ("{cross_entropy: {label_smothing: 0.1}}", "[]", "did you mean `label_smoothing`?"),
        ("{cross_entropy: {label_smoothing: 1}}", "[]", "must be a number of at least 0 and below 1"),
        ("{mse: {class_weights: [1]}}", "[]", "unknown field `class_weights`"),
        (#"{cross_entropy: {class_weights: "balanced "}}"#, "[]", "did you mean \"balanced\"?"),
    ])
    func mistakesInTheConfig(loss: String, metrics: String, expected: String) throws {
        let shown = try #require(try complaint(config(["loss": loss, "metrics": metrics])))
        #expect(shown.contains(expected), "\(shown)")
    }

    @Test(arguments: [
        (
            "{cross_entropy: {class_weights: [1, 2]}}", "null", "10",
            "there are 2 class weights for 10 classes",
            "loss.cross_entropy.class_weights"
        ),
        (
            "{binary_cross_entropy: {positive_weight: [1, 2]}}", "null", "10",
            "2 positive weights for 10 outputs",
            "loss.binary_cross_entropy.positive_weight"
        ),
        (
            #""cross_entropy""#, #"["accuracy", "rmse"]"#, "10",
            "`rmse` is for values, but the targets are classes", "metrics.1"
        ),
        (#""cross_entropy""#, #"["top_10"]"#, "10", "is always 1 for 10 classes", "metrics.0"),
        (
            #""cross_entropy""#, "null", "1", "`dense1` with an output of 1, but the data has 10 classes",
            "model.1"
        ),
    ])
    func whatDoesNotFitIsShownAtItsPlace(
        loss: String, metrics: String, units: String, expected: String, path: String
    ) throws {
        let file = try load(
            config(["loss": loss, "metrics": metrics, "model": #"["flatten", {dense: \#(units)}]"#]))
        let facts = DataFacts(
            sampleShape: [8, 8, 1], classCount: 10, trainCount: 100, validationCount: 0, testCount: 0)
        let error = try #require(#expect(throws: PlanError.self) { try TrainingPlan(file.job, facts) })
        let shown = "\(file.describe(error))"
        #expect(shown.contains(expected) && shown.contains("   \(path)\n"), "\(shown)")
    }

    @Test func aConfusionTable() {
        let text = ConfusionTable.text(
            [[1000, 2], [0, 31]], classNames: ["cat", "a very long class name"], indent: 2)
        let lines = [
            #"  actual \ predicted    cat  a very long cla…"#,
            "  cat" + String(repeating: " ", count: 17) + "1,000" + String(repeating: " ", count: 17) + "2",
            "  a very long cla…        0                31",
        ]
        #expect(text == lines.joined(separator: "\n"))
    }
}
