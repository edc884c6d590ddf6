import Configuration
import Datasets
import NeuralNetwork
import System
import Testing
import Training

/// What a config leaves out, and the text with everything filled in.
@Suite struct JobDefaultTests {
    @Test func everyDefault() throws {
        let job = try load(minimal(), as: "tiny.v2.json5").job
        let expected = Job(
            name: "tiny", seed: 1, data: DataSpec(train: .digits, validation: nil, test: nil, normalization: .none),
            layers: [
                NamedLayer("flatten1", .flatten), NamedLayer("dense1", .dense(units: 10, bias: true, initializer: .xavierUniform)),
            ],
            loss: .crossEntropy, optimizer: .adam(learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8), batchSize: 64,
            microbatches: nil, epochs: 2, maxSteps: nil, checkpoint: CheckpointPolicy(every: .epoch, keep: 3), logEvery: 10, blasCore: nil,
            forcedCuts: nil)
        #expect(job == expected)
    }

    @Test(arguments: [
        ("\"adam\"", Optimizer.adam(learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8)),
        ("{adam: {beta2: 0.9}}", .adam(learningRate: 1e-3, beta1: 0.9, beta2: 0.9, epsilon: 1e-8)),
        ("{sgd: {learning_rate: 0.5}}", .gradientDescent(learningRate: 0.5, momentum: 0)),
        ("{sgd: {learning_rate: 0.5, momentum: 0.8}}", .gradientDescent(learningRate: 0.5, momentum: 0.8)),
        ("{momentum: {learning_rate: 0.5}}", .gradientDescent(learningRate: 0.5, momentum: 0.9)),
        ("{momentum: {learning_rate: 0.5, momentum: 0.99}}", .gradientDescent(learningRate: 0.5, momentum: 0.99)),
    ])
    func optimizers(text: String, expected: Optimizer) throws {
        #expect(try load(minimal(optimizer: text)).job.optimizer == expected)
    }

    @Test func wholeBatchAndSteps() throws {
        let job = try load(minimal("checkpoint: {every: 25},"), overrides: ["batch.size=all"]).job
        #expect(job.batchSize == nil)
        #expect(job.checkpoint == CheckpointPolicy(every: .steps(25), keep: 3))
    }

    /// A file whose name is no name for a run has a plain one.
    @Test func nameOfTheFile() throws {
        #expect(try load(minimal(), as: "digits-mlp.json5").job.name == "digits-mlp")
        #expect(try load(minimal(), as: "my job.json5").job.name == "job")
        #expect(try load(minimal("name: \"given\","), as: "other.json5").job.name == "given")
    }

    @Test func pathsBecomeAbsolute() throws {
        let text = minimal().split(separator: "{builtin: \"digits\"}", omittingEmptySubsequences: false)
            .joined(separator: "{idx: {images: \"data/i.gz\", labels: \"/mnt/l.gz\"}}")
        #expect(try load(text).job.data.train == .idx(images: Path.absolute("data/i.gz"), labels: "/mnt/l.gz"))
        #expect(Path.absolute("data/i.gz").hasPrefix("/"))
    }

    /// Everything that a config can say, no field at its default.
    static let full = """
        {
          name: "full", seed: 18446744073709551615,
          data: {train: {idx: {images: "/a/i \\"quoted\\"", labels: "/a/l"}}, validation: {idx: {images: "/b/ï", labels: "/b/l"}},
                 test: {idx: {images: "/c/i", labels: "/c/l"}}, normalize: "min_max"},
          model: [
            "flatten",
            {dense: 64, batch_norm: {momentum: 0.3, epsilon: 1e-3}, bias: true, init: "he_uniform", activation: "relu"},
            {dense: 32, batch_norm: true, activation: "sigmoid", name: "middle"},
            {batch_norm: true}, "tanh", {dense: 10}, "softmax",
          ],
          loss: "mse", optimizer: {adam: {learning_rate: 0.1, beta1: 0.7, beta2: 0.95, epsilon: 1e-7}},
          batch: {size: 97, microbatches: 6}, epochs: 7, max_steps: 50, checkpoint: {every: 9, keep: 2},
          numerics: {blas_core: "Haswell"}, logging: {every: 3}, assignment: {cuts: [0, 1, 1, 6]},
        }
        """

    @Test(arguments: [
        full, minimal(), minimal(optimizer: "{momentum: {learning_rate: 0.3}}"), minimal(optimizer: "\"sgd\""),
    ])
    func resolvedTextIsTheSameJob(text: String) throws {
        let file = try load(text)
        let resolved = file.resolved.prettyJSON()
        #expect(try Job(resolvedText: resolved) == file.job)
        // Resolving is done: once more changes nothing, and the text is fit to be a file as well.
        let again = try load(resolved, as: "other.json5")
        #expect(again.job == file.job)
        #expect(again.resolved.prettyJSON() == resolved)
        #expect(again.identity == file.identity)
    }

    @Test func theFullConfigIsFull() throws {
        let job = try load(Self.full).job
        #expect(job.seed == .max)
        #expect(job.layers.count == 11)
        #expect(job.forcedCuts == [0, 1, 1, 6])
        #expect(job.blasCore == "Haswell")
        #expect(job.data.train == .idx(images: "/a/i \"quoted\"", labels: "/a/l"))
    }

    @Test func resolvedTextThatIsDamaged() throws {
        let resolved = try load(minimal()).resolved.prettyJSON()
        #expect(throws: ConfigurationError.self) { try Job(resolvedText: String(resolved.dropLast(20))) }
        #expect(throws: ConfigurationError.self) { try Job(resolvedText: "") }
    }
}
