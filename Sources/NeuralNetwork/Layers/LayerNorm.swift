import Kernels

/// The definition of a layer normalisation: the output has the input's shape.
struct LayerNormDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.eachPosition
    let extendsPreviousLayer = true
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil
    /// Added to the variance.
    let epsilon: Double
    let hasScale: Bool
    let hasShift: Bool

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let channels = layer.input.shape.channels
        let scale = hasScale ? allocator.addScale(layer.name, count: channels) : nil
        let shift = hasShift ? allocator.addShift(layer.name, count: channels) : nil
        return LayerNormLayer.plan(
            "layer norm", layer.input, .layer, epsilon: Float(epsilon), scale: scale, shift: shift)
    }
}

extension LayerNormLayer {
    /// The plan of a layer that normalises rows.
    static func plan(
        _ summary: String, _ input: Boundary, _ kind: Kind, epsilon: Float, scale: Int?, shift: Int?
    ) -> LayerPlan {
        LayerPlan(
            summary: summary,
            output: Boundary(
                shape: input.shape, flattened: nil, field: input.field, measuredImages: nil),
            operations: 8 * input.shape.count,
            scratchCount: LayerNormLayer.scratchCount(channels: input.shape.channels), workspaceCount: 0,
            rememberedBytes: { _ in 0 },
            memory: MemoryUse(
                backwardReads: .input, overwritesInTraining: [], overwritesInEvaluation: [0],
                gradientReuse: .firstWritten),
            matrixProducts: { _ in [] }, samplesPerProduct: 1, fusion: .none, countsDeadUnits: false,
            flattensImage: false,
            inputPreparation: nil,
            computation: .layer {
                LayerNormLayer(
                    input.shape, kind, epsilon: epsilon, scale: scale, shift: shift,
                    localMicrobatches: $0.microbatches,
                    rows: $0.rows)
            })
    }
}

/// Layer normalisation (https://arxiv.org/abs/1607.06450) over the channels of each position by itself:
/// `y = (x − μ)/√(σ² + ε) · γ + β`, x `[N, …, C]`, γ and β `[C]`. The variance is the biased one.
///
/// With g = dy · γ: `dx = (g − mean g − x̂ · mean(g·x̂))/√(σ² + ε)`, dβ = Σ dy, dγ = Σ dy·x̂. The sums run
/// over 128 rows in float, then in double over a tile, and over the tiles of a microbatch in their order.
///
/// A root mean square norm is the same without the mean and without β.
final class LayerNormLayer: Layer {
    enum Kind: Sendable { case layer, rootMeanSquare }

    /// Rows whose products `dy · x̂` a lane keeps at a time.
    private static let blockRows = 128
    /// Rows that make a task worth a lane.
    private static let rowsPerTask = 256

    private let kind: Kind
    private let channels: Int
    private let positions: Int
    private let epsilon: Float
    private let scale: Int?
    private let shift: Int?
    /// (dβ, dγ) of every tile.
    private let tileSums: TileMoments
    /// (dβ, dγ) of every microbatch.
    private let sums: DoubleBuffer

    /// - Parameters:
    ///   - scale, shift: their first indices in the flat vectors; nil: the layer has none.
    ///   - localMicrobatches, rows: the most microbatches at once and samples of one.
    init(
        _ shape: TensorShape, _ kind: Kind, epsilon: Float, scale: Int?, shift: Int?, localMicrobatches: Int,
        rows: Int
    ) {
        self.kind = kind
        channels = shape.channels
        positions = shape.positions
        self.epsilon = epsilon
        self.scale = scale
        self.shift = shift
        tileSums = TileMoments(
            shape: shape, imagesPerTile: MicrobatchRows.images(for: Self.rowsPerTask, each: shape.positions),
            localMicrobatches: localMicrobatches, rows: rows)
        sums = DoubleBuffer(count: localMicrobatches * 2 * shape.channels)
    }

    private func parameters(_ flat: UnsafePointer<Float>) -> LayerNormKernels.Parameters {
        LayerNormKernels.Parameters(scale: scale.map { flat + $0 }, shift: shift.map { flat + $0 })
    }

