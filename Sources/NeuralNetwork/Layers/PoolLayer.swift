import Kernels

/// `y` = the maximum or the mean of x under each window, channel by channel; x `[N, H, W, C]`, y `[N, H', W', C]`.
///
/// The maximum looks at pixels alone; its gradient goes to the first pixel that has it. Which one that is, is kept for training as a byte, so that backward reads neither x
/// nor y; under a window of more than 256 pixels it is found again from x and y. The mean counts padding as zeros (PyTorch's `count_include_pad=True`).
final class PoolLayer: Layer {
    private let function: PoolFunction
    private let geometry: WindowGeometry
    private let imagesPerTile: Int
    /// For each value, the number of the pixel within its window that gave it.
    private let winners: AlignedBuffer<UInt8>?
    private let slotStride: Int

    init(_ function: PoolFunction, _ geometry: WindowGeometry, slots: Int, rows: Int, trains: Bool) {
        (self.function, self.geometry) = (function, geometry)
        imagesPerTile = PoolLayer.imagesPerTile(geometry.inputCount)
        slotStride = PoolLayer.winnerStride(geometry, rows: rows)
        let keeps = trains && function == .maximum && PoolLayer.keepsWinners(geometry)
        winners = keeps ? AlignedBuffer<UInt8>(count: slots * slotStride) : nil
    }

    /// Whether a byte numbers the pixels of a window.
    static func keepsWinners(_ geometry: WindowGeometry) -> Bool {
        geometry.kernelHeight * geometry.kernelWidth <= 256
    }

    /// Slots begin at cache lines of their own.
    private static func winnerStride(_ geometry: WindowGeometry, rows: Int) -> Int {
        (rows * geometry.positions * geometry.channels + 63) & ~63
    }

    /// Bytes that training keeps.
    static func winnerBytes(_ geometry: WindowGeometry, slots: Int, rows: Int) -> Int {
        keepsWinners(geometry) ? slots * winnerStride(geometry, rows: rows) : 0
    }

    /// Images that make a task worth a lane.
    static func imagesPerTile(_ values: Int) -> Int { SlotRows.images(for: 1 << 14, each: values) }

    private func winners(_ tile: Tile) -> UnsafeMutablePointer<UInt8>? {
        winners.map {
            $0.pointer + tile.slot * slotStride + tile.start * geometry.positions * geometry.channels
        }
    }

    func forward(_ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass) {
        pass.lanes.run(pass.rows.tileCount(of: imagesPerTile)) { task, _ in
            let tile = pass.rows.tile(task, of: imagesPerTile)
            let (x, y) = (input.row(tile.slot, tile.start), output.row(tile.slot, tile.start))
            switch function {
            case .maximum:
                if let winners = winners(tile) {
                    Pooling.maximum(x, geometry, images: tile.count, into: y, winners: winners)
                } else {
                    Pooling.maximum(x, geometry, images: tile.count, into: y)
                }
            case .average: Pooling.average(x, geometry, images: tile.count, into: y)
            }
        }
    }

    func backward(
        _ input: SlotMatrix, _ output: SlotMatrix, outputGradient: SlotMatrix, inputGradient: SlotMatrix?,
        _ pass: TrainingPass
    ) {
        guard let inputGradient else { return }
        let rows = pass.pass.rows
        pass.pass.lanes.run(rows.tileCount(of: imagesPerTile)) { task, lane in
            let tile = rows.tile(task, of: imagesPerTile)
            let dy = outputGradient.row(tile.slot, tile.start)
            let (dx, scratch) = (inputGradient.row(tile.slot, tile.start), pass.pass.scratch[lane].pointer)
            switch function {
            case .maximum:
                if let winners = winners(tile) {
                    Pooling.maximumBackward(dy: dy, winners: winners, geometry, images: tile.count, into: dx)
                } else {
                    Pooling.maximumBackward(
                        x: input.row(tile.slot, tile.start), y: output.row(tile.slot, tile.start), dy: dy,
                        geometry, images: tile.count,
                        into: dx, scratch: scratch)
                }
            case .average:
                Pooling.averageBackward(dy: dy, geometry, images: tile.count, into: dx, scratch: scratch)
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
