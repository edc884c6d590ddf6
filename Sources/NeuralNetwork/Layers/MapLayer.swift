import Kernels

/// A function of each value (`VectorMath`). In training the forward pass keeps the function's slopes too, in
/// place of x: both have most of their work in common.
final class MapLayer: Layer {
    typealias Forward =
        @Sendable (_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) -> Void
    typealias ForwardWithSlopes =
        @Sendable (
            _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
            _ slopes: UnsafeMutablePointer<Float>, _ count: Int
        ) -> Void

    private let forward: Forward
    private let forwardWithSlopes: ForwardWithSlopes
    /// dy/dx of the last forward pass; nil in a network that only evaluates.
    private let slopes: MicrobatchMatrix?

    init(
        forward: @escaping Forward, forwardWithSlopes: @escaping ForwardWithSlopes, width: Int,
        _ capacity: NetworkCapacity
    ) {
        self.forward = forward
        self.forwardWithSlopes = forwardWithSlopes
        slopes =
            capacity.trains
            ? MicrobatchMatrix(localMicrobatches: capacity.microbatches, rows: capacity.rows, width: width)
            : nil
    }

    /// The plan of a layer that is such a function.
    static func plan(
        _ summary: String, _ input: Boundary, forward: @escaping Forward,
        forwardWithSlopes: @escaping ForwardWithSlopes
    ) -> LayerPlan {
        let width = input.shape.count
        return LayerPlan(
            summary: summary,
            output: Boundary(
                shape: input.shape, flattened: input.flattened, field: input.field, measuredImages: nil),
            operations: width, scratchCount: 0, workspaceCount: 0,
            rememberedBytes: { $0.trains ? 4 * $0.microbatches * FlatVector.aligned($0.rows * width) : 0 },
            memory: .inPlace(backwardReads: []), matrixProducts: { _ in [] }, samplesPerProduct: 1,
            fusion: .none,
            countsDeadUnits: true, flattensImage: false, inputPreparation: nil,
            computation: .layer {
                MapLayer(forward: forward, forwardWithSlopes: forwardWithSlopes, width: width, $0)
            })
    }

    func forward(_ input: MicrobatchMatrix, _ output: MicrobatchMatrix, _ pass: ForwardPass) {
        pass.forEachRun(ofValues: input.width) { localMicrobatch, start, count in
            let (x, y) = (input.row(localMicrobatch) + start, output.row(localMicrobatch) + start)
            if let slopes {
                forwardWithSlopes(x, y, slopes.row(localMicrobatch) + start, count)
            } else {
                forward(x, y, count)
            }
        }
    }

    func backward(
        _ input: MicrobatchMatrix, _ output: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        inputGradient: MicrobatchMatrix?,
        _ pass: BackwardPass
    ) {
        guard let inputGradient, let slopes else { return }
        let size = MicrobatchRows.samplesPerVectorTile(width: input.width)
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, _ in
            let tile = pass.rows.tile(task, of: size)
            Elementwise.multiply(
                outputGradient.row(tile.localMicrobatch, tile.start),
                slopes.row(tile.localMicrobatch, tile.start),
                into: inputGradient.row(tile.localMicrobatch, tile.start), count: tile.count * input.width)
        }
    }
}
