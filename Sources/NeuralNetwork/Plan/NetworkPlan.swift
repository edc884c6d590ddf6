import Kernels

/// A network with every shape inferred, every tensor named and placed and every statistics exchange numbered: a pure function of the specs.
///
/// Composite specs (residual blocks, branches) have become plain layers that form a directed graph. Between layers lie *boundaries*: number 0 is the
/// network's input, number i + 1 the output of layer i; a layer's inputs come before it.
package struct NetworkPlan: Sendable {
    package let inputShape: TensorShape
    package let layers: [PlannedLayer]
    package let layout: ParameterLayout
    /// The statistics exchanges of one step, by number.
    package let exchanges: [StatisticsOperation]
    package let loss: Loss
    /// The number of the loss's own exchange.
    package let lossExchange: Int?
    /// True if the network ends in a softmax or sigmoid that the loss computes: the last layer's values are logits.
    package let endsInFusedActivation: Bool

    package var outputShape: TensorShape { layers.last?.output ?? inputShape }

    /// Throws the first layer that cannot follow those before it.
    /// - Parameter freeze: layers and blocks that are not trained, by name.
    package init(layers specs: [NamedLayer], input: TensorShape, loss: Loss, freeze: [String] = [])
        throws(ShapeMismatch)
    {
        let fused = specs.last.map { $0.from.count < 2 && loss.fuses($0.spec) } ?? false
        if fused, let last = specs.last, !last.from.isEmpty,
            last.from != specs.dropLast().last.map({ [$0.name] })
        {
            throw ShapeMismatch(
                layer: last.name,
                description:
                    "`\(last.name)` ends the model and is part of its loss, so it takes the output of the layer before it, not of `\(last.from[0])`: leave out its `from`"
            )
        }
        let specs = fused ? Array(specs.dropLast()) : specs
        var builder = try NetworkBuilder(specs, input: input, freeze: freeze, frozenStart: 0)
        if !freeze.isEmpty {
            try builder.checkFreeze(freeze)
            // Frozen tensors lie behind the trained ones, whose number is known now.
            builder = try NetworkBuilder(
                specs, input: input, freeze: freeze, frozenStart: builder.layout.flatCount)
        }
        inputShape = input
        layers = builder.layers
        layout = builder.layout
        lossExchange = loss.exchange.map { _ in builder.exchanges.count }
        exchanges = builder.exchanges + (loss.exchange.map { [$0] } ?? [])
        self.loss = loss
        endsInFusedActivation = fused
    }

    /// Without layers.
    init(input: TensorShape, layout: ParameterLayout, exchanges: [StatisticsOperation]) {
        (inputShape, layers, self.layout, self.exchanges) = (input, [], layout, exchanges)
        (loss, lossExchange, endsInFusedActivation) = (.meanSquaredError, nil, false)
    }

    /// The shape at a boundary.
    package func shape(at boundary: Int) -> TensorShape {
        boundary == 0 ? inputShape : layers[boundary - 1].output
    }
}

