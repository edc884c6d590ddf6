import Kernels

/// A network with every shape inferred, every tensor named and placed and every statistics exchange numbered: a pure function of the specs.
package struct NetworkPlan: Sendable {
    package let inputShape: TensorShape
    package let layers: [PlannedLayer]
    package let layout: ParameterLayout
    /// The statistics exchanges of one step, by number.
    package let exchanges: [StatisticsOperation]
    package let loss: Loss
    /// True if the network ends in a softmax that the loss computes: the last layer's values are logits.
    package let endsInFusedSoftmax: Bool

    package var outputShape: TensorShape { layers.last?.output ?? inputShape }

    /// Throws the first layer that cannot follow the one before it.
    package init(layers specs: [NamedLayer], input: TensorShape, loss: Loss) throws(ShapeMismatch) {
        var builder = Builder(shape: input)
        let fused = loss == .crossEntropy && specs.last?.spec == .softmax
        for (index, layer) in specs.enumerated() {
            if fused && index == specs.count - 1 { break }
            try builder.append(layer, index: index)
        }
        inputShape = input
        layers = builder.layers
        layout = builder.layout
        exchanges = builder.exchanges
        self.loss = loss
        endsInFusedSoftmax = fused
    }

    /// Without layers.
    init(input: TensorShape, layout: ParameterLayout, exchanges: [StatisticsOperation]) {
        (inputShape, layers, self.layout, self.exchanges) = (input, [], layout, exchanges)
        (loss, endsInFusedSoftmax) = (.meanSquaredError, false)
    }
}

/// One layer of a plan.
package struct PlannedLayer: Sendable {
    package let name: String
    package let spec: LayerSpec
    package let input: TensorShape
    package let output: TensorShape
    /// Trained values.
    package let parameters: Int
    /// Multiplications and additions of one sample's forward pass.
    package let operations: Int
    /// Where this layer's tensors begin in the flat vectors: once its backward pass is done, everything from here on is complete.
    package let firstParameter: Int
    let places: Places

    enum Places: Sendable {
        case none
        case dense(weight: Int, bias: Int?)
        case batchNorm(BatchNormLayer.Places)
    }

    /// The computation, nil for a layer that only renames shapes.
    func makeLayer() -> (any Layer)? {
        switch (spec, places) {
        case (.dense, .dense(let weight, let bias)):
            DenseLayer(inputs: input.count, outputs: output.count, weight: weight, bias: bias)
        case (.batchNorm(let momentum, let epsilon), .batchNorm(let places)):
            BatchNormLayer(shape: input, momentum: momentum, epsilon: epsilon, places: places)
        case (.activation(let function), _): ActivationLayer(function)
        case (.softmax, _): SoftmaxLayer(shape: input)
        default: nil
        }
    }

    /// Floats of scratch that a lane needs.
    var scratchCount: Int {
        switch spec {
        case .dense: DenseLayer.scratchCount(outputs: output.count)
        case .batchNorm: BatchNormLayer.scratchCount(channels: input.channels)
        case .softmax: FlatVector.aligned(input.channels)
        case .activation, .flatten: 0
        }
    }
}

/// Adds layers one by one, knowing the shape that the last one left.
private struct Builder {
    var shape: TensorShape
    /// The shape before the last flatten, while no dense layer has mixed its values.
    var flattened: TensorShape?
    var layers: [PlannedLayer] = []
    var layout = ParameterLayout()
    var exchanges: [StatisticsOperation] = []

    init(shape: TensorShape) { self.shape = shape }

    mutating func append(_ layer: NamedLayer, index: Int) throws(ShapeMismatch) {
        let (input, first, before) = (shape, layout.usedCount, layout.parameterCount)
        var (places, operations) = (PlannedLayer.Places.none, input.count)
        switch layer.spec {
        case .dense(let units, let bias, let initializer):
            guard input.isFlat else {
                throw ShapeMismatch(
                    layer: index,
                    description:
                        "`\(layer.name)` is a dense layer and wants a flat input, but the layer before it gives \(input): put \"flatten\" before it"
                )
            }
            places = addDense(layer.name, inputs: input.count, units: units, bias: bias, initializer)
            operations = 2 * input.count * units + (bias ? units : 0)
            shape = TensorShape([units])
            flattened = nil
        case .batchNorm:
            places = addBatchNorm(layer.name, channels: input.channels)
            operations = 4 * input.count
        case .flatten:
            if !input.isFlat { flattened = input }
            shape = TensorShape([input.count])
            operations = 0
        case .activation:
            break
        case .softmax:
            operations = 5 * input.count
        }
        layers.append(
            PlannedLayer(
                name: layer.name, spec: layer.spec, input: input, output: shape, parameters: layout.parameterCount - before,
                operations: operations, firstParameter: first, places: places))
    }

    private mutating func addDense(
        _ name: String, inputs: Int, units: Int, bias: Bool, _ initializer: Initializer
    ) -> PlannedLayer.Places {
        let weight = layout.add(
            name + ".weight", role: .weight, storage: .dense(inputs: inputs, outputs: units, flattened: flattened),
            initializer: .random(initializer, fanIn: inputs, fanOut: units))
        guard bias else { return .dense(weight: weight, bias: nil) }
        let start = layout.add(
            name + ".bias", role: .bias, storage: .vector(count: units), initializer: .constant(0))
        return .dense(weight: weight, bias: start)
    }

    private mutating func addBatchNorm(_ name: String, channels: Int) -> PlannedLayer.Places {
        let storage = TensorStorage.vector(count: channels)
        let places = BatchNormLayer.Places(
            gain: layout.add(name + ".weight", role: .gain, storage: storage, initializer: .constant(1)),
            shift: layout.add(name + ".bias", role: .shift, storage: storage, initializer: .constant(0)),
            mean: layout.addStatistic(name + ".running_mean", count: channels, initial: 0),
            variance: layout.addStatistic(name + ".running_var", count: channels, initial: 1),
            forward: exchanges.count, backward: exchanges.count + 1)
        exchanges.append(.moments(channels: channels))
        exchanges.append(.sum(width: 2 * channels))
        return .batchNorm(places)
    }
}
