import Kernels

/// Dropout (https://jmlr.org/papers/v15/srivastava14a.html): in training each value becomes 0 with probability `rate`, the others `x / (1 − rate)`; in
/// evaluation `y = x`. Whether a value is kept depends on (seed, step, layer, the sample's place in the global batch, the value's place in it).
final class DropoutLayer: Layer {
    private let layer: Int
    private let width: Int
    private let threshold: UInt32
    private let scale: Float
    private let rows: Int
    private let mask: UnsafeMutablePointer<UInt8>

    init(rate: Double, layer: Int, width: Int, slots: Int, rows: Int) {
        (self.layer, self.width, self.rows) = (layer, width, rows)
        threshold = UInt32(min(rate * 0x1p32, 0x1p32 - 1))
        scale = Float(1 / (1 - rate))
        mask = .allocate(capacity: max(1, slots * rows * width))
        mask.initialize(repeating: 0, count: max(1, slots * rows * width))
    }

    deinit { mask.deallocate() }

    private func mask(_ tile: Tile) -> UnsafeMutablePointer<UInt8> {
        mask + (tile.slot * rows + tile.start) * width
    }

    func forward(_ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass) {
        let size = PoolLayer.imagesPerTile(width)
        let tasks = pass.rows.tileCount(of: size)
        guard let mode = pass.training else {
            if input.row(0) == output.row(0) { return }
            return pass.lanes.run(tasks) { task, _ in
                let tile = pass.rows.tile(task, of: size)
                output.row(tile.slot, tile.start).update(
                    from: input.row(tile.slot, tile.start), count: tile.count * width)
            }
        }
        let stream = RandomStream(seed: mode.seed, purpose: .dropout, major: mode.step, minor: layer)
        pass.lanes.run(tasks) { task, _ in
            let tile = pass.rows.tile(task, of: size)
            DropoutKernels.forward(
                input.row(tile.slot, tile.start), into: output.row(tile.slot, tile.start), mask: mask(tile),
                rows: tile.count,
                width: width, stream: stream, firstSample: mode.firstSamples[tile.slot] + tile.start,
                threshold: threshold, scale: scale)
        }
    }

    func backward(
        _ input: SlotMatrix, _ output: SlotMatrix, outputGradient: SlotMatrix, inputGradient: SlotMatrix?,
        _ pass: TrainingPass
    ) {
        guard let inputGradient else { return }
        let (rows, size) = (pass.pass.rows, PoolLayer.imagesPerTile(width))
        pass.pass.lanes.run(rows.tileCount(of: size)) { task, _ in
            let tile = rows.tile(task, of: size)
            DropoutKernels.backward(
                outputGradient.row(tile.slot, tile.start), mask: mask(tile),
                into: inputGradient.row(tile.slot, tile.start),
                count: tile.count * width, scale: scale)
        }
    }
}
