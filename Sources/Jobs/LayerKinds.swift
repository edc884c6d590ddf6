import Configuration
import NeuralNetwork

// The kinds of layers that are not made of others: one entry each.
extension LayerKind {
    static let all: [LayerKind] =
        [
            dense, convolution, pool(.maximum, "The largest value under a window, channel by channel."),
            pool(.average, "The mean under a window, channel by channel."),
            plain(
                "global_average_pool",
                "The mean over all positions: makes a vector of an image, or of a sequence's real positions.",
                .globalPool(.average)),
            plain(
                "global_max_pool", "The largest value over all positions of an image or a sequence.",
                .globalPool(.maximum)),
            plain(
                "flatten", "Makes a vector of an image; in files channels come first, as in PyTorch.",
                .flatten),
            single(
                "dropout", .number(.from(0, below: 1)), blank: 0.0,
                "In training sets each value to 0 with this probability and divides the others by 1 - p.",
                example: "0.5", make: { .dropout(rate: $0) },
                parse: { if case .dropout(let rate) = $0 { rate } else { nil } }),
            single(
                "maxout", .int(2...256), blank: 2,
                "The largest of each run of this many neighbouring channels.",
                example: "2", make: { .maxout(pieces: $0) },
                parse: { if case .maxout(let pieces) = $0 { pieces } else { nil } }),
            plain("softmax", "Softmax over the channels.", .softmax, isWord: false),
            join("add", .add, "The sum of several layers' outputs, which have one shape."),
            join("concat", .concatenate, "The outputs of several layers side by side, along the channels."),
            batchNorm, layerNorm, activation,
        ] + ofSequences + ofTransformers

    /// Kinds whose word is also a field of other kinds: they count where no other kind's word stands.
    static let fieldsOfOthers = ["batch_norm", "activation", "dropout"]

    // MARK: Layers with weights

    private struct Weights: Sendable {
        var units = 1
        var window = Window(3, stride: 1, padding: .same)
        var bias: Bool?
        var initializer: Initializer?
        var initialBias = 0.0

        static let biasField = Field(
            "bias", \Weights.bias, .bool, "Whether a bias is added.", example: "false",
            default: "`true` without `batch_norm`")
        static let initializerField = Field(
            "init", \Weights.initializer, Initializer.codec, "How the weights begin.",
            example: "{normal: {deviation: 0.01}}",
            default: "`he_normal` before ReLU and its kin, otherwise `xavier_uniform`")
    }

    private static let dense = LayerKind(
        "dense", "A fully connected layer, y = xW + b.", Weights(), .weights,
        make: { own, common in
            .dense(
                units: own.units * common.pieces, bias: own.bias ?? (common.norm == nil),
                initializer: own.initializer ?? common.initializer, initialBias: own.initialBias)
        },
        parse: { layer in
            guard case .dense(let units, let bias, let initializer, let initialBias) = layer.spec else {
                return nil
            }
            return Weights(units: units, bias: bias, initializer: initializer, initialBias: initialBias)
        },
        own: {
            Field(required: "dense", \.units, .int(1...16_777_216), "Number of outputs.", example: "64")
            Weights.biasField
            Weights.initializerField
            Field(
                "bias_init", \.initialBias, .number(-1e30...1e30), "The value with which the biases begin.",
                example: "22.5", omitsDefault: true)
        })

    private static let convolution = LayerKind(
        "conv", "A convolution.", Weights(), .weights,
        make: { own, common in
            .convolution(
                channels: own.units * common.pieces, window: own.window,
                bias: own.bias ?? (common.norm == nil), initializer: own.initializer ?? common.initializer)
        },
        parse: { layer in
            guard case .convolution(let channels, let window, let bias, let initializer) = layer.spec else {
                return nil
            }
            return Weights(units: channels, window: window, bias: bias, initializer: initializer)
        },
        own: {
            Field(required: "conv", \.units, .int(1...65_536), "Number of output channels.", example: "32")
            Field.inline(
                \.window.fields,
                WindowFields.codec(WindowFields(stride: Sides(1, 1))) {
                    Field(
                        "kernel", \.size, .sides(1...WindowFields.largest),
                        "Height and width of the window, one number for both.", example: "[1, 3]")
                })
            Weights.biasField
            Weights.initializerField
        })

    // MARK: Layers without weights

    private static func pool(_ function: PoolFunction, _ sentence: String) -> LayerKind {
        let word = function == .maximum ? "max_pool" : "average_pool"
        return LayerKind(
            word, sentence, Window(1), .plain, make: { own, _ in .pool(function, window: own) },
            parse: { layer in
                guard case .pool(function, let window) = layer.spec else { return nil }
                return window
            },
            own: {
                Field.inline(
                    \.fields,
                    WindowFields.codec(WindowFields(stride: nil, padding: .valid), stride: "the window") {
                        Field(
                            required: word, \.size, .sides(1...WindowFields.largest),
                            "Height and width of the window, one number for both.", example: "2")
                    })
                Field(
                    "ceil_mode", \.countsPartial, .bool,
                    "Whether a last window that does not fit as a whole counts.", example: "true")
            })
    }

