import Jobs
import NeuralNetwork
import TestSupport
import Testing
import Training

@Suite struct LayerKindTests {
    private func layers(_ model: String) throws -> [NamedLayer] {
        try load(config(["model": "[\(model)]"])).job.layers
    }

    private static let norm = LayerSpec.batchNorm(momentum: 0.1, epsilon: 1e-5)
    private static func dense(_ units: Int, bias: Bool = true, _ initializer: Initializer = .xavierUniform)
        -> LayerSpec
    {
        .dense(units: units, bias: bias, initializer: initializer)
    }

    @Test func anObjectStandsForLayerNormAndActivation() throws {
        #expect(
            try layers(#"{dense: 8, batch_norm: true, activation: "relu"}"#) == [
                NamedLayer("dense1", Self.dense(8, bias: false, .heNormal)),
                NamedLayer("dense1.bn", Self.norm),
                NamedLayer("dense1.relu", .activation(.relu)),
            ])
        #expect(
            try layers(#"{name: "h", dense: 8, activation: "softmax"}"#) == [
                NamedLayer("h", Self.dense(8)), NamedLayer("h.softmax", .softmax),
            ])
        #expect(
            try layers(#"{batch_norm: {momentum: 1}, activation: "tanh"}"#) == [
                NamedLayer("bn1", .batchNorm(momentum: 1, epsilon: 1e-5)),
                NamedLayer("bn1.tanh", .activation(.tanh)),
            ])
    }

    /// He's initialisation belongs to ReLU, no bias stands before a batch norm; both can be overruled.
    @Test func whatDependsOnTheRestOfTheObject() throws {
        #expect(try layers(#"{dense: 8, activation: "tanh"}"#)[0].spec == Self.dense(8))
        #expect(
            try layers(#"{dense: 8, activation: "relu", init: "xavier_normal"}"#)[0].spec
                == Self.dense(8, .xavierNormal))
        #expect(try layers("{dense: 8, batch_norm: true, bias: true}")[0].spec == Self.dense(8))
        #expect(try layers("{dense: 8, batch_norm: false}") == [NamedLayer("dense1", Self.dense(8))])
        #expect(try layers("{dense: 8, bias: false}")[0].spec == Self.dense(8, bias: false))
    }

    @Test func images() throws {
        func conv(_ window: Window, bias: Bool = true, _ initializer: Initializer = .xavierUniform)
            -> LayerSpec
        {
            .convolution(channels: 8, window: window, bias: bias, initializer: initializer)
        }
        #expect(
            try layers(
                #"{conv: 8, kernel: [3, 5], stride: [2, 1], padding: [1, 2], batch_norm: true, "#
                    + #"activation: "relu"}"#
            ) == [
                NamedLayer(
                    "conv1",
                    conv(
                        Window(
                            (3, 5), stride: (2, 1), padding: .explicit(top: 1, bottom: 1, left: 2, right: 2)),
                        bias: false, .heNormal)),
                NamedLayer("conv1.bn", Self.norm), NamedLayer("conv1.relu", .activation(.relu)),
            ])
        #expect(try layers("{conv: 8}")[0].spec == conv(Window(3, stride: 1, padding: .same)))
        #expect(
            try layers(#"{conv: 8, kernel: 1, padding: {left: 3}, init: {constant: 1}}"#)[0].spec
                == conv(
                    Window(1, stride: 1, padding: .explicit(top: 0, bottom: 0, left: 3, right: 0)),
                    .constant(1)))
        #expect(
            try layers(#"{conv: 4, activation: {maxout: 2}}"#)[0].spec
                == conv(Window(3, stride: 1, padding: .same)))
        #expect(
            try layers(
                #"{max_pool: [2, 3]}, {average_pool: 3, stride: 2, padding: 1, ceil_mode: true}, "#
                    + #""global_average_pool""#
            ) == [
                NamedLayer("max_pool1", .pool(.maximum, window: Window((2, 3)))),
                NamedLayer(
                    "average_pool1",
                    .pool(
                        .average,
                        window: Window(
                            3, stride: 2, padding: .explicit(top: 1, bottom: 1, left: 1, right: 1),
                            roundsUp: true))),
                NamedLayer("global_average_pool1", .globalPool(.average)),
            ])
    }

    @Test func transformers() throws {
        var small = AttentionOptions(heads: 8, kvHeads: 2)
        small.isCausal = false
        small.rotary = RotaryOptions(base: 500, width: 4)
        small.hasBias = false
        small.dropout = 0.1
        small.probabilityDropout = 0.2
        #expect(
            try layers(
                #"{embedding: 50, width: 16}, "positions", {attention: 4}, {attention: 8, kv_heads: 2, "#
                    + #"causal: false, rotary: {base: 500, width: 4}, bias: false, dropout: 0.1, "#
                    + #"probability_dropout: 0.2, name: "a"}, "#
                    + #"{rms_norm: {epsilon: 1e-6}}, {dense: 8, activation: "silu"}, {gated: "gelu_tanh"}, "#
                    + #"{head: {tied: "embedding1"}}"#) == [
                    NamedLayer(
                        "embedding1",
                        .embedding(entries: 50, width: 16, initializer: .normal(deviation: 0.02))),
                    NamedLayer("positions1", .positions(initializer: .normal(deviation: 0.02))),
                    NamedLayer("attention1", .attention(AttentionOptions(heads: 4))),
                    NamedLayer("a", .attention(small)),
                    NamedLayer("rms_norm1", .rmsNorm(epsilon: 1e-6, hasScale: true)),
                    NamedLayer("dense1", Self.dense(8)), NamedLayer("dense1.silu", .silu),
                    NamedLayer("gated1", .gated(.geluTanh)),
                    NamedLayer("head1", .tiedHead(embedding: "embedding1")),
                ])
    }

    @Test func geluAndLayerNorm() throws {
        #expect(
            try layers(
                #"{dense: 8, activation: "gelu"}, {layer_norm: true}, "gelu", {activation: {gelu: "tanh"}}"#)
                == [
                    NamedLayer("dense1", Self.dense(8)), NamedLayer("dense1.gelu", .gelu(.exact)),
                    NamedLayer("ln1", .layerNorm(epsilon: 1e-5, hasScale: true, hasShift: true)),
                    NamedLayer("gelu1", .gelu(.exact)), NamedLayer("gelu2", .gelu(.tanh)),
                ])
        #expect(
            try layers("{layer_norm: {epsilon: 1e-3, scale: false, shift: false}}")[0].spec
                == .layerNorm(epsilon: 1e-3, hasScale: false, hasShift: false))
    }

    @Test func layersOfSequences() throws {
        var lstm = RecurrentOptions(.lstm, units: 128)
        (lstm.layers, lstm.isBidirectional, lstm.hasAllOutputs, lstm.dropout) = (2, true, false, 0.2)
        #expect(
            try layers(
                #""rows", {lstm: 128, layers: 2, bidirectional: true, output: "last", dropout: 0.2}, "#
                    + #"{gru: 5}, {rnn: 6, nonlinearity: "relu"}, {rnn: 7}"#
            ) == [
                NamedLayer("rows1", .imageRows), NamedLayer("lstm1", .recurrent(lstm)),
                NamedLayer("gru1", .recurrent(RecurrentOptions(.gru, units: 5))),
                NamedLayer("rnn1", .recurrent(RecurrentOptions(.relu, units: 6))),
                NamedLayer("rnn2", .recurrent(RecurrentOptions(.tanh, units: 7))),
            ])
        func convolution(_ kernel: Int, _ isCausal: Bool, _ bias: Bool, _ initializer: Initializer)
            -> LayerSpec
        {
            .sequenceConvolution(
                channels: 100, kernel: kernel, isCausal: isCausal, bias: bias, initializer: initializer)
        }
        #expect(
            try layers(
                #"{conv1d: 100, activation: "relu"}, "#
                    + #"{conv1d: 100, kernel: 4, padding: "causal", bias: false}, "global_max_pool", "#
                    + #" "first_position", "last_position""#
            ) == [
                NamedLayer("conv1d1", convolution(3, false, true, .heNormal)),
                NamedLayer("conv1d1.relu", .activation(.relu)),
                NamedLayer("conv1d2", convolution(4, true, false, .xavierUniform)),
                NamedLayer("global_max_pool1", .globalPool(.maximum)),
                NamedLayer("first_position1", .globalPool(.firstPosition)),
                NamedLayer("last_position1", .globalPool(.lastPosition)),
            ])
    }

    @Test func initializers() throws {
        let expected: [(String, Initializer)] = [
            (#""zeros""#, .zeros), ("{constant: 0.1}", .constant(0.1)),
            ("{uniform: 0.05}", .uniform(low: -0.05, high: 0.05)),
            ("{uniform: {low: 0, high: 2}}", .uniform(low: 0, high: 2)),
            ("{normal: {deviation: 0.01}}", .normal(deviation: 0.01)),
            (#""orthogonal""#, .orthogonal(gain: 1)), ("{orthogonal: {gain: 2}}", .orthogonal(gain: 2)),
            (#""he_uniform""#, .heUniform),
        ]
        for (text, initializer) in expected {
            #expect(try layers("{dense: 8, init: \(text)}")[0].spec == Self.dense(8, initializer))
        }
    }

    /// Every kind counts for itself, and named layers count too, so that naming one does not rename those
    /// after it.
    @Test func names() throws {
        let names = try layers(
            #""flatten", {dense: 4}, "relu", {dense: 4, name: "middle"}, "relu", {activation: "sigmoid"}, "#
                + #"{batch_norm: true}, {dense: 4}, "softmax""#
        ).map(\.name)
        #expect(
            names == [
                "flatten1", "dense1", "relu1", "middle", "relu2", "sigmoid1", "bn1", "dense3", "softmax1",
            ])
    }

    @Test func twoLayersCannotShareAName() throws {
        #expect(
            try complaint(config(["model": #"[{dense: 4, name: "a"}, {dense: 4, name: "a"}]"#])) == """
                error: two layers are called `a`
                  --> job.json5:6:34   model.1
                   |  model: [{dense: 4, name: "a"}, {dense: 4, name: "a"}],
                   |                                 ^^^^^^^^^^^^^^^^^^^^^ give one of them another `name`
                """)
        // Also where one of the names was made by the program.
        let shown = try complaint(config(["model": #"[{dense: 4, name: "dense2"}, {dense: 4}]"#]))
        #expect(shown?.hasPrefix("error: two layers are called `dense2`") == true)
    }

    @Test(arguments: [
        ("{dense: 4, name: \"a b\"}", "`name` must be a name of letters, digits"),
        ("{flatten: false}", "`flatten` must be true"),
        ("{dense: 4, activation: \"rleu\"}", "did you mean `relu`?"),
        ("\"dense\"", "`model.0` must be one of"),
        ("{}", "a layer must have one of"), ("17", "`model.0` must be an object, found 17"),
        ("{batch_norm: false, dense: 1, init: \"he\"}", "`he` is not an initializer"),
        ("{conv: 4, kernel: [3]}", "`kernel` must be a list of 2 (each a whole number from 1 to 4096)"),
        ("{conv: 4, stride: 0}", "`stride` must be"),
        ("{conv: 4, padding: \"some\"}", "`padding` must be one of `same`"),
        ("{conv: 4, padding: {topp: 1}}", "unknown field `topp`"),
        ("{max_pool: 2, kernel: 3}", "unknown field `kernel`"),
        ("{conv: 4, init: {normal: {}}}", "missing field `deviation`"),
        ("{conv: 4, init: {uniform: {low: 1, high: 0}}}", "`high` must not"),
        ("{conv: 4, init: {constnt: 1}}", "did you mean `constant`?"),
        ("{dense: 4, batch_norm: {momentum: 0}}", "`momentum` must be"),
        ("{activation: \"relu\", units: 3}", "unknown field `units`"),
    ])
    func mistakes(layer: String, message: String) throws {
        let shown = try #require(try complaint(config(["model": "[\(layer)]"])))
        #expect(shown.contains(message), "\(shown)")
    }
}
