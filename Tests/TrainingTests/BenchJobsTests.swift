import Jobs
import System
import TestSupport
import Testing
import Training

/// The models in `config/bench`, which are compared with PyTorch's.
@Suite struct BenchJobsTests {
    private static let batches = [
        "mlp": 256, "cnn": 256, "resnet20": 128, "resnet18": 64, "lstm": 32, "gru": 32, "rnn": 32,
    ]

    /// Language models and their contexts.
    private static let contexts = ["gpt_nano": 64, "gpt2": 64, "gpt2_long": 512]

    private func plan(_ name: String) throws -> TrainingPlan {
        let job = try JobFile.load(path: ProjectFiles.path("config/bench/\(name).json5")).job
        return try TrainingPlan(job, DecodedData(reading: job.data).facts)
    }

    /// The number of trained values equals PyTorch's count for its modules.
    @Test func parametersAreThoseOfPyTorch() throws {
        let lines = try ProjectFiles.text("Tests/Fixtures/bench/parameters.txt").split(separator: "\n")
        #expect(lines.count == Self.batches.count)
        for line in lines {
            let words = line.split(separator: " ")
            let plan = try plan(String(words[0]))
            #expect(plan.network.layout.parameterCount == Int(words[1]), "\(line)")
            #expect(
                plan.geometry.batchSize == Self.batches[String(words[0])] && plan.geometry.microbatches == 2)
            #expect(plan.trainReport.loss == .crossEntropy && plan.job.optimizer == .adam(learningRate: 1e-3))
        }
    }

    @Test func everyJobIsKnown() throws {
        let names = try Directory.list(ProjectFiles.path("config/bench")).map {
            String($0.split(separator: ".")[0])
        }
        #expect(Set(names) == Set(Self.batches.keys).union(Self.contexts.keys))
    }

    /// The published number of GPT-2's parameters, which has 1,024 positions, and nanoGPT's own.
    @Test func languageModelsHaveTheParametersOfGPT() throws {
        for (name, context) in Self.contexts {
            let expected = name == "gpt_nano" ? 804_096 : 124_439_808 - (1024 - context) * 768
            let plan = try plan(name)
            #expect(plan.network.layout.parameterCount == expected, "\(name)")
            #expect(plan.network.sequenceLength == context && plan.targets.areLabels)
        }
    }

    /// A job that is measured ends only at the given step, and waits for no evaluation.
    @Test func endlessJobs() throws {
        let file = try load(
            config([
                "data":
                    #"{train: {builtin: "digits"}, validation: {builtin: "digits"},"#
                    + #" test: {builtin: "digits"}}"#,
                "schedule": #"{reduce_on_plateau: {monitor: "validation.loss"}}"#, "max_steps": "5",
                "early_stopping": #"{monitor: "validation.loss", patience: 1}"#,
                "checkpoint": #"{every: 3, best: "validation.loss"}"#,
            ]))
        let endless = file.endless
        let data = try DecodedData(reading: file.job.data)
        let madeUp = try data.madeUp()
        let plan = try TrainingPlan(endless.job, madeUp.facts)
        #expect(
            plan.totalSteps > 1_000_000 && plan.decisions.isEmpty && plan.facts.validationCount == 0
                && plan.facts.testCount == 0)
        let geometry = try TrainingPlan(file.job, data.facts).geometry
        #expect(plan.job.checkpoint.every == .steps(3) && plan.geometry == geometry)
        #expect(madeUp.train.form == data.train.form && madeUp.normalization == data.normalization)
        #expect(madeUp.train.contentHash() != data.train.contentHash())
        #expect(try load(endless.resolved.prettyJSON()).job == endless.job)
    }
}
