import Kernels

/// The definition of a whitening: the statistics are tensors of the model, but not trained.
struct WhiteningDefinition: LayerDefinition {
    let joinsInputs = false
    let sequenceInput = SequenceInput.refused
    let extendsPreviousLayer = false
    let flattenedInput = FlattenedInput.channelsFirst
    let probabilities: ProbabilityKind? = nil
    /// Columns of W; nil for as many as the input has values, and an output of the input's shape.
    let components: Int?

    func plan(_ layer: LayerContext, _ allocator: inout TensorAllocator) throws(ShapeMismatch) -> LayerPlan {
        let (input, inputs) = (layer.input, layer.input.shape.count)
        let outputs = components ?? inputs
        let whitening = WhiteningPlan(
            mean: allocator.addStatistic(
                layer.name + ".mean", shape: [inputs], images: [input.shape], initial: 0),
            matrix: allocator.addStatistic(
                layer.name + ".matrix", shape: [inputs, outputs],
                images: [input.shape, components == nil ? input.shape : nil], initial: 0),
            inputs: inputs, outputs: outputs,
            exchange: allocator.addExchanges(Scatter(columns: inputs).exchanges))
        return LayerPlan(
            summary: "whitening (not trained)",
            output: Boundary(
                shape: components.map { TensorShape([$0]) } ?? input.shape, flattened: nil,
                field: input.field, measuredImages: nil),
            operations: 2 * inputs * outputs, scratchCount: FlatVector.aligned(Tile.rows * inputs),
            workspaceCount: 0, rememberedBytes: { _ in 0 }, memory: .separate(backwardReads: []),
            matrixProducts: { WhiteningLayer.products(whitening, $0) }, samplesPerProduct: Tile.rows,
            fusion: .none,
            countsDeadUnits: false, flattensImage: false, inputPreparation: whitening,
            computation: .layer { _ in WhiteningLayer(whitening) })
    }
}

/// The statistics of a whitening layer: a mean `[inputs]` and a matrix `[inputs, outputs]`.
package struct WhiteningPlan: Equatable, Sendable {
    /// First index of the mean in the flat running statistics.
    package let mean: Int
    /// First index of the matrix there.
    package let matrix: Int
    package let inputs: Int
    package let outputs: Int
    /// Number of the first exchange by which the covariance is measured (`Scatter.exchanges`).
    package let exchange: Int
}

/// `y = (x − mean) W`, x `[N, inputs]`, W `[inputs, outputs]`. Mean and matrix are statistics of the training
/// set, not trained. The layer is the first of its network, so that it has no backward pass.
final class WhiteningLayer: Layer {
    private let plan: WhiteningPlan

    init(_ plan: WhiteningPlan) { self.plan = plan }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        let (mean, matrix, tiles) = (
            pass.statistics + plan.mean, pass.statistics + plan.matrix, pass.rows.tiles
        )
        pass.lanes.run(tiles.count) { task, lane in
            let (tile, x) = (tiles[task], pass.scratch[lane].pointer)
            Columns.subtract(
                mean, from: input.row(tile.localMicrobatch, tile.start), into: x, rows: tile.count,
                columns: plan.inputs)
            BLAS.multiply(
                m: tile.count, n: plan.outputs, k: plan.inputs, a: x, lda: plan.inputs, b: matrix,
                ldb: plan.outputs,
                c: output.row(tile.localMicrobatch, tile.start), ldc: plan.outputs)
        }
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {}

    static func products(_ plan: WhiteningPlan, _ sizes: PassSizes) -> [MatrixProduct] {
        let tiles = Set(MicrobatchRows(sizes.microbatches + [sizes.chunk]).tiles.map(\.count)).sorted()
        return tiles.map { MatrixProduct(m: $0, n: plan.outputs, k: plan.inputs) }
            + MatrixProduct.scatter(columns: plan.inputs)
    }
}

extension MatrixProduct {
    /// The BLAS calls of a `Scatter`.
    package static func scatter(columns: Int) -> [MatrixProduct] {
        let scatter = Scatter(columns: columns)
        return (0..<scatter.blocks).map {
            MatrixProduct(transposeA: true, m: scatter.rows($0), n: scatter.width($0), k: Scatter.chunkRows)
        }
    }
}
