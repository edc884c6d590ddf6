/// What a layer is, as pure data: validated, measured and named before any memory is allocated.
package enum LayerSpec: Equatable, Sendable {
    /// `y = xW + b`.
    case dense(units: Int, bias: Bool, initializer: Initializer)
    /// Batch normalisation over all but the channel dimension. `momentum` weighs the new statistics (PyTorch's meaning).
    case batchNorm(momentum: Double, epsilon: Double)
    case activation(ActivationFunction)
    /// `y = softmax(x)` over the channels.
    case softmax
    /// Makes `[height·width·channels]` of an image.
    case flatten
}

/// Activation functions that act on each value alone.
package enum ActivationFunction: String, CaseIterable, Sendable {
    case relu
    case sigmoid
    case tanh
}

/// A layer with the name that its parameters carry in files (`name.weight`).
package struct NamedLayer: Equatable, Sendable {
    package let name: String
    package let spec: LayerSpec

    package init(_ name: String, _ spec: LayerSpec) {
        self.name = name
        self.spec = spec
    }
}

/// A layer that cannot follow the one before it.
package struct ShapeMismatch: Error, Equatable, CustomStringConvertible {
    /// Index into the network's layers.
    package let layer: Int
    package let description: String
}
