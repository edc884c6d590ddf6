/// What a layer is, as pure data: validated, measured and named before any memory is allocated.
package indirect enum LayerSpec: Equatable, Sendable {
    /// `y = xW + b`.
    case dense(units: Int, bias: Bool, initializer: Initializer)
    /// The sum of products of a window's values and weights, for every position and output channel.
    case convolution(channels: Int, window: Window, bias: Bool, initializer: Initializer)
    /// The largest value or the mean under a window, channel by channel.
    case pool(PoolFunction, window: Window)
    /// The mean over all positions: makes `[channels]` of an image.
    case globalAveragePool
    /// Batch normalisation over all but the channel dimension. `momentum` weighs the new statistics (PyTorch's meaning).
    /// Not synchronised, each microbatch is normalised with its own statistics.
    case batchNorm(momentum: Double, epsilon: Double, synchronized: Bool = true)
    case activation(ActivationFunction)
    /// The largest of each run of `pieces` neighbouring channels (https://arxiv.org/abs/1302.4389).
    case maxout(pieces: Int)
    /// `y = softmax(x)` over the channels.
    case softmax
    /// Makes `[height·width·channels]` of an image.
    case flatten
    /// In training sets each value to 0 with this probability and divides the others by 1 − rate
    /// (https://jmlr.org/papers/v15/srivastava14a.html).
    case dropout(rate: Double)
    /// `y = (x − mean) W` with statistics that are measured over the training set before the first step: the first layer of a network whose input is whitened.
    /// Without components the output has the input's shape.
    case whitening(components: Int?)
    /// The sum of several layers' outputs (`from`), which have one shape.
    case add
    /// The outputs of several layers (`from`) side by side, along the channels.
    case concatenate
    /// Layers one after the other, whose names begin with the block's.
    case block([NamedLayer])
    /// `body(x) + shortcut(x)` (https://arxiv.org/abs/1512.03385).
    case residual(body: [NamedLayer], shortcut: Shortcut)
    /// Several branches of the same input, concatenated along the channels (https://arxiv.org/abs/1409.4842).
    case branches([[NamedLayer]])
}

/// What a residual block adds to its body's output.
package enum Shortcut: Equatable, Sendable {
    /// The block's input.
    case identity
    /// The block's input, or, where the body changes the shape, a 1×1 convolution of it (of a flat input: a dense layer) that fits,
    /// with a batch normalisation if the body has one.
    case automatic
    case layers([NamedLayer])
}

/// Activation functions that act on each value alone.
package enum ActivationFunction: Equatable, Sendable {
    case relu
    /// `x` above 0, `slope · x` below.
    case leakyReLU(slope: Double = 0.01)
    /// `x` above 0, `alpha · (eˣ − 1)` below (https://arxiv.org/abs/1511.07289).
    case elu(alpha: Double = 1)
    case sigmoid
    case tanh

    /// The word for it in configs.
    package var name: String {
        switch self {
        case .relu: "relu"
        case .leakyReLU: "leaky_relu"
        case .elu: "elu"
        case .sigmoid: "sigmoid"
        case .tanh: "tanh"
        }
    }
}

/// A layer with the name that its parameters carry in files (`name.weight`).
package struct NamedLayer: Equatable, Sendable {
    package let name: String
    package let spec: LayerSpec
    /// The layers whose outputs are its inputs; empty: the layer before it. `input` is what goes into the network.
    package let from: [String]
    /// Whether the layers within a residual block or branches carry its name before theirs, as those of a `block` always do.
    package let isScope: Bool

    package init(_ name: String, _ spec: LayerSpec, from: [String] = [], isScope: Bool = true) {
        (self.name, self.spec, self.from, self.isScope) = (name, spec, from, isScope)
    }
}

/// A layer that cannot follow those before it.
package struct ShapeMismatch: Error, Equatable, CustomStringConvertible {
    /// The layer's name.
    package let layer: String
    package let description: String
}
