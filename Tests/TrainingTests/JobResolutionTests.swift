import Configuration
import Testing
import Training

/// What may change between a run and its resumption, and what may not.
@Suite struct JobResolutionTests {
    private static let base = "[\"flatten\", {dense: 16, activation: \"relu\"}, {dense: 10}]"

    private func compared(_ overrides: [String]) throws -> (differences: [String], sameIdentity: Bool) {
        let before = try load(minimal(model: Self.base))
        let now = try load(minimal(model: Self.base), overrides: overrides)
        return (JobResolution.differences(before.resolved, now.resolved).map(\.description), before.identity == now.identity)
    }

    @Test(arguments: [["epochs=9"], ["max_steps=5"], ["checkpoint.every=7", "checkpoint.keep=1"], ["logging.every=1"], []])
    func freeFields(overrides: [String]) throws {
        let (differences, sameIdentity) = try compared(overrides)
        #expect(differences == [])
        #expect(sameIdentity)
    }

    @Test(arguments: [
        ("seed=2", ["seed is 2, was 1"]), ("name=other", ["name is \"other\", was \"job\""]),
        ("loss=mse", ["loss is \"mse\", was \"cross_entropy\""]), ("batch.size=65", ["batch.size is 65, was 64"]),
        ("batch.microbatches=2", ["batch.microbatches is 2, was absent"]),
        ("optimizer.adam.beta1=0.8", []), ("model.1.dense=17", ["model.1.dense is 17, was 16"]),
        ("data.normalize=z_score", ["data.normalize is \"z_score\", was \"none\""]),
        ("data.validation={builtin: \"digits\"}", ["data.validation is {\"builtin\":\"digits\"}, was absent"]),
        ("numerics.blas_core=Zen", ["numerics is {\"blas_core\":\"Zen\"}, was absent"]),
    ])
    func fixedFields(override: String, expected: [String]) throws {
        // The bare word "adam" has no fields to set.
        let override = override.hasPrefix("optimizer") ? "optimizer={adam: {beta1: 0.8}}" : override
        let expected = expected.isEmpty ? ["optimizer.adam.beta1 is 0.8, was 0.9"] : expected
        let (differences, sameIdentity) = try compared([override])
        #expect(differences == expected)
        #expect(!sameIdentity)
    }

    @Test func modelsOfOtherLengths() throws {
        let before = try load(minimal(model: Self.base)).resolved
        let now = try load(minimal(model: "[\"flatten\", {dense: 10}]")).resolved
        let differences = JobResolution.differences(before, now)
        #expect(differences.map(\.path) == ["model"])
        #expect(differences.allSatisfy { $0.before.count <= 60 && $0.now.count <= 60 })
    }

    /// Several differences are all told, in the order of the config.
    @Test func allAtOnce() throws {
        let (differences, _) = try compared(["loss=mse", "seed=4", "epochs=3", "model.2.name=head"])
        #expect(differences == ["seed is 4, was 1", "model.3.name is \"head\", was \"dense2\"", "loss is \"mse\", was \"cross_entropy\""])
    }

    /// Where the files lie decides nothing: their content is compared by itself.
    @Test func movedFiles() throws {
        func file(_ directory: String) throws -> JobFile {
            let source = "data.train={idx: {images: \"\(directory)/i\", labels: \"\(directory)/l\"}}"
            return try load(minimal(), overrides: [source])
        }
        let (before, now) = (try file("/a"), try file("/b"))
        #expect(before.job != now.job)
        #expect(JobResolution.differences(before.resolved, now.resolved) == [])
        #expect(before.identity == now.identity)
        #expect(try load(minimal()).identity != before.identity)
    }

    @Test func identityIsASHA256() throws {
        let identity = try load(minimal()).identity
        #expect(identity.count == 64)
        #expect(identity.allSatisfy { "0123456789abcdef".contains($0) })
    }
}
