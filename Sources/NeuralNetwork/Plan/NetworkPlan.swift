import Kernels

/// A network with every shape inferred, every tensor named and placed and every statistics exchange numbered:
/// a pure function of the specs.
///
/// Composite specs (residual blocks, branches) have become plain layers that form a directed graph. Between
/// layers lie *boundaries*: number 0 is the network's input, number i + 1 the output of layer i. A layer's
/// inputs come before it.
package struct NetworkPlan: Sendable {
    package let inputShape: TensorShape
    /// Positions of the network's sequences, at most; nil in a network without sequences.
    package let sequenceLength: Int?
    package let layers: [PlannedLayer]
    package let layout: ParameterLayout
    /// The statistics exchanges of one step, by number.
    package let exchanges: [StatisticsOperation]
    package let loss: Loss
    /// The number of the loss's own exchange; nil if it has none.
    package let lossExchange: Int?
    /// True if the network ends in a softmax or sigmoid that the loss computes: the last layer's values are
    /// logits.
    package let endsInFusedActivation: Bool

    package var outputShape: TensorShape { layers.last?.output ?? inputShape }

    /// Plans a network.
    ///
    /// - Parameters:
    ///   - freeze: layers and blocks that are not trained, by name.
    ///   - adapters: of dense layers; nil: none.
    /// - Throws: `ShapeMismatch` for the first layer that cannot follow those before it.
    package init(
        layers specs: [NamedLayer], input: TensorShape, loss: Loss, freeze: [String] = [],
        adapters: LowRankAdapters? = nil
    ) throws(ShapeMismatch) {
        let fused = specs.last.map { $0.from.count < 2 && loss.fuses($0.spec) } ?? false
        if fused, let last = specs.last, !last.from.isEmpty,
            last.from != specs.dropLast().last.map({ [$0.name] })
        {
            throw ShapeMismatch(
                layer: last.name,
                description:
                    "`\(last.name)` ends the model and is part of its loss, so it takes the output of "
                    + "the layer before it, not of `\(last.from[0])`: leave out its `from`")
        }
        let specs = fused ? Array(specs.dropLast()) : specs
        var builder = try NetworkBuilder(
            specs, input: input, freeze: freeze, adapters: adapters, frozenStart: 0, movingFlattens: [])
        try builder.checkFreeze(freeze)
        try builder.checkAdapters()
        let misplaced = builder.misplacedFlattens
        if !freeze.isEmpty || adapters != nil || !misplaced.isEmpty {
            // Frozen tensors lie behind the trained ones, whose number is known now.
            builder = try NetworkBuilder(
                specs, input: input, freeze: freeze, adapters: adapters,
                frozenStart: builder.layout.flatCount, movingFlattens: misplaced)
        }
        inputShape = input
        sequenceLength = builder.boundaries.lazy.map(\.shape).first(where: \.isSequence)?.positions
        layers = builder.layers
        layout = builder.layout
        lossExchange = loss.exchange.map { _ in builder.exchanges.count }
        exchanges = builder.exchanges + (loss.exchange.map { [$0] } ?? [])
        self.loss = loss
        endsInFusedActivation = fused
    }

    /// Makes a plan without layers.
    init(input: TensorShape, layout: ParameterLayout, exchanges: [StatisticsOperation]) {
        inputShape = input
        sequenceLength = input.isSequence ? input.positions : nil
        layers = []
        self.layout = layout
        self.exchanges = exchanges
        loss = .meanSquaredError
        lossExchange = nil
        endsInFusedActivation = false
    }

    /// The shape of one sample at a boundary.
    package func shape(at boundary: Int) -> TensorShape {
        boundary == 0 ? inputShape : layers[boundary - 1].output
    }

    /// True if sequences can be computed piece by piece, with the bits of the whole: no output depends on a
    /// later position.
    package var continuesSequences: Bool {
        inputShape.isSequence && layers.allSatisfy(\.continuesSequences)
    }

    /// The image whose values lie at a boundary in memory's order, `[height, width, channels]`, where
    /// PyTorch's order is another: an image, or one that is flattened. Nil: both orders are the same.
    package func image(at boundary: Int) -> TensorShape? {
        let shape = shape(at: boundary)
        let image = boundary == 0 || !shape.isFlat ? shape : layers[boundary - 1].plan.output.flattened
        return image.flatMap { $0.hasTwoOrders ? $0 : nil }
    }

    /// True if a batch norm normalises each microbatch with its own statistics.
    package var normalizesMicrobatches: Bool {
        layers.contains { if case .batchNorm(_, _, synchronized: false) = $0.spec { true } else { false } }
    }

    /// True if there are sequences.
    package var hasSequences: Bool { sequenceLength != nil }

    /// True if a layer is a GELU.
    package var hasGELU: Bool { layers.contains { if case .gelu = $0.spec { true } else { false } } }

    /// True if a measured statistic counts values of images, whose order in memory is not PyTorch's.
    package var measuresImages: Bool {
        layout.statistics.contains { $0.images.contains { $0 != nil } }
    }

    /// True if a flatten moves its values into PyTorch's order, because a layer behind it needs that.
    package var movesFlattenedValues: Bool { layers.contains { $0.plan.flattensImage && !$0.isAlias } }
}

