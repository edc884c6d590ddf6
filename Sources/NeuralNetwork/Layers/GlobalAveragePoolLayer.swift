import Kernels

/// `y[n, c]` = the mean of `x[n, :, :, c]`; x `[N, H, W, C]`, y `[N, C]`: a flat output, from https://arxiv.org/abs/1312.4400.
final class GlobalAveragePoolLayer: Layer {
    private let channels: Int
    private let positions: Int
    private let imagesPerTile: Int

    init(shape: TensorShape) {
        (channels, positions) = (shape.channels, shape.positions)
        imagesPerTile = PoolLayer.imagesPerTile(shape.count)
    }

    func forward(_ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass) {
        pass.lanes.run(pass.rows.tileCount(of: imagesPerTile)) { task, lane in
            let tile = pass.rows.tile(task, of: imagesPerTile)
            Pooling.globalAverage(
                input.row(tile.slot, tile.start), images: tile.count, positions: positions,
                channels: channels,
                into: output.row(tile.slot, tile.start), scratch: pass.scratch[lane].pointer)
        }
    }

    func backward(
        _ input: SlotMatrix, _ output: SlotMatrix, outputGradient: SlotMatrix, inputGradient: SlotMatrix?,
        _ pass: TrainingPass
    ) {
        guard let inputGradient else { return }
        let rows = pass.pass.rows
        pass.pass.lanes.run(rows.tileCount(of: imagesPerTile)) { task, _ in
            let tile = rows.tile(task, of: imagesPerTile)
            Pooling.globalAverageBackward(
                dy: outputGradient.row(tile.slot, tile.start), images: tile.count, positions: positions,
                channels: channels,
                into: inputGradient.row(tile.slot, tile.start))
        }
    }

    /// Floats of scratch that a lane needs.
    static func scratchCount(channels: Int) -> Int { 2 * FlatVector.aligned(2 * channels) }
}
