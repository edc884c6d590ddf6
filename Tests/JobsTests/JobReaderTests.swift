import Datasets
import Jobs
import NeuralNetwork
import System
import TestSupport
import Testing
import Training

@Suite struct JobReaderTests {
    /// Eighteen mistakes, every one reported, in the order of the file; as people see them.
    @Test func everyMistakeIsReported() throws {
        let path = ProjectFiles.path("Tests/Fixtures/jobs/mistakes.json5")
        let error = #expect(throws: (any Error).self) { try JobFile.load(path: path) }
        let shown = "\(try #require(error))".replacing(path, with: "mistakes.json5")
        #expect(shown + "\n" == (try ProjectFiles.text("Tests/Fixtures/jobs/mistakes.txt")))
    }

    @Test func whatIsMissingIsNamed() throws {
        let shown = try #require(try complaint("{}"))
        for field in ["data", "model", "loss", "optimizer", "batch", "epochs"] {
            #expect(shown.contains("error: missing field `\(field)`"))
        }
        #expect(shown.split(separator: "\n").count { $0.hasPrefix("error:") } == 6)
    }

    @Test func defaults() throws {
        let job = try load(config()).job
        let expected = Job(
            name: "job", seed: 1, data: DataSpec(train: .digits, normalization: .none),
            layers: [
                NamedLayer("flatten1", .flatten),
                NamedLayer("dense1", .dense(units: 10, bias: true, initializer: .xavierUniform)),
            ],
            loss: .crossEntropy,
            optimizer: .adam(learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8), batchSize: 100,
            microbatches: nil, epochs: 2, maxSteps: nil, checkpoint: CheckpointPolicy(every: .epoch, keep: 3),
            logEvery: 10,
            blasCore: nil, forcedCuts: nil)
        #expect(job == expected)
        #expect(
            try load(config(["optimizer": #""sgd""#])).job.optimizer
                == .gradientDescent(learningRate: 0.01, momentum: 0))
        #expect(
            try load(config(["optimizer": #""momentum""#])).job.optimizer
                == .gradientDescent(learningRate: 0.01, momentum: 0.9))
        #expect(try load(config(["batch": #"{size: "all"}"#])).job.batchSize == nil)
        #expect(
            try load(config(["model": "[{batch_norm: true}]"])).job.layers == [
                NamedLayer("bn1", .batchNorm(momentum: 0.1, epsilon: 1e-5))
            ])
    }

    @Test func everyFieldIsRead() throws {
        let job = try load(
            config([
                "name": #""trial-2""#, "seed": "18446744073709551615",
                "data": """
                {train: {idx: {images: "/a", labels: "/b"}}, validation: {builtin: "digits"}, \
                test: {idx: {images: "/c", labels: "/d"}}, normalize: "min_max"}
                """,
                "model":
                    #"[{dense: 3, bias: false, init: "zeros", batch_norm: {momentum: 0.5, epsilon: 1e-3}, "#
                    + #"name: "a"}]"#,
                "loss": #""mse""#,
                "optimizer": "{adam: {learning_rate: 0.5, beta1: 0, beta2: 0.25, epsilon: 1}}",
                "batch": "{size: 8, microbatches: 4}",
                "epochs": "7", "max_steps": "5", "checkpoint": "{every: 3, keep: 9}", "logging": "{every: 2}",
                "numerics": #"{blas_core: "Haswell"}"#, "assignment": "{cuts: [0, 0, 4]}",
            ])
        ).job
        let expected = Job(
            name: "trial-2", seed: .max,
            data: DataSpec(
                train: .idx(images: "/a", labels: "/b"), validation: .digits,
                test: .idx(images: "/c", labels: "/d"), normalization: .minMax
            ),
            layers: [
                NamedLayer("a", .dense(units: 3, bias: false, initializer: .zeros)),
                NamedLayer("a.bn", .batchNorm(momentum: 0.5, epsilon: 1e-3)),
            ],
            loss: .meanSquaredError, optimizer: .adam(learningRate: 0.5, beta1: 0, beta2: 0.25, epsilon: 1),
            batchSize: 8, microbatches: 4,
            epochs: 7, maxSteps: 5, checkpoint: CheckpointPolicy(every: .steps(3), keep: 9), logEvery: 2,
            blasCore: "Haswell",
            forcedCuts: [0, 0, 4])
        #expect(job == expected)
    }

    @Test func theNameComesFromTheFile() throws {
        let directory = try TemporaryDirectory()
        for (file, name) in [
            ("trial-7.json5", "trial-7"), ("mlp.small.json5", "mlp"), ("a job.json5", "job"),
            ("-x.json5", "job"),
        ] {
            try File.writeAtomically(config(), to: directory.file(file))
            #expect(try JobFile.load(path: directory.file(file)).job.name == name)
        }
    }

    @Test func pathsBecomeAbsolute() throws {
        let job = try load(config(["data": #"{train: {idx: {images: "x/images", labels: "/y/labels"}}}"#]))
            .job
        guard case .idx(let images, let labels, 0) = job.data.train else {
            Issue.record("the data is not of IDX files: \(job.data)")
            return
        }
        #expect(images.hasPrefix("/") && images.hasSuffix("/x/images"))
        #expect(labels == "/y/labels")
    }

    @Test(arguments: [
        ("[0, 4]", nil), ("[0, 1, 1, 4]", nil), ("[0]", "for 4 microbatches and 2 workers: [0, 2, 4]"),
        ("[1, 4]", "for 4 microbatches and 2 workers: [0, 2, 4]"),
        ("[0, 3]", "for 4 microbatches and 2 workers: [0, 2, 4]"),
        ("[0, 3, 2, 4]", "for 4 microbatches and 2 workers: [0, 2, 4]"),
    ])
    func cutsFitTheMicrobatches(cuts: String, label: String?) throws {
        let shown = try complaint(
            config(["batch": "{size: 64, microbatches: 4}", "assignment": "{cuts: \(cuts)}"]))
        #expect((shown == nil) == (label == nil))
        if let label { #expect(shown?.hasSuffix(label) == true, "\(shown ?? "")") }
    }

    @Test func theReadyJobsAreValid() throws {
        let digits = try JobFile.load(path: ProjectFiles.path("config/digits-mlp.json5")).job
        #expect(digits.name == "digits-mlp")
        #expect(digits.layers.contains { if case .batchNorm = $0.spec { true } else { false } })
        _ = try TrainingPlan(digits, try DecodedData(reading: digits.data).facts)
        let mnist = try JobFile.load(path: ProjectFiles.path("config/mnist-mlp.json5")).job
        #expect(mnist.name == "mnist-mlp")
        let facts = DataFacts(
            sampleShape: [28, 28, 1], classCount: 10, trainCount: 60_000, validationCount: 0,
            testCount: 10_000)
        #expect(try TrainingPlan(mnist, facts).geometry.stepsPerEpoch == 235)
    }
}