extension NetworkPlan {
    /// Floats of scratch memory that each lane needs.
    package var scratchCount: Int {
        max(layers.map(\.scratchCount).max() ?? 0, Criterion.scratchCount(width: outputShape.rowWidth))
    }

    /// Floats that the lanes share during a layer's passes.
    package var workspaceCount: Int { layers.map(\.workspaceCount).max() ?? 0 }

    /// True if no bit of a sample's outputs depends on its place among the samples of a pass: OpenBLAS
    /// multiplies no two of them together.
    package var samplesAreIndependent: Bool { layers.allSatisfy { $0.plan.samplesPerProduct == 1 } }

    /// Multiplications and additions of one sample's forward pass.
    package var operations: Int { layers.reduce(0) { $0 + $1.operations } }

    /// The whitening of the input, if there is one.
    package var whitening: WhiteningPlan? { layers.lazy.compactMap(\.inputPreparation).first }
}

/// One layer of a plan.
package struct PlannedLayer: Sendable {
    package let name: String
    package let spec: LayerSpec
    /// The boundaries that the layer reads: one, or several for a layer that joins them.
    package let inputs: [Int]
    /// The shape of the (first) input.
    package let input: TensorShape
    /// Trained values.
    package let parameters: Int
    /// True if the layer has values that would be trained, but `freeze` names it.
    package let isFrozen: Bool
    /// The first index of the layer's tensors in the flat vectors. Once its backward pass is done, everything
    /// from here on is complete.
    package let firstParameter: Int
    /// True if the layer reads sequences and treats each position by itself.
    let isPerPosition: Bool
    /// True if the layer can compute sequences piece by piece.
    package let continuesSequences: Bool
    let plan: LayerPlan
}

extension PlannedLayer {
    package var output: TensorShape { plan.output.shape }
    /// The part of the network's input that one output value depends on.
    package var field: ReceptiveField { plan.output.field }
    /// The kind and its options for people, such as `dense (he_normal)`.
    package var summary: String { plan.summary }
    /// Multiplications and additions of one sample's forward pass.
    package var operations: Int { plan.operations }
    /// Floats of scratch memory that each lane needs during a pass.
    var scratchCount: Int { plan.scratchCount }
    /// Floats that all lanes share during a pass.
    var workspaceCount: Int { plan.workspaceCount }
    /// True if the output is another name for the input's values.
    package var isAlias: Bool { if case .alias = plan.computation { true } else { false } }
    /// True if a unit whose output is at most 0 counts as inactive in diagnostics.
    package var countsDeadUnits: Bool { plan.countsDeadUnits }
    var inputPreparation: WhiteningPlan? { plan.inputPreparation }
}
