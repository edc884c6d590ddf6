import Jobs
import NeuralNetwork
import TestSupport
import Testing
import Training

@Suite struct TrainingPlanTests {
    private static func facts(_ shape: [Int] = [8, 8, 1], classes: Int? = 10, train: Int = 105) -> DataFacts {
        DataFacts(
            sampleShape: shape, classCount: classes, trainCount: train, validationCount: 7, testCount: 0)
    }

    private func plan(_ fields: [String: String] = [:], train: Int = 105) throws -> TrainingPlan {
        try TrainingPlan(try load(config(fields)).job, Self.facts(train: train))
    }

    private func error(_ model: String, _ facts: DataFacts = facts()) throws -> PlanError? {
        let job = try load(config(["model": model])).job
        return #expect(throws: PlanError.self) { try TrainingPlan(job, facts) }
    }

    /// Advice about the targets of arrays: where the labels begin, and whether they are classes.
    @Test func targetsThatAreNotWhatTheyAreTakenFor() throws {
        func reason(_ data: String, _ facts: DataFacts) throws -> String {
            let model = #"["flatten", {dense: 26}]"#
            let job = try load(config(["data": "{train: \(data)}", "model": model])).job
            return #expect(throws: PlanError.self) { try TrainingPlan(job, facts) }?.description ?? ""
        }
        func counted(_ lacksFirstClass: Bool, _ classes: Int = 27) -> DataFacts {
            DataFacts(
                sampleShape: [8], classCount: classes, trainCount: 105, validationCount: 0, testCount: 0,
                lacksFirstClass: lacksFirstClass)
        }
        let idx = #"{idx: {images: "/a", labels: "/b"}}"#
        #expect(
            try reason(idx, counted(true)).contains(
                "do the labels begin at 1? Then set"
                    + " `first_class: 1`"))
        #expect(try reason(idx, counted(true, 126)).contains("`first_class: 100` beside them"))
        #expect(try reason(idx, counted(false)).hasSuffix("end the model with {dense: 27}"))
        #expect(try reason(idx, counted(true, 20)).hasSuffix("end the model with {dense: 20}"))
        #expect(try reason(idx, counted(false, 1)).contains("all samples have one class"))
        #expect(try !reason(#"{image_folder: {path: "/a"}}"#, counted(true)).contains("first_class"))
        let values = DataFacts(
            sampleShape: [8], classCount: nil, targetWidth: 3, trainCount: 105, validationCount: 0,
            testCount: 0)
        let npy = #"{npy: {features: "/a", targets: "/b"}}"#
        #expect(try reason(npy, values).contains("numbered or one-hot, give `classes: true` beside them"))
    }

    @Test func stepsAndEpochs() throws {
        let plan = try plan(["batch": "{size: 50}", "epochs": "3"])
        #expect(plan.geometry.stepsPerEpoch == 3)
        #expect(plan.totalSteps == 9)
        #expect((0...9).filter(plan.endsEpoch) == [3, 6, 9])
        #expect((0...9).map(plan.epoch(afterSteps:)) == [1, 1, 1, 1, 2, 2, 2, 3, 3, 3])
        #expect((0..<9).map(plan.stepPlanIndex) == [0, 0, 1, 0, 0, 1, 0, 0, 1])
    }

    @Test func maxStepsEndTheJobInTheMiddleOfAnEpoch() throws {
        let plan = try plan(["batch": "{size: 50}", "epochs": "3", "max_steps": "5"])
        #expect(plan.totalSteps == 5)
        #expect((0...5).filter(plan.endsEpoch) == [3, 5])
        #expect(try self.plan(["max_steps": "1000"]).totalSteps == 4)
    }

    @Test func aBatchIsAtMostTheTrainingSet() throws {
        #expect(try plan(["batch": "{size: 1000}"]).geometry.batchSize == 105)
        let all = try plan(["batch": #"{size: "all"}"#])
        #expect(all.geometry.batchSize == 105)
        #expect(all.geometry.stepsPerEpoch == 1)
        #expect(all.geometry.microbatches == 4)  // 8 would leave less than 16 samples in each
        #expect(try plan(["batch": #"{size: "all", microbatches: 5}"#]).geometry.microbatches == 5)
    }

    /// The default of V lets two workers share every batch; what is measured keeps 32 samples in each.
    @Test func theDefaultOfMicrobatches() throws {
        for (size, microbatches) in [(1, 1), (2, 2), (16, 2), (20, 2), (32, 2), (63, 2), (64, 4), (100, 4)] {
            #expect(try plan(["batch": "{size: \(size)}"]).geometry.microbatches == microbatches, "\(size)")
        }
        let unsynchronized = ["model": "[\"flatten\", {dense: 4, batch_norm: {sync: false}}, {dense: 10}]"]
        let own = try plan(unsynchronized.merging(["batch": "{size: 64}"]) { $1 })
        #expect(own.geometry.microbatches == 2)
        let one = try plan(unsynchronized.merging(["batch": "{size: 32}"]) { $1 })
        #expect(one.geometry.microbatches == 1)
    }

    @Test func whatFollowsAStep() throws {
        let epochs = try plan(["batch": "{size: 50}", "epochs": "2"])
        #expect(epochs.control(afterSteps: 2) == [])
        #expect(epochs.control(afterSteps: 3) == [.evaluate, .snapshot])
        #expect(epochs.control(afterSteps: 2, stopping: true) == [.snapshot, .endGeneration])
        #expect(epochs.control(afterSteps: 6) == [.evaluate, .snapshot, .finish])
        #expect(epochs.control(afterSteps: 6, stopping: true) == [.evaluate, .snapshot, .finish])
        let steps = try plan(["batch": "{size: 50}", "checkpoint": "{every: 2}"])
        #expect(steps.control(afterSteps: 2) == [.snapshot])
        #expect(steps.control(afterSteps: 1) == [])
    }

    /// A layer's name stands for everything in its object, also in the resolved job, where norm and
    /// activation are layers of their own.
    @Test func aNameMeansTheLayerWithItsNormAndActivation() throws {
        let model = #"""
            ["flatten", {dense: 6, name: "a", batch_norm: true, activation: "relu"}, {dense: 6, name: "b"},
             {add: ["a", "b"], name: "s", activation: "tanh"}, {dense: 6, name: "c", from: "a.bn"},
             {residual: [{dense: 6}], name: "r", activation: "relu"}, {dense: 3, name: "e"},
             {concat: ["s", "r"]}, {add: ["e", "e"], name: "d"},
             {concat: ["d", "concat1"]}, {dense: 10}]
            """#
        let file = try load(config(["model": model]))
        for job in [file.job, try Job(resolvedText: file.resolved.compactJSON())] {
            let plan = try TrainingPlan(job, Self.facts())
            func inputs(_ name: String) -> [String] {
                plan.network.layers.first { $0.name == name }?.inputs.map { plan.network.layers[$0 - 1].name }
                    ?? []
            }
            #expect(inputs("s") == ["a.relu", "b"])
            #expect(inputs("c") == ["a.bn"])
            #expect(inputs("concat1") == ["s.tanh", "r.relu"])
        }
    }

    @Test func whatNoMachineHolds() throws {
        for model in [
            "[\"flatten\", {dense: 16777216}, {dense: 16777216}, {dense: 10}]",
            "[{conv: 65536, kernel: 1, padding: 4096}, \"flatten\", {dense: 10}]",
            "[{conv: 65536, kernel: 4096, padding: 4096}, \"flatten\", {dense: 10}]",
        ] { #expect(try error(model)?.description.contains("which no machine computes") == true) }
    }

    @Test func whatDoesNotFitTheDataIsSaidWithTheLayer() throws {
        #expect(
            try error(#"["flatten", {dense: 9}]"#)
                == PlanError(
                    "the model ends in `dense1` with an output of 9, but the data has 10 classes:"
                        + " end the model with {dense: 10}",
                    layer: "dense1"))
        #expect(
            try error("[{batch_norm: true}]")
                == PlanError(
                    "the model ends in `bn1` with an output of 8×8×1, but 10 classes want a flat one of 10:"
                        + " put \"flatten\" and {dense: 10} behind it",
                    layer: "bn1"))
        #expect(
            try error(#"["relu", {name: "a", dense: 10}]"#)
                == PlanError(
                    "`a` is a dense layer and wants a flat input, but the layer before it gives 8×8×1:"
                        + " put \"flatten\" before it",
                    layer: "a")
        )
        #expect(
            try error(#"["flatten", "relu"]"#)
                == PlanError(
                    "the model has nothing to train: add a layer with weights, such as {dense: 10}",
                    field: "model"))
        #expect(
            try error(#"["flatten", {dense: 10}]"#, Self.facts(classes: nil))
                == PlanError(
                    "the data has no targets: name its label or target columns,"
                        + " or train an autoencoder with `data.target: \"input\"`",
                    field: "data"))
        #expect(
            try error(#"["flatten", {dense: 10}]"#, Self.facts(train: 0))
                == PlanError("the training set is empty: give it at least one sample"))
    }
}