    private static let batchNorm = LayerKind(
        "batch_norm", "Batch normalisation of each channel.", LayerSpec?.none, ordinal: { _ in "bn" },
        [.name, .from, .activation], make: { own, _ in own },
        parse: { if case .batchNorm = $0.spec { .some($0.spec) } else { nil } },
        check: { _, decoder in
            guard case .bool(false)? = decoder.value["batch_norm"]?.kind else { return }
            decoder.error(
                "a layer that is nothing but `batch_norm` cannot have false there", atValueOf: "batch_norm",
                label: "remove the layer")
        },
        own: {
            Field(
                required: "batch_norm", \.self, BatchNormFields.codec, "`true`, or its fields.",
                example: "{momentum: 0.01}")
        })

    private struct LayerNorm: Sendable {
        var epsilon = 1e-5
        var hasScale = true
        var hasShift = true

        /// `true`, or an object of fields.
        static let codec = Codec<Bool>.yes.shorthand { _ in LayerNorm() }.or(
            .object(LayerNorm()) {
                Field(
                    "epsilon", \.epsilon, .number(.atLeast(1e-30)), "Added to the variance.", example: "1e-3")
                Field(
                    "scale", \.hasScale, .bool, "Whether each channel has a trained factor.", example: "false"
                )
                Field(
                    "shift", \.hasShift, .bool, "Whether each channel has a trained summand.",
                    example: "false")
            })
    }

    private static let layerNorm = LayerKind(
        "layer_norm", "Normalises the channels of each position by themselves.", LayerNorm(),
        ordinal: { _ in "ln" },
        make: { own, _ in
            .layerNorm(epsilon: own.epsilon, hasScale: own.hasScale, hasShift: own.hasShift)
        },
        parse: { layer in
            guard case .layerNorm(let epsilon, let hasScale, let hasShift) = layer.spec else { return nil }
            return LayerNorm(epsilon: epsilon, hasScale: hasScale, hasShift: hasShift)
        },
        own: {
            Field(
                required: "layer_norm", \.self, LayerNorm.codec, "`true`, or its fields.",
                example: "{epsilon: 1e-3}")
        })

    private static let activation = LayerKind(
        "activation", "An activation as a layer of its own; also a word, such as `\"relu\"`.",
        Activation?.none, ordinal: { $0?.name ?? "activation" }, make: { own, _ in own?.spec },
        parse: { Activation(of: $0.spec) },
        own: {
            Field(
                required: "activation", \.self, Activation.codec, "The function.",
                example: "{leaky_relu: 0.1}")
        })

    /// A layer with one number.
    private static func single<Value: Sendable>(
        _ word: String, _ codec: Codec<Value>, blank: Value, _ sentence: String, example: String,
        make: @escaping @Sendable (Value) -> LayerSpec, parse: @escaping @Sendable (LayerSpec) -> Value?
    ) -> LayerKind {
        LayerKind(word, sentence, blank, make: { own, _ in make(own) }, parse: { parse($0.spec) }) {
            Field(required: word, \.self, codec, sentence, example: example)
        }
    }

    /// A layer without fields of its own: `"flatten"`, `{flatten: true}`.
    static func plain(_ word: String, _ sentence: String, _ spec: LayerSpec, isWord: Bool = true)
        -> LayerKind
    {
        LayerKind(
            word, sentence, true, isWord: isWord, make: { _, _ in spec },
            parse: { $0.spec == spec ? true : nil }
        ) {
            Field(required: word, \.self, .yes, sentence, example: "true")
        }
    }

    /// A layer that joins others by their names.
    private static func join(_ word: String, _ spec: LayerSpec, _ sentence: String) -> LayerKind {
        LayerKind(
            word, sentence, [String](), [.name, .activation], inputs: { $0 }, make: { _, _ in spec },
            parse: { $0.spec == spec ? $0.from : nil }
        ) {
            Field(
                required: word, \.self, .array(of: Codec<String>.nonEmptyString, count: 2...1000),
                "Names of the layers; a name means what comes out behind the layer's batch norm and"
                    + " activation.",
                example: "[\"conv1\", \"conv2\"]")
        }
    }
}

extension Codec where Value == Bool {
    static var yes: Self {
        Codec(
            .special("true", schema: ["const": true], samples: [true]),
            accept: { if case .bool(true) = $0.kind { true } else { nil } }, write: { .bool($0) })
    }
}
