import Kernels

/// `y` = the maximum or the mean of x under each window, channel by channel; x `[N, H, W, C]`, y `[N, H', W', C]`.
///
/// The maximum looks at pixels alone; its gradient goes to the first pixel that has it, which is found again from x and y, so that no indices are kept. The
/// mean counts padding as zeros (PyTorch's `count_include_pad=True`).
final class PoolLayer: Layer {
    private let function: PoolFunction
    private let geometry: WindowGeometry
    private let imagesPerTile: Int

    init(_ function: PoolFunction, _ geometry: WindowGeometry) {
        (self.function, self.geometry) = (function, geometry)
        imagesPerTile = PoolLayer.imagesPerTile(geometry.inputCount)
    }

    /// Images that make a task worth a lane.
    static func imagesPerTile(_ values: Int) -> Int { SlotRows.images(for: 1 << 14, each: values) }

    func forward(_ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass) {
        pass.lanes.run(pass.rows.tileCount(of: imagesPerTile)) { task, _ in
            let tile = pass.rows.tile(task, of: imagesPerTile)
            let (x, y) = (input.row(tile.slot, tile.start), output.row(tile.slot, tile.start))
            switch function {
            case .maximum: Pooling.maximum(x, geometry, images: tile.count, into: y)
            case .average: Pooling.average(x, geometry, images: tile.count, into: y)
            }
        }
    }

    func backward(
        _ input: SlotMatrix, _ output: SlotMatrix, outputGradient: SlotMatrix, inputGradient: SlotMatrix?, _ pass: TrainingPass
    ) {
        guard let inputGradient else { return }
        let rows = pass.pass.rows
        pass.pass.lanes.run(rows.tileCount(of: imagesPerTile)) { task, lane in
            let tile = rows.tile(task, of: imagesPerTile)
            let dy = outputGradient.row(tile.slot, tile.start)
            let (dx, scratch) = (inputGradient.row(tile.slot, tile.start), pass.pass.scratch[lane].pointer)
            switch function {
            case .maximum:
                Pooling.maximumBackward(
                    x: input.row(tile.slot, tile.start), y: output.row(tile.slot, tile.start), dy: dy, geometry, images: tile.count,
                    into: dx, scratch: scratch)
            case .average: Pooling.averageBackward(dy: dy, geometry, images: tile.count, into: dx, scratch: scratch)
            }
        }
    }

    /// Floats of scratch that a lane needs.
    static func scratchCount(channels: Int) -> Int { FlatVector.aligned(channels) }
}

/// What a pool makes of the values under its window.
package enum PoolFunction: Sendable {
    case maximum
    case average
}
