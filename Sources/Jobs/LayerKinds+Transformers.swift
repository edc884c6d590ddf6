import Configuration
import NeuralNetwork

// The kinds of layers of transformers.
extension LayerKind {
    static let ofTransformers: [LayerKind] = [embedding, positions, attention, rmsNorm, gated, head]

    private static let initializerField = Field(
        "init", \Initializer.self, Initializer.codec, "How the weights begin.",
        example: "{normal: {deviation: 0.01}}")

    private struct Embedding: Sendable {
        var entries = 1
        var width = 1
        var initializer = Initializer.normal(deviation: 0.02)
    }

    private static let embedding = LayerKind(
        "embedding", "A table of vectors: each token, a whole number, becomes a row of it.", Embedding(),
        make: { own, _ in
            .embedding(entries: own.entries, width: own.width, initializer: own.initializer)
        },
        parse: { layer in
            guard case .embedding(let entries, let width, let initializer) = layer.spec else { return nil }
            return Embedding(entries: entries, width: width, initializer: initializer)
        },
        own: {
            Field(
                required: "embedding", \.entries, .int(1...16_777_216),
                "Number of different tokens, the rows of the table.", example: "50257")
            Field(required: "width", \.width, .int(1...1_048_576), "Values of a row.", example: "128")
            Field.inline(\.initializer, ObjectCodec(Initializer.normal(deviation: 0.02)) { initializerField })
        })

    private static let positions = LayerKind(
        "positions", "Adds a learned vector to each position of a sequence.",
        Initializer.normal(deviation: 0.02), isWord: true, make: { own, _ in .positions(initializer: own) },
        parse: { if case .positions(let initializer) = $0.spec { initializer } else { nil } },
        own: {
            Field(
                required: "positions", \.self,
                Codec<Bool>.yes.shorthand { _ in Initializer.normal(deviation: 0.02) }.or(
                    .object(Initializer.normal(deviation: 0.02)) { initializerField }),
                "`true`, or its fields.", example: "{init: \"zeros\"}")
        })

    private struct RMSNorm: Sendable {
        var epsilon = 1e-5
        var hasScale = true
    }

    private static let rmsNorm = LayerKind(
        "rms_norm", "Divides the channels of each position by their root mean square.", RMSNorm(),
        make: { own, _ in .rmsNorm(epsilon: own.epsilon, hasScale: own.hasScale) },
        parse: { layer in
            guard case .rmsNorm(let epsilon, let hasScale) = layer.spec else { return nil }
            return RMSNorm(epsilon: epsilon, hasScale: hasScale)
        },
        own: {
            Field(
                required: "rms_norm", \.self,
                Codec<Bool>.yes.shorthand { _ in RMSNorm() }.or(
                    .object(RMSNorm()) {
                        Field(
                            "epsilon", \.epsilon, .number(.atLeast(1e-30)), "Added to the mean square.",
                            example: "1e-6")
                        Field(
                            "scale", \.hasScale, .bool, "Whether each channel has a trained factor.",
                            example: "false")
                    }), "`true`, or its fields.", example: "{epsilon: 1e-6}")
        })

    private static let gated = LayerKind(
        "gated", "Half of the channels, through a function, times the other half.", GateFunction.silu,
        make: { own, _ in .gated(own) },
        parse: { if case .gated(let function) = $0.spec { function } else { nil } },
        own: {
            Field(
                required: "gated", \.self, .oneOf(GateFunction.self), "The function.", example: "\"silu\"")
        })

    private static let head = LayerKind(
        "head", "Scores for every token by the table of an embedding; it has no weights of its own.", "",
        make: { own, _ in .tiedHead(embedding: own) },
        parse: { if case .tiedHead(let embedding) = $0.spec { embedding } else { nil } },
        own: {
            Field(
                required: "head", \.self,
                .object("") {
                    Field(
                        required: "tied", \.self, .nonEmptyString, "Name of the embedding.",
                        example: "\"wte\"")
                }, "What it shares.", example: "{tied: \"wte\"}")
        })

    // MARK: Attention

    private struct Attention: Sendable {
        var options = AttentionOptions(heads: 1)
        var kvHeads: Int?

        var complete: AttentionOptions {
            var options = options
            options.kvHeads = kvHeads ?? options.heads
            return options
        }
    }

    private static let attention = LayerKind(
        "attention",
        "Multi-head attention between the positions of a sequence, with dense layers `c_attn` and `c_proj`.",
        Attention(), make: { own, _ in .attention(own.complete) },
        parse: { layer in
            guard case .attention(let options) = layer.spec else { return nil }
            return Attention(
                options: options, kvHeads: options.kvHeads == options.heads ? nil : options.kvHeads)
        },
        own: {
            Field(
                required: "attention", \.options.heads, .int(1...65_536),
                "Number of heads, a divisor of the channels.", example: "4")
            Field(
                "kv_heads", \.kvHeads, .int(1...65_536),
                "Number of heads of keys and values, a divisor of those.",
                example: "2", default: "as many")
            Field(
                "causal", \.options.isCausal, .bool,
                "Whether a position sees itself and those before it only.", example: "false")
            Field(
                "rotary", \.options.rotary, rotary,
                "`true`, or its fields: queries and keys are turned by angles that grow with the position.",
                example: "{base: 500000}", default: "they are not")
            Field("bias", \.options.hasBias, .bool, "Whether biases are added.", example: "false")
            Field(
                "out_bias", \.options.hasOutputBias, .bool,
                "Whether `c_proj` adds one, too; without `bias` it has none.", example: "false")
            Field(
                "dropout", \.options.dropout, .number(.from(0, below: 1)),
                "The rate of a dropout behind the layer.", example: "0.1")
            Field(
                "probability_dropout", \.options.probabilityDropout, .number(.from(0, below: 1)),
                "The rate of a dropout on the probabilities with which a position reads others.",
                example: "0.1")
            Field(
                "init", \.options.initializer, Initializer.codec, "How the weights of `c_attn` begin.",
                example: "{normal: {deviation: 0.02}}")
            Field(
                "out_init", \.options.outputInitializer, Initializer.codec,
                "How the weights of `c_proj` begin.", example: "{normal: {deviation: 0.007}}")
        })

    private static let rotary: Codec<RotaryOptions> = Codec<Bool>.yes.shorthand { _ in RotaryOptions() }.or(
        .object(RotaryOptions()) {
            Field("base", \.base, .number(.positive), "θ of the angles.", example: "500000")
            Field(
                "width", \.width, .int(2...65_536), "Values of each head that are turned, an even number.",
                example: "32", default: "all")
        })
}