    /// Writes dx and the products dy · x̂ of some rows.
    private func differentiate(
        x: UnsafePointer<Float>, dy: UnsafePointer<Float>, rows: Int,
        _ parameters: LayerNormKernels.Parameters, into dx: UnsafeMutablePointer<Float>?,
        products: UnsafeMutablePointer<Float>?
    ) {
        switch kind {
        case .layer:
            LayerNormKernels.backward(
                x: x, dy: dy, rows: rows, channels: channels, epsilon: epsilon, parameters, into: dx,
                products: products)
        case .rootMeanSquare:
            RMSNormKernels.backward(
                x: x, dy: dy, rows: rows, channels: channels, epsilon: epsilon, scale: parameters.scale,
                into: dx, products: products)
        }
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        let (size, parameters) = (tileSums.imagesPerTile, parameters(pass.parameters))
        pass.forEachRun(ofTiles: size, positions: positions, width: channels) { localMicrobatch, rows in
            let first = rows.lowerBound * channels
            let (x, y) = (input.row(localMicrobatch) + first, output.row(localMicrobatch) + first)
            switch kind {
            case .layer:
                LayerNormKernels.forward(
                    x, rows: rows.count, channels: channels, epsilon: epsilon, parameters, into: y)
            case .rootMeanSquare:
                RMSNormKernels.forward(
                    x, rows: rows.count, channels: channels, epsilon: epsilon, scale: parameters.scale,
                    into: y)
            }
        }
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        let sumsParameters = !pass.isFrozen && (scale != nil || shift != nil)
        guard sumsParameters || inputGradient != nil else { return }
        let (size, parameters) = (tileSums.imagesPerTile, parameters(pass.parameters))
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, lane in
            let tile = pass.rows.tile(task, of: size)
            let (x, dy) = (
                input.row(tile.localMicrobatch, tile.start),
                outputGradient.row(tile.localMicrobatch, tile.start)
            )
            let dx = inputGradient?.row(tile.localMicrobatch, tile.start)
            if !sumsParameters {
                return differentiate(
                    x: x, dy: dy, rows: tile.count * positions, parameters, into: dx, products: nil)
            }
            sum(
                x: x, dy: dy, tile, parameters, into: dx, scratch: pass.scratch[lane].pointer)
        }
        if sumsParameters { writeParameterGradients(pass) }
    }

    /// Computes a tile's gradients in blocks of rows. A block's dy is read before dx may take its memory.
    private func sum(
        x: UnsafePointer<Float>, dy: UnsafePointer<Float>, _ tile: Tile,
        _ parameters: LayerNormKernels.Parameters, into dx: UnsafeMutablePointer<Float>?,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let rows = tile.count * positions
        let line = scratch + FlatVector.aligned(2 * channels)
        let products = line + FlatVector.aligned(channels)
        let block = UnsafeMutableRawPointer(scratch).assumingMemoryBound(to: Double.self)
        let total = tileSums.sums(tile)
        total.update(repeating: 0, count: 2 * channels)
        for first in stride(from: 0, to: rows, by: Self.blockRows) {
            let (count, offset) = (min(Self.blockRows, rows - first), first * channels)
            Columns.sum(dy + offset, rows: count, columns: channels, into: block, scratch: line)
            for c in 0..<channels { total[c] += block[c] }
            differentiate(
                x: x + offset, dy: dy + offset, rows: count, parameters, into: dx.map { $0 + offset },
                products: products)
            Columns.sum(products, rows: count, columns: channels, into: block, scratch: line)
            for c in 0..<channels { total[channels + c] += block[c] }
        }
    }

    private func writeParameterGradients(_ pass: BackwardPass) {
        tileSums.merge(.sum(width: 2 * channels), pass.rows, pass.lanes) {
            sums.pointer + $0 * 2 * channels
        }
        for localMicrobatch in 0..<pass.rows.localMicrobatches {
            let (leaf, sums) = (
                pass.gradients.leaf(localMicrobatch), sums.pointer + localMicrobatch * 2 * channels
            )
            for (start, values) in [(shift, sums), (scale, sums + channels)] {
                guard let start else { continue }
                for c in 0..<channels { leaf[start + c] = Float(values[c]) }
                pass.gradients.merge(after: localMicrobatch, start: start, count: channels)
            }
        }
    }

    /// Floats for a block's sums (doubles), a row and the block's products.
    static func scratchCount(channels: Int) -> Int {
        FlatVector.aligned(2 * channels) + FlatVector.aligned(channels) + blockRows * channels
    }
}
