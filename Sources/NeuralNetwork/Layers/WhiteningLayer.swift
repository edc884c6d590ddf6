import Kernels

/// Where a whitening layer's statistics are: a mean `[inputs]` and a matrix `[inputs, outputs]`.
package struct WhiteningPlan: Equatable, Sendable {
    /// Where they begin in the flat running statistics.
    package let mean: Int
    package let matrix: Int
    package let inputs: Int
    package let outputs: Int
    /// The first of the exchanges by which the covariance is measured (`Scatter.exchanges`).
    package let exchange: Int
}

extension NetworkPlan {
    /// The whitening of the input, if there is one.
    package var whitening: WhiteningPlan? {
        for layer in layers { if case .whitening(let plan) = layer.places { return plan } }
        return nil
    }
}

/// `y = (x − mean) W`, x `[N, inputs]`, W `[inputs, outputs]`. Mean and matrix are statistics of the training set, not trained; nothing lies before the layer, so
/// that it has no backward pass.
final class WhiteningLayer: Layer {
    private let plan: WhiteningPlan

    init(_ plan: WhiteningPlan) { self.plan = plan }

    func forward(_ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass) {
        let (mean, matrix, tiles) = (
            pass.statistics + plan.mean, pass.statistics + plan.matrix, pass.rows.tiles
        )
        pass.lanes.run(tiles.count) { task, lane in
            let (tile, x) = (tiles[task], pass.scratch[lane].pointer)
            Columns.subtract(
                mean, from: input.row(tile.slot, tile.start), into: x, rows: tile.count, columns: plan.inputs)
            BLAS.multiply(
                m: tile.count, n: plan.outputs, k: plan.inputs, a: x, lda: plan.inputs, b: matrix,
                ldb: plan.outputs,
                c: output.row(tile.slot, tile.start), ldc: plan.outputs)
        }
    }

    func backward(
        _ input: SlotMatrix, _ output: SlotMatrix, outputGradient: SlotMatrix, inputGradient: SlotMatrix?,
        _ pass: TrainingPass
    ) {}

    /// Floats of scratch that a lane needs.
    static func scratchCount(inputs: Int) -> Int { FlatVector.aligned(Tile.rows * inputs) }

    static func products(inputs: Int, outputs: Int, sizes: [Int], chunkSize: Int) -> [MatrixProduct] {
        let tiles = Set(SlotRows(sizes + [chunkSize]).tiles.map(\.count)).sorted()
        return tiles.map { MatrixProduct(m: $0, n: outputs, k: inputs) }
            + MatrixProduct.scatter(columns: inputs)
    }
}

extension MatrixProduct {
    /// Those of a `Scatter`.
    package static func scatter(columns: Int) -> [MatrixProduct] {
        let scatter = Scatter(columns: columns)
        return (0..<scatter.blocks).map {
            MatrixProduct(transposeA: true, m: scatter.rows($0), n: scatter.width($0), k: Scatter.chunkRows)
        }
    }
}
