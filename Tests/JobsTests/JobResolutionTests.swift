import Jobs
import TestSupport
import Testing
import Training

@Suite struct JobResolutionTests {
    private func differences(_ overrides: String...) throws -> [String] {
        let before = try load(config(["data": #"{train: {idx: {images: "/a", labels: "/b"}}}"#]))
        var text = config(["data": #"{train: {idx: {images: "/a", labels: "/b"}}}"#])
        for override in overrides { text = try load(text, override).resolved.prettyJSON() }
        return JobResolution.differences(before.resolved, try load(text).resolved).map(\.description)
    }

    @Test func whatMayChangeIsIgnored() throws {
        #expect(try differences() == [])
        #expect(
            try differences(
                "epochs=50", "max_steps=3", "checkpoint={every: 4, keep: 1}", "logging.every=1",
                "data.train.idx.images=/c",
                "data.train.idx.labels=/d") == [])
    }

    @Test func everythingElseIsListed() throws {
        #expect(
            try differences(
                "seed=2", "optimizer.adam.beta1=0.5", "model.1.dense=12", "data.normalize=z_score",
                "batch.microbatches=2") == [
                    "seed is 2, was 1", "data.normalize is \"z_score\", was \"none\"",
                    "model.1.dense is 12, was 10",
                    "optimizer.adam.beta1 is 0.5, was 0.9", "batch.microbatches is 2, was absent",
                ])
    }

    @Test func otherKindsAndLengthsAreShownWhole() throws {
        #expect(
            try differences("optimizer=sgd") == [
                #"optimizer.adam is absent, "#
                    + #"was {"learning_rate":0.001,"beta1":0.9,"beta2":0.999,"epsilon..."#,
                #"optimizer.sgd is {"learning_rate":0.01,"momentum":0,"nesterov":false}, was absent"#,
            ])
        let longer = try differences("model=[\"flatten\", \"relu\", {dense: 10}]")
        #expect(longer.count == 1)
        #expect(longer.first?.hasPrefix("model is [") == true)
        #expect(
            try differences(#"data.train={builtin: "digits"}"#).map { $0.prefix(12) } == [
                "data.train.i", "data.train.b",
            ])
    }
}
