import Configuration
import Testing

@Suite struct ObjectDecoderTests {
    private enum Activation: String, CaseIterable { case relu, tanh, sigmoid }
    private enum Size: Equatable { case samples(Int), all }

    private struct SmallJob: Sendable {
        var name = ""
        var seed: UInt64 = 1
        var epochs = 1
        var maxSteps: Int?
        var metrics: [String] = []
        var loss = ""
        var size = 1
        var microbatches: Int?
        var optimizer = Rule(name: "", learningRate: 0)
        var model: [Layer] = []
    }

    private struct Rule: Equatable, Sendable {
        var name: String
        var learningRate: Double
        var nesterov = false
    }

    private struct Layer: Sendable {
        var size = 0.0
        var activation = Activation.relu
    }

    private static func rule(_ name: String) -> Choice<Rule> {
        let fields = ObjectCodec(Rule(name: name, learningRate: 1)) {
            Field("nesterov", \.nesterov, .bool, "Nesterov's form.")
            Field(required: "learning_rate", \.learningRate, .number(.positive), "The step size.")
        }
        return Choice(name, "A rule.", fields, to: { $0 }, from: { $0.name == name ? $0 : nil })
    }

    private static let layer = Codec<Layer>.choice(
        "a layer", blank: Layer(), \.size,
        [
            Choice("dense", .int(1...), "Dense.", to: { Double($0) }, from: { Int(exactly: $0) }),
            Choice("dropout", .number(.from(0, below: 1)), "Dropout.", to: { $0 }, from: { $0 }),
        ]
    ) {
        Field("activation", \.activation, .oneOf(Activation.self), "The activation.")
    }

    /// Everything a small job may hold.
    private static let job = Codec<SmallJob>.object(SmallJob()) {
        Field(required: "name", \.name, .nonEmptyString, "The name.")
        Field("seed", \.seed, .unsigned, "The seed.")
        Field(required: "epochs", \.epochs, .int(1...), "The epochs.")
        Field("max_steps", \.maxSteps, .int(1...), "The most steps.")
        Field("metrics", \.metrics, .array(of: .oneOf(["accuracy", "top_5"])), "The metrics.")
        Field(required: "loss", \.loss, .oneOf(["cross_entropy", "mse"]), "The loss.")
        Field.group("batch", "The batch.", isRequired: true) {
            Field("microbatches", \.microbatches, .int(1...64), "The pieces.")
            Field(required: "size", \.size, .int(1...), "The size.")
        }
        Field(
            required: "optimizer", \.optimizer, .variant("an optimizer", [rule("adam"), rule("sgd")]),
            "The rule.")
        Field("model", \.model, .array(of: layer), "The layers.")
    }

    private func decodeJob(_ text: String) -> Diagnostics {
        let (value, diagnostics) = read(text)
        _ = value.flatMap { Self.job.read($0, diagnostics) }
        return diagnostics
    }

    @Test func aJobWithoutMistakes() {
        let diagnostics = decodeJob(
            """
            {name: "x", seed: 18446744073709551615, epochs: 5, metrics: ["accuracy"], loss: "mse",
             batch: {size: 32, microbatches: 8}, optimizer: {adam: {learning_rate: 1e-3}},
             model: [{dense: 10, activation: "relu"}, {dropout: 0.5}], max_steps: null}
            """)
        #expect(diagnostics.isEmpty, "\(diagnostics.rendered())")
    }

    /// Twelve mistakes, each found once, in the order of the text.
    @Test func allMistakesAreReportedAtOnce() {
        let diagnostics = decodeJob(
            """
            {
              name: "",
              seed: -1,
              epochs: "five",
              metrics: ["acuracy", 3],
              loss: "cross_entropi",
              batch: {sise: 32, microbatches: 65},
              optimizer: {adam: {learning_rate: 0, nesterov: "yes"}},
              model: [
                {dense: 10, dropout: 0.5}, {dropout: 1.0, activation: "relu"},
                {dense: 1, activation: "rleu"}, {dens: 5}, {activation: "tanh"},
              ],
              name: "again",
              colour: "red",
            }
            """)
        let expected: [String] = [
            "name: `name` must be a string that is not empty, found the string \"\"",
            "seed: `seed` must be a whole number from 0 to 18446744073709551615, found -1",
            "epochs: `epochs` must be a whole number of at least 1, found the string \"five\"",
            "metrics.0: `metrics.0` must be one of `accuracy` or `top_5`, "
                + "found the string \"acuracy\" (did you mean \"accuracy\"?)",
            "metrics.1: `metrics.1` must be one of `accuracy` or `top_5`, found 3",
            "loss: `loss` must be one of `cross_entropy` or `mse`, "
                + "found the string \"cross_entropi\" (did you mean \"cross_entropy\"?)",
            "batch: unknown field `sise` (did you mean `size`?)",
            "batch.microbatches: `microbatches` must be a whole number from 1 to 64, found 65",
            "optimizer.adam.learning_rate: `learning_rate` must be a number above 0, found 0",
            "optimizer.adam.nesterov: `nesterov` must be true or false, found the string \"yes\"",
            "model.0: a layer must have only one of `dense` or `dropout` (it already has `dense`)",
            "model.1.dropout: `dropout` must be a number of at least 0 and below 1, found 1.0",
            "model.2.activation: `activation` must be one of `relu`, `tanh` or `sigmoid`, "
                + "found the string \"rleu\" (did you mean \"relu\"?)",
            "model.3: unknown field `dens` (did you mean `dense`?)",
            "model.4: a layer must have one of `dense` or `dropout`",
            ": duplicate field `name` (it is already set on line 2)",
            ": unknown field `colour` (known fields: `name`, `seed`, `epochs`, `max_steps`, `metrics`, "
                + "`loss`, `batch`, `optimizer`, `model`)",
        ]
        let reported = diagnostics.sorted.map { diagnostic in
            "\(diagnostic.path): \(diagnostic.message)" + (diagnostic.label.map { " (\($0))" } ?? "")
        }
        #expect(reported == expected)
    }

