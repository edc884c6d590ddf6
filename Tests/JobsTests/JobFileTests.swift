import Jobs
import System
import TestSupport
import Testing
import Training

@Suite struct JobFileTests {
    @Test func overridesReplaceValues() throws {
        let job = try load(
            config(), "seed=9", "model.1.dense=12", "optimizer={sgd: {learning_rate: 0.5}}",
            "checkpoint.every=4", "name=trial",
            "batch.size=all"
        ).job
        #expect(job.seed == 9)
        #expect(job.layers[1].spec == .dense(units: 12, bias: true, initializer: .xavierUniform))
        #expect(job.optimizer == .gradientDescent(learningRate: 0.5, momentum: 0))
        #expect(job.checkpoint == CheckpointPolicy(every: .steps(4), keep: 3))
        #expect(job.name == "trial")
        #expect(job.batchSize == nil)
        #expect(try load(config(), "seed=9", "seed=10").job.seed == 10)
    }

    @Test func wrongOverridesAreShownAsTyped() throws {
        #expect(
            try complaint(config(), "model.4.dense=10", "epochs=0", "optimizer.adam.beta1=2", "seed") == """
                error: there is no element 4: `model` has the elements 0 to 1
                  --> --set model.4.dense=10
                   |              ^

                error: `adam` cannot be set: `optimizer` is the string "adam", not an object or a list
                  --> --set optimizer.adam.beta1=2
                   |                  ^^^^

                error: expected path=value after --set
                  --> --set seed
                   |        ^^^^ for example optimizer.adam.learning_rate=3e-4

                error: `epochs` must be a whole number from 1 to 1000000, found 0
                  --> --set epochs=0
                   |               ^
                """)
    }

    @Test func mistakesOfFileAndOverridesComeTogether() throws {
        let shown = try #require(try complaint(config(["epochs": "-1"]), "learning_rate=1"))
        #expect(shown.contains("found -1\n  --> job.json5:4:11   epochs\n"))
        #expect(shown.contains("error: unknown field `learning_rate`\n  --> --set learning_rate=1\n"))
    }

    @Test func syntaxErrorsAndMissingFiles() throws {
        #expect(
            try complaint("{\n") == """
                error: this `{` is never closed
                  --> job.json5:1:1
                   |  {
                   |  ^ expected `}`
                """)
        let error = #expect(throws: (any Error).self) { try JobFile.load(path: "/nowhere/job.json5") }
        #expect(error.map { "\($0)" }?.contains("/nowhere/job.json5") == true)
    }

    /// A model that does not fit the data is shown at the layer that is at fault, wherever it was written.
    @Test func planErrorsAreShownAtTheirPlace() throws {
        let facts = DataFacts(
            sampleShape: [8, 8, 1], classCount: 10, trainCount: 100, validationCount: 0, testCount: 0)
        func shown(_ model: String, _ overrides: String...) throws -> String {
            let directory = try TemporaryDirectory()
            let path = directory.file("job.json5")
            try File.writeAtomically(config(["model": model]), to: path)
            let file = try JobFile.load(path: path, overrides: overrides)
            let error = try #require(#expect(throws: PlanError.self) { try TrainingPlan(file.job, facts) })
            return "\(file.describe(error))".replacing(path, with: "job.json5")
        }
        #expect(
            try shown(
                #"["flatten", {dense: 9, batch_norm: true}, {dense: 7, name: "head", activation: "softmax"}]"#
            ) == """
                error: the model ends in `head.softmax` with an output of 7, but the data has 10 classes: \
                end the model with {dense: 10}
                  --> job.json5:6:52   model.2
                   |  model: ["flatten", {dense: 9, batch_norm: true}, \
                {dense: 7, name: "head", activation: "softmax"}],
                   |                                                \
                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                """)
        #expect(
            try shown(#"["flatten", {dense: 10}]"#, "model.0={dense: 3}") == """
                error: `dense1` is a dense layer and wants a flat input, but the layer before it \
                gives 8×8×1: put "flatten" before it
                  --> --set model.0={dense: 3}
                   |                ^^^^^^^^^^
                """)
    }

    /// The identity covers what decides bits, and nothing else.
    @Test func identity() throws {
        let base = try load(config()).identity
        #expect(base.utf8.count == 64)
        for same in [
            "epochs=9", "max_steps=3", "checkpoint={every: 7, keep: 1}", "logging.every=3",
            "optimizer={adam: {beta1: 0.9}}",
        ] {
            #expect(try load(config(), same).identity == base, "\(same)")
        }
        let different = [
            "seed=2", "model.1.dense=11", "loss=mse", "optimizer=sgd", "optimizer={adam: {epsilon: 1e-7}}",
            "batch.size=101",
            "batch.microbatches=2", "data.normalize=z_score", "model.1={dense: 10, name: \"other\"}",
            "data.validation={builtin: \"digits\"}",
        ]
        let identities = try different.map { try load(config(), $0).identity }
        #expect(Set(identities + [base]).count == different.count + 1)
        let here = try load(config(), #"data.train={idx: {images: "a", labels: "b"}}"#)
        let there = try load(config(), #"data.train={idx: {images: "/c", labels: "/d"}}"#)
        #expect(here.identity == there.identity)
        #expect(here.job != there.job)
    }
}
