import Configuration
import Testing
import Training

/// All that is wrong with a config is said at once, each with its place and what to do.
@Suite struct JobErrorTests {
    @Test func tenMistakesAtOnce() throws {
        let text = """
            {
              name: "my job",
              sede: 3,
              data: {train: {builtin: "digit"}, normalize: "zscore"},
              model: [
                "flaten",
                {dense: "64", activation: "rellu"},
                {dense: 10, bais: true},
              ],
              loss: "mse",
              optimizer: {adam: {learning_rte: 1e-3, beta1: 1.5}},
              batch: {size: 64},
            }
            """
        let expected = """
            error: missing field `epochs`
              --> job.json5:1:1
               |  {
               |  ^ `epochs` must be a whole number from 1 to 1000000

            error: `name` must be a name of letters, digits, `-`, `_` and `.`, found the string "my job"
              --> job.json5:2:9   name
               |  name: "my job",
               |        ^^^^^^^^

            error: unknown field `sede`
              --> job.json5:3:3
               |  sede: 3,
               |  ^^^^ did you mean `seed`?

            error: `builtin` must be `digits`, found the string "digit"
              --> job.json5:4:27   data.train.builtin
               |  data: {train: {builtin: "digit"}, normalize: "zscore"},
               |                          ^^^^^^^ did you mean "digits"?

            error: `normalize` must be one of `none`, `z_score` or `min_max`, found the string "zscore"
              --> job.json5:4:48   data.normalize
               |  data: {train: {builtin: "digit"}, normalize: "zscore"},
               |                                               ^^^^^^^^ did you mean "z_score"?

            error: `model.0` must be one of `flatten`, `relu`, `sigmoid`, `tanh` or `softmax`, found the string "flaten"
              --> job.json5:6:5   model.0
               |  "flaten",
               |  ^^^^^^^^ did you mean "flatten"?

            error: `dense` must be a whole number from 1 to 16777216, found the string "64"
              --> job.json5:7:13   model.1.dense
               |  {dense: "64", activation: "rellu"},
               |          ^^^^ write it without quotes

            error: `activation` must be one of `relu`, `sigmoid`, `tanh` or `softmax`, found the string "rellu"
              --> job.json5:7:31   model.1.activation
               |  {dense: "64", activation: "rellu"},
               |                            ^^^^^^^ did you mean "relu"?

            error: unknown field `bais`
              --> job.json5:8:17   model.2
               |  {dense: 10, bais: true},
               |              ^^^^ did you mean `bias`?

            error: unknown field `learning_rte`
              --> job.json5:11:22   optimizer.adam
               |  optimizer: {adam: {learning_rte: 1e-3, beta1: 1.5}},
               |                     ^^^^^^^^^^^^ did you mean `learning_rate`?

            error: `beta1` must be a number of at least 0 and below 1, found 1.5
              --> job.json5:11:49   optimizer.adam.beta1
               |  optimizer: {adam: {learning_rte: 1e-3, beta1: 1.5}},
               |                                                ^^^
            """
        #expect(try complaint(text) == expected)
    }

    /// The config is as it should be, but for the mistake of each test.
    @Test func theMinimalJobIsRight() throws { #expect(try complaint(minimal()) == nil) }

    @Test(arguments: [
        ("seed: -1,", "`seed`"), ("max_steps: 0,", "`max_steps`"), ("checkpoint: {every: 0},", "`every`"),
        ("checkpoint: {keep: 0},", "`keep`"), ("checkpoint: {every: \"day\"},", "`every`"), ("logging: {every: 0},", "`every`"),
        ("numerics: {blas_core: \"\"},", "`blas_core`"), ("name: \"../up\",", "`name`"), ("name: \"\",", "`name`"),
        ("schedule: {cosine: {}},", "unknown field `schedule`"), ("assignment: {},", "missing field `cuts`"),
        ("epochs: 3,", "duplicate field `epochs`"),
    ])
    func fieldOutOfRange(field: String, expected: String) throws {
        let said = try #require(try complaint(minimal(field)))
        #expect(said.hasPrefix("error: \(expected)"), "\(said)")
        #expect(said.contains("--> job.json5:8:"), "\(said)")
    }

    @Test(arguments: [
        "{conv: 32, kernel: 3}", "{dense: 10, flatten: true}", "{dense: 0}", "{dense: 10, init: \"he\"}",
        "{dense: 10, batch_norm: {momentum: 0}}",
        "{dense: 10, batch_norm: {epsilon: 0}}", "{dense: 10, name: \"a/b\"}", "{flatten: false}", "3", "{}", "\"dense\"",
    ])
    func layerThatIsNone(layer: String) throws {
        let said = try #require(try complaint(minimal(model: "[\"flatten\", {dense: 10}, \(layer)]")))
        #expect(said.contains("--> job.json5:3:"), "\(said)")
    }

    @Test(arguments: [
        "\"rmsprop\"", "{}", "{adam: {}, sgd: {}}", "{sgd: {learning_rate: 0}}", "{sgd: {momentum: 1}}", "{momentum: {beta1: 0.5}}",
        "{adam: {epsilon: 0}}", "3",
    ])
    func optimizerThatIsNone(optimizer: String) throws {
        let said = try #require(try complaint(minimal(optimizer: optimizer)))
        #expect(said.contains("--> job.json5:5:"), "\(said)")
    }

    @Test func emptyModel() throws {
        #expect(try #require(try complaint(minimal(model: "[]"))).hasPrefix("error: `model` must be a list of"))
    }

    @Test(arguments: [
        "[{dense: 10}, {dense: 10, name: \"dense1\"}]",
        "[{dense: 10, name: \"a\", activation: \"relu\"}, {activation: \"tanh\", name: \"a.relu\"}]",
        "[{dense: 10, name: \"a\", batch_norm: true}, {dense: 10, name: \"a.bn\"}]",
    ])
    func namesThatMeet(model: String) throws {
        let said = try #require(try complaint(minimal(model: model)))
        #expect(said.hasPrefix("error: two layers are called `"), "\(said)")
        #expect(said.contains("job.json5:3:"), "\(said)")
    }

    @Test(arguments: ["[0, 3, 4]", "[1, 8]", "[0, 5, 4, 8]", "[0]", "[]"])
    func cutsThatDoNotCover(cuts: String) throws {
        let text = minimal("assignment: {cuts: \(cuts)},")
        let said = try #require(try complaint(text, overrides: ["batch.microbatches=8"]))
        #expect(said.hasPrefix("error: the cuts must begin at 0, never fall, and end at `batch.microbatches`"), "\(said)")
    }

    @Test func cutsNeedMicrobatches() throws {
        #expect(try #require(try complaint(minimal("assignment: {cuts: [0, 8]},"))).contains("give batch.microbatches too"))
        #expect(try complaint(minimal("assignment: {cuts: [0, 8]},"), overrides: ["batch.microbatches=8"]) == nil)
    }

    @Test func overridesAreCheckedWithTheFile() throws {
        let said = try #require(try complaint(minimal("sede: 1,"), overrides: ["epochs=none", "model.7.dense=3"]))
        #expect(
            said == """
                error: unknown field `sede`
                  --> job.json5:8:3
                   |  sede: 1,
                   |  ^^^^ did you mean `seed`?

                error: there is no element 7: `model` has the elements 0 to 1
                  --> --set model.7.dense=3
                   |              ^

                error: `epochs` must be a whole number from 1 to 1000000, found the string "none"
                  --> --set epochs=none
                   |               ^^^^
                """)
    }
}
