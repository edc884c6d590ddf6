/// One layer or block as the config names it: pure data that can be compared.
///
/// For example, `.dense(units: 10, bias: true, initializer: .heNormal)`. All that the program knows about a
/// kind stands in its file in `Layers`; `definition` leads there.
package indirect enum LayerSpec: Equatable, Sendable {
    /// `DenseLayer`
    case dense(units: Int, bias: Bool, initializer: Initializer, initialBias: Double = 0)
    /// `ConvolutionLayer`
    case convolution(channels: Int, window: Window, bias: Bool, initializer: Initializer)
    /// `PoolLayer`
    case pool(PoolFunction, window: Window)
    /// `GlobalPoolLayer`: one value for each channel, of all positions.
    case globalPool(GlobalPoolFunction)
    /// `BatchNormLayer`. `momentum` is the weight of the new statistics (PyTorch's meaning). Not
    /// synchronised, each microbatch is normalised with its own statistics.
    case batchNorm(momentum: Double, epsilon: Double, synchronized: Bool = true)
    /// `LayerNormLayer`, over the channels.
    case layerNorm(epsilon: Double, hasScale: Bool, hasShift: Bool)
    /// `ActivationLayer`
    case activation(ActivationFunction)
    /// `GELULayer`
    case gelu(GELUForm)
    /// `SiLUDefinition`
    case silu
    /// `GatedLayer`: one half of the channels, through a function, times the other.
    case gated(GateFunction)
    /// `LayerNormLayer` without means: root mean square normalisation over the channels.
    case rmsNorm(epsilon: Double, hasScale: Bool)
    /// `EmbeddingLayer`: whole numbers become rows of a table.
    case embedding(entries: Int, width: Int, initializer: Initializer)
    /// `PositionsLayer`: a learned vector for each position is added.
    case positions(initializer: Initializer)
    /// `TiedHeadLayer`: scores for every row of the table of the embedding with this name.
    case tiedHead(embedding: String)
    /// `RotaryLayer`, of which `attention` consists.
    case rotary(AttentionCore, base: Double, width: Int)
    /// `AttentionCoreLayer`, of which `attention` consists.
    case attentionCore(AttentionCore, dropout: Double)
    /// `MaxoutLayer`: the largest of each run of `pieces` neighbouring channels.
    case maxout(pieces: Int)
    /// `SoftmaxLayer`, over the channels.
    case softmax
    /// `FlattenDefinition`: an image becomes a table of `height · width · channels` columns.
    case flatten
    /// `ImageRowsDefinition`: an image becomes the sequence of its rows.
    case imageRows
    /// `RecurrentDefinition`: recurrent layers in one or both directions.
    case recurrent(RecurrentOptions)
    /// `RecurrentCellLayer`, of which `recurrent` consists.
    case recurrentCell(RecurrentCellOptions)
    /// `SequenceConvolutionLayer`: a convolution along the positions of sequences.
    case sequenceConvolution(
        channels: Int, kernel: Int, isCausal: Bool, bias: Bool, initializer: Initializer)
    /// `DropoutLayer`. `rate` is the probability that a value becomes 0, from 0 up to, but not including, 1.
    case dropout(rate: Double)
    /// `WhiteningLayer`, the first layer of a network whose input is whitened. With nil components the output
    /// has the input's shape.
    case whitening(components: Int?)
    /// `AddLayer`: the sum of several layers' outputs (`from`), which have one shape.
    case add
    /// `ConcatenateLayer`: the outputs of several layers (`from`) side by side, along the channels.
    case concatenate
    /// `BlockDefinition`: layers one after the other, whose names begin with the block's.
    case block([NamedLayer])
    /// `AttentionDefinition`: each position takes from others what its heads look for.
    case attention(AttentionOptions)
    /// `ResidualDefinition`: `body(x) + shortcut(x)`.
    case residual(body: [NamedLayer], shortcut: Shortcut)
    /// `BranchesDefinition`: several branches of the same input, concatenated along the channels.
    case branches([[NamedLayer]])
}

