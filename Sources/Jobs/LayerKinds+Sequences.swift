import Configuration
import NeuralNetwork

// The kinds of layers that read the positions of sequences, or make sequences.
extension LayerKind {
    static let ofSequences: [LayerKind] = [
        plain(
            "rows", "Reads an image row by row: a sequence of its rows, each with all their pixels.",
            .imageRows),
        recurrent(
            "rnn", .tanh,
            "A recurrent network, h' = f(x W_ih + b_ih + h W_hh + b_hh), as PyTorch's nn.RNN.",
            others: [
                Field(
                    "nonlinearity", \.nonlinearity, .oneOf(["tanh", "relu"]), "The function f.",
                    example: "\"relu\"")
            ]),
        recurrent("lstm", .lstm, "Long short-term memory, as PyTorch's nn.LSTM."),
        recurrent("gru", .gru, "Gated recurrent units, as PyTorch's nn.GRU."),
        sequenceConvolution,
        plain(
            "first_position", "The values at the first position of a sequence.", .globalPool(.firstPosition)),
        plain("last_position", "The values at the last position of a sequence.", .globalPool(.lastPosition)),
    ]

    private static func recurrent(
        _ word: String, _ cell: RecurrentOptions.Cell, _ sentence: String,
        others: [Field<RecurrentOptions>] = []
    ) -> LayerKind {
        LayerKind(
            word, sentence, RecurrentOptions(cell, units: 1), make: { own, _ in .recurrent(own) },
            parse: { layer in
                guard case .recurrent(let options) = layer.spec else { return nil }
                return options.cell.word == word ? options : nil
            },
            own: {
                Field(
                    required: word, \.units, .int(1...65_536), "Hidden values of each direction.",
                    example: "128")
                others
                Field(
                    "layers", \.layers, .int(1...64),
                    "Recurrent layers, each of which reads the outputs of the one before it.", example: "2")
                Field(
                    "bidirectional", \.isBidirectional, .bool,
                    "Whether a second direction reads from the last position to the first; the outputs of "
                        + "both lie side by side.", example: "true")
                Field(
                    "output", \.outputs, .oneOf(["all", "last"]),
                    "An output at every position, or a vector: that behind the last step, which for the "
                        + "second direction is at the first position.", example: "\"last\"")
                Field(
                    "dropout", \.dropout, .number(.from(0, below: 1)),
                    "In training sets each value between two of the layers to 0 with this probability.",
                    example: "0.2")
            })
    }

    private struct Convolution: Sendable {
        var channels = 1
        var kernel = 3
        var padding = "same"
        var bias: Bool?
        var initializer: Initializer?
    }

    private static let sequenceConvolution = LayerKind(
        "conv1d", "A convolution along the positions of sequences, which keeps their number.", Convolution(),
        .weights,
        make: { own, common in
            .sequenceConvolution(
                channels: own.channels * common.pieces, kernel: own.kernel,
                isCausal: own.padding == "causal", bias: own.bias ?? (common.norm == nil),
                initializer: own.initializer ?? common.initializer)
        },
        parse: { layer in
            guard
                case .sequenceConvolution(let channels, let kernel, let isCausal, let bias, let initializer) =
                    layer.spec
            else { return nil }
            return Convolution(
                channels: channels, kernel: kernel, padding: isCausal ? "causal" : "same", bias: bias,
                initializer: initializer)
        },
        own: {
            Field(
                required: "conv1d", \.channels, .int(1...65_536), "Number of output channels.", example: "100"
            )
            Field("kernel", \.kernel, .int(1...1024), "Positions under a window.", example: "5")
            Field(
                "padding", \.padding, .oneOf(["same", "causal"]),
                "Zeros beyond a sample's borders: on both sides (an even kernel has one more behind), or all "
                    + "before it, so that no output depends on a later position.", example: "\"causal\"")
            Field(
                "bias", \.bias, .bool, "Whether a bias is added.", example: "false",
                default: "`true` without `batch_norm`")
            Field(
                "init", \.initializer, Initializer.codec, "How the weights begin.",
                example: "{normal: {deviation: 0.01}}",
                default: "`he_normal` before ReLU and its kin, otherwise `xavier_uniform`")
        })
}

extension RecurrentOptions.Cell {
    /// The word of a layer in a config.
    fileprivate var word: String {
        switch self {
        case .tanh, .relu: "rnn"
        case .lstm: "lstm"
        case .gru: "gru"
        }
    }
}

extension RecurrentOptions {
    /// The function of an Elman network.
    fileprivate var nonlinearity: String {
        get { cell == .relu ? "relu" : "tanh" }
        set { cell = newValue == "relu" ? .relu : .tanh }
    }

    fileprivate var outputs: String {
        get { hasAllOutputs ? "all" : "last" }
        set { hasAllOutputs = newValue == "all" }
    }
}
