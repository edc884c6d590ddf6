import Kernels

/// A function of each value, and its derivative from x (`VectorMath`).
final class MapLayer: Layer {
    typealias Forward =
        @Sendable (_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) -> Void
    typealias Backward =
        @Sendable (
            _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>,
            _ count: Int
        ) -> Void

    private let forward: Forward
    private let backward: Backward

    init(forward: @escaping Forward, backward: @escaping Backward) {
        self.forward = forward
        self.backward = backward
    }

    /// The plan of a layer that is such a function.
    static func plan(
        _ summary: String, _ input: Boundary, forward: @escaping Forward, backward: @escaping Backward
    ) -> LayerPlan {
        LayerPlan(
            summary: summary,
            output: Boundary(
                shape: input.shape, flattened: input.flattened, field: input.field, measuredImages: nil),
            operations: input.shape.count, scratchCount: 0, workspaceCount: 0, rememberedBytes: { _ in 0 },
            memory: .inPlace(backwardReads: .input), matrixProducts: { _ in [] }, samplesPerProduct: 1,
            fusion: .none,
            countsDeadUnits: true, flattensImage: false, inputPreparation: nil,
            computation: .layer { _ in MapLayer(forward: forward, backward: backward) })
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        pass.forEachRun(ofValues: input.width) { localMicrobatch, start, count in
            forward(input.row(localMicrobatch) + start, output.row(localMicrobatch) + start, count)
        }
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        guard let inputGradient else { return }
        let size = MicrobatchRows.samplesPerVectorTile(width: input.width)
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, _ in
            let tile = pass.rows.tile(task, of: size)
            backward(
                input.row(tile.localMicrobatch, tile.start),
                outputGradient.row(tile.localMicrobatch, tile.start),
                inputGradient.row(tile.localMicrobatch, tile.start), tile.count * input.width)
        }
    }
}