    @Test func missingFieldsPointAtTheObject() {
        let rendered = decodeJob("{name: 'x', epochs: 1, loss: 'mse', batch: {}, optimizer: 'sgd'}")
            .rendered()
        #expect(
            rendered == """
                error: missing field `size`
                  --> job.json5:1:44   batch
                   |  {name: 'x', epochs: 1, loss: 'mse', batch: {}, optimizer: 'sgd'}
                   |                                             ^ `size` must be a whole number of at least 1

                error: missing field `learning_rate`
                  --> job.json5:1:59   optimizer
                   |  {name: 'x', epochs: 1, loss: 'mse', batch: {}, optimizer: 'sgd'}
                   |                                                            ^^^^^ \
                `learning_rate` must be a number above 0
                """)
    }

    @Test(
        arguments: [
            ("{optimizer: 'adm'}", "`adm` is not an optimizer", "did you mean `adam`?"),
            ("{optimizer: {rmsprop: {}}}", "`rmsprop` is not an optimizer", "known are `adam` and `sgd`"),
            (
                "{optimizer: {adam: {}, sgd: {}}}",
                "`optimizer` must name one of `adam` or `sgd`, found `adam` and `sgd`", nil
            ),
            ("{optimizer: {}}", "`optimizer` must name one of `adam` or `sgd`, found none", nil),
            ("{optimizer: 5}", "`optimizer` must be an optimizer, found 5", "one of `adam` or `sgd`"),
            ("{optimizer: {adam: 5}}", "`adam` must be an object, found 5", nil),
        ] as [(String, String, String?)]) func wrongVariants(
            _ text: String, _ message: String, _ label: String?
        ) throws
    {
        let (value, diagnostics) = read(text)
        let optimizer = try #require(value?["optimizer"])
        #expect(Variant.read(optimizer, "an optimizer", among: ["adam", "sgd"], diagnostics) == nil)
        #expect(diagnostics.sorted.map(\.message) == [message])
        #expect(diagnostics.sorted.map(\.label) == [label])
    }

    @Test func choicesAmongTheFields() throws {
        struct Layer: Sendable { var kind = "", kernel: Int? }
        func kind(_ name: String, word: String? = nil) -> Choice<String> {
            Choice(
                name, Codec<ConfigValue>.any, "A layer.", word: word, to: { name + $0.compactJSON() },
                from: { _ in nil })
        }
        let layer = Codec<Layer>.choice(
            "a layer", blank: Layer(), \.kind,
            [kind("conv"), kind("dropout"), kind("flatten", word: "flatten")]
        ) {
            Field("kernel", \.kernel, .int(1...), "The window.")
        }.map(to: { $0.kind }, from: { Layer(kind: $0) })
        let diagnostics = Diagnostics()
        #expect(
            Codec.array(of: layer).read(
                [["conv": 32, "kernel": 3], "flatten", ["dropout": 0.5]], diagnostics) == [
                    "conv32", "flatten", "dropout0.5",
                ])
        #expect(diagnostics.isEmpty, "\(diagnostics.rendered())")
        for wrong: ConfigValue in [
            ["cnov": 1, "kernel": 3], ["kernel": 3], ["conv": 1, "dropout": 1, "kernel": 2], "flaten", 5,
            ["conv": 1, "kernl": 3], "conv",
        ] {
            _ = layer.read(wrong, diagnostics)
        }
        #expect(
            diagnostics.sorted.map { $0.message + ($0.label.map { " (\($0))" } ?? "") } == [
                "unknown field `cnov` (did you mean `conv`?)",
                "a layer must have one of `conv`, `dropout` or `flatten`",
                "a layer must have only one of `conv`, `dropout` or `flatten` (it already has `conv`)",
                "`flaten` is not a layer (did you mean `flatten`?)",
                "the configuration must be a layer, found 5 (one of `conv`, `dropout` or `flatten`)",
                "unknown field `kernl` (did you mean `kernel`?)",
                "`conv` needs a value: it cannot stand alone",
            ])
    }

    @Test func alternatives() throws {
        let size = Codec.int(1...).map(
            to: { Size.samples($0) }, from: { if case .samples(let count) = $0 { count } else { nil } }
        ).or("all", is: .all)
        let diagnostics = Diagnostics()
        #expect(size.read(5, diagnostics) == .samples(5))
        #expect(size.read("all", diagnostics) == .all)
        #expect(diagnostics.isEmpty)
        #expect(size.read("al", diagnostics) == nil)
        #expect(size.read(0, diagnostics) == nil)
        let pair = Codec.int(1...).shorthand { [$0, $0] }.or(.array(of: .int(1...), count: 2...2))
        #expect(pair.read([3, 0], diagnostics) == nil)
        #expect(pair.read([3], diagnostics) == nil)
        #expect(
            diagnostics.sorted.map(\.message) == [
                "the configuration must be a whole number of at least 1 or `all`, found the string \"al\"",
                "the configuration must be a whole number of at least 1 or `all`, found 0",
                "element 1 must be a whole number of at least 1, found 0",
                "the configuration must be a list of 2 (each a whole number of at least 1), "
                    + "found a list of 1",
            ])
    }

    @Test(
        arguments: [
            (.finite, 1e300, true), (.finite, .infinity, false), (.finite, .nan, false),
            (.positive, 0, false),
            (.positive, .leastNonzeroMagnitude, true),
            (.nonNegative, -0.0, true), (.nonNegative, -1e-9, false), (.from(0, to: 1), 1, true),
            (.from(0, below: 1), 1, false),
            (.above(0, to: 1), 0, false), (.above(0, to: 1), 1, true), (.above(0, below: 1), 1, false),
            (.atMost(2), 2, true),
            (.atMost(2), 2.5, false),
            (.nonNegative, .infinity, false),
        ] as [(Interval, Double, Bool)]) func intervals(_ interval: Interval, _ value: Double, _ fits: Bool)
    {
        #expect(interval.contains(value) == fits)
        let diagnostics = Diagnostics()
        #expect((Codec.number(interval).read(.number(value), diagnostics) != nil) == fits)
        #expect(diagnostics.hasErrors != fits)
    }

    @Test func tables() throws {
        let diagnostics = Diagnostics()
        let table = try #require(Codec.table(of: .int(0...)).read(["b": 2, "a": 1], diagnostics))
        #expect(table.map(\.key) == ["b", "a"] && table.map(\.value) == [2, 1])
        #expect(diagnostics.isEmpty)
        #expect(Codec.table(of: .int(0...)).read(["b": -2, "a": "x"], diagnostics) == nil)
        #expect(Codec.table(of: .int(0...)).read([], diagnostics) == nil)
        #expect(diagnostics.sorted.map(\.path.description) == ["b", "a", ""])
    }

    /// A field that only resembles a choice does not hide that none was made.
    @Test func aChoiceIsMissedOnceAndAlways() {
        for (written, isMissed) in [("kernel", true), ("xyz", true), ("cnov", false)] {
            let diagnostics = Diagnostics()
            let layer = ObjectDecoder(ConfigValue.object([(written, 1)]), diagnostics)
            let kind = layer?.exactlyOne(of: ["kernels", "conv"], what: "a layer")
            #expect(kind == nil)
            _ = layer?.optional("kernel", .int)
            layer?.finish()
            #expect(diagnostics.hasErrors)
            #expect(
                diagnostics.sorted.map(\.message).contains("a layer must have one of `kernels` or `conv`")
                    == isMissed)
        }
    }

    @Test func mistakesAcrossFieldsAreReportedWhereTheyStand() throws {
        let (value, diagnostics) = read("{low: 5, high: 3}")
        let written = try #require(value)
        let object = try #require(ObjectDecoder(written, diagnostics))
        object.error("`low` must be below `high`", atValueOf: "low", label: "above 3")
        object.error("`high` comes first", atKey: "high")
        #expect(diagnostics.sorted.map { $0.range?.text } == ["5", "high"])
    }

    @Test func aNumberInQuotesIsExplained() {
        let diagnostics = Diagnostics()
        _ = Codec.int(1...).read("5", diagnostics)
        _ = Codec.string.read(5, diagnostics)
        #expect(diagnostics.sorted.map(\.label) == ["write it without quotes", "put it in quotes: \"5\""])
    }
}