extension LayerSpec {
    /// The definition behind each case: the only place that knows all kinds.
    var definition: SpecDefinition {
        switch self {
        case .dense(let units, let bias, let initializer, let initialBias):
            .layer(
                DenseDefinition(
                    units: units, hasBias: bias, initializer: initializer, initialBias: Float(initialBias)))
        case .convolution(let channels, let window, let bias, let initializer):
            .layer(
                ConvolutionDefinition(
                    channels: channels, window: window, hasBias: bias, initializer: initializer))
        case .pool(let function, let window): .layer(PoolDefinition(function: function, window: window))
        case .globalPool(let function): .layer(GlobalPoolDefinition(function: function))
        case .batchNorm(let momentum, let epsilon, let synchronized):
            .layer(
                BatchNormDefinition(momentum: momentum, epsilon: epsilon, isSynchronized: synchronized))
        case .layerNorm(let epsilon, let hasScale, let hasShift):
            .layer(LayerNormDefinition(epsilon: epsilon, hasScale: hasScale, hasShift: hasShift))
        case .activation(let function): .layer(ActivationDefinition(function: function))
        case .gelu(let form): .layer(GELUDefinition(form: form))
        case .silu: .layer(SiLUDefinition())
        case .gated(let function): .layer(GatedDefinition(function: function))
        case .rmsNorm(let epsilon, let hasScale):
            .layer(RMSNormDefinition(epsilon: epsilon, hasScale: hasScale))
        case .embedding(let entries, let width, let initializer):
            .layer(EmbeddingDefinition(entries: entries, width: width, initializer: initializer))
        case .positions(let initializer): .layer(PositionsDefinition(initializer: initializer))
        case .tiedHead(let embedding): .layer(TiedHeadDefinition(embedding: embedding))
        case .rotary(let core, let base, let width):
            .layer(RotaryDefinition(core: core, base: base, width: width))
        case .attentionCore(let core, let dropout):
            .layer(AttentionCoreDefinition(core: core, dropout: dropout))
        case .maxout(let pieces): .layer(MaxoutDefinition(pieces: pieces))
        case .softmax: .layer(SoftmaxDefinition())
        case .flatten: .layer(FlattenDefinition())
        case .imageRows: .layer(ImageRowsDefinition())
        case .recurrent(let options): .composite(RecurrentDefinition(options: options))
        case .recurrentCell(let options): .layer(RecurrentCellDefinition(options: options))
        case .sequenceConvolution(let channels, let kernel, let isCausal, let bias, let initializer):
            .layer(
                SequenceConvolutionDefinition(
                    channels: channels, kernel: kernel, isCausal: isCausal, hasBias: bias,
                    initializer: initializer))
        case .dropout(let rate): .layer(DropoutDefinition(rate: rate))
        case .whitening(let components): .layer(WhiteningDefinition(components: components))
        case .add: .layer(AddDefinition())
        case .concatenate: .layer(ConcatenateDefinition())
        case .block(let body): .composite(BlockDefinition(body: body))
        case .attention(let options): .composite(AttentionDefinition(options: options))
        case .residual(let body, let shortcut):
            .composite(ResidualDefinition(body: body, shortcut: shortcut))
        case .branches(let branches): .composite(BranchesDefinition(branches: branches))
        }
    }

    /// The kind of probabilities that the layer's outputs are; nil for other values and for blocks.
    package var probabilities: ProbabilityKind? {
        switch definition {
        case .layer(let layer): layer.probabilities
        case .composite: nil
        }
    }
}

/// A layer with the name that its parameters carry in files (`name.weight`).
package struct NamedLayer: Equatable, Sendable {
    package let name: String
    package let spec: LayerSpec
    /// The layers whose outputs are its inputs, or empty for the layer before it. `input` is the network's
    /// input.
    package let from: [String]
    /// True if the names of the layers within a residual block or branches begin with its name, as those of a
    /// `block` always do.
    package let isScope: Bool

    package init(_ name: String, _ spec: LayerSpec, from: [String] = [], isScope: Bool = true) {
        self.name = name
        self.spec = spec
        self.from = from
        self.isScope = isScope
    }
}

/// The error of a layer that cannot follow those before it.
package struct ShapeMismatch: Error, Equatable, CustomStringConvertible {
    /// The layer's name.
    package let layer: String
    package let description: String
}