/// One layer of a plan.
package struct PlannedLayer: Sendable {
    package let name: String
    package let spec: LayerSpec
    /// The boundaries that it reads; more than one for `add` and `concatenate` alone.
    package let inputs: [Int]
    /// The shape of its (first) input.
    package let input: TensorShape
    package let output: TensorShape
    /// Trained values.
    package let parameters: Int
    /// It has values that others would train, and keeps them.
    package let isFrozen: Bool
    /// Multiplications and additions of one sample's forward pass.
    package let operations: Int
    /// Where this layer's tensors begin in the flat vectors: once its backward pass is done, everything from here on is complete.
    package let firstParameter: Int
    /// What of the network's input one output value sees.
    package let field: ReceptiveField
    let places: Places

    enum Places: Sendable {
        case none
        case dense(weight: Int, bias: Int?)
        case convolution(WindowGeometry, weight: Int, bias: Int?)
        case pool(WindowGeometry)
        case batchNorm(BatchNormLayer.Places)
        case whitening(WhiteningPlan)
    }

    /// The computation of a layer with one input, nil for a batch norm and for what only renames shapes or joins others.
    /// - Parameter index: the layer's number in its plan, by which dropout draws.
    func makeLayer(index: Int, slots: Int, rows: Int, trains: Bool) -> (any Layer)? {
        switch (spec, places) {
        case (.dense, .dense(let weight, let bias)):
            DenseLayer(
                inputs: input.count, outputs: output.count, weight: weight, bias: bias, slots: slots,
                rows: rows)
        case (.convolution(let channels, _, _, _), .convolution(let geometry, let weight, let bias)):
            ConvolutionMethod(geometry, outputs: channels).makeLayer(
                geometry, outputs: channels, weight: weight, bias: bias)
        case (.pool(let function, _), .pool(let geometry)):
            PoolLayer(function, geometry, slots: slots, rows: rows, trains: trains)
        case (.globalAveragePool, _): GlobalAveragePoolLayer(shape: input)
        case (.whitening, .whitening(let places)): WhiteningLayer(places)
        case (.activation(let function), _): ActivationLayer(function)
        case (.maxout(let pieces), _): MaxoutLayer(pieces: pieces, output: output, slots: slots, rows: rows)
        case (.softmax, _): SoftmaxLayer(shape: input)
        case (.dropout(let rate), _):
            DropoutLayer(rate: rate, layer: index, width: input.count, slots: slots, rows: rows)
        default: nil
        }
    }

    /// The computation of a layer with several inputs.
    /// - Parameter inputs: their shapes.
    func makeJoin(inputs: [TensorShape]) -> (any JoinLayer)? {
        switch spec {
        case .add: AddLayer()
        case .concatenate: ConcatenateLayer(positions: output.positions, channels: inputs.map(\.channels))
        default: nil
        }
    }

    /// The computation of a batch norm, with the rectifier that follows in the same passes.
    func makeBatchNorm(_ function: ActivationFunction?, imagesPerTile: Int, slots: Int, rows: Int)
        -> BatchNormLayer?
    {
        guard case .batchNorm(let momentum, let epsilon, let synchronized) = spec,
            case .batchNorm(let places) = places
        else { return nil }
        return BatchNormLayer(
            shape: input,
            .init(momentum: momentum, epsilon: epsilon, isSynchronized: synchronized, isFrozen: isFrozen),
            function.flatMap { Rectifier($0) },
            moments: TileMoments(shape: input, imagesPerTile: imagesPerTile, slots: slots, rows: rows),
            slots: slots, places: places)
    }

    /// Floats of scratch that a lane needs.
    var scratchCount: Int {
        switch (spec, places) {
        case (.dense, _): DenseLayer.scratchCount(outputs: output.count)
        case (_, .convolution(let geometry, _, _)):
            ConvolutionMethod(geometry, outputs: output.channels).scratchCount(
                geometry, outputs: output.channels)
        case (.pool, _): PoolLayer.scratchCount(channels: input.channels)
        case (.globalAveragePool, _): GlobalAveragePoolLayer.scratchCount(channels: input.channels)
        case (.batchNorm, _): BatchNormLayer.scratchCount(channels: input.channels)
        case (.whitening, _): WhiteningLayer.scratchCount(inputs: input.count)
        case (.softmax, _): FlatVector.aligned(input.channels)
        default: 0
        }
    }
}

extension PlannedLayer {
    /// Floats that the lanes share during the layer's passes.
    var workspaceCount: Int {
        if case .dense = places {
            return DenseLayer.workspaceCount(inputs: input.count, outputs: output.count)
        }
        guard case .convolution(let geometry, _, _) = places else { return 0 }
        return ConvolutionMethod(geometry, outputs: output.channels).workspaceCount
    }
}

/// Which part of the network's input one output value depends on, in pixels (https://distill.pub/2019/computing-receptive-fields).
package struct ReceptiveField: Equatable, Sendable {
    package var height: Int
    package var width: Int
    /// How far neighbouring output values lie apart in the input.
    package var jumpHeight: Int
    package var jumpWidth: Int

    package static let point = ReceptiveField(height: 1, width: 1, jumpHeight: 1, jumpWidth: 1)

    /// What a window of such values sees.
    func seen(through window: Window) -> ReceptiveField {
        func side(_ size: Int, _ jump: Int, _ window: Int) -> Int {
            min(Self.most, size + (window - 1) * jump)
        }
        return ReceptiveField(
            height: side(height, jumpHeight, window.height), width: side(width, jumpWidth, window.width),
            jumpHeight: min(Self.most, jumpHeight * window.strideHeight),
            jumpWidth: min(Self.most, jumpWidth * window.strideWidth))
    }

    /// Pixels beyond which nothing is counted: more than any input has, and little enough for a product with a window's size.
    private static let most = 1 << 31

    /// What all of an image's values see together.
    func covering(_ image: TensorShape) -> ReceptiveField {
        guard image.dimensions.count == 3 else { return self }
        return seen(through: Window((image.dimensions[0], image.dimensions[1])))
    }
}
