import Kernels

/// Maxout (https://arxiv.org/abs/1302.4389): `y_c = max_j x_{c·k + j}` over k neighbouring channels; x `[N, …, C·k]`, y `[N, …, C]`.
final class MaxoutLayer: Layer {
    private let pieces: Int
    private let width: Int
    private let rows: Int
    private let winner: UnsafeMutablePointer<UInt8>

    /// - Parameter pieces: at most 256.
    init(pieces: Int, output: TensorShape, slots: Int, rows: Int) {
        (self.pieces, self.rows, width) = (pieces, rows, output.count)
        winner = .allocate(capacity: max(1, slots * rows * width))
        winner.initialize(repeating: 0, count: max(1, slots * rows * width))
    }

    deinit { winner.deallocate() }

    private func winner(_ tile: Tile) -> UnsafeMutablePointer<UInt8> {
        winner + (tile.slot * rows + tile.start) * width
    }

    func forward(_ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass) {
        let tiles = pass.rows.tiles
        pass.lanes.run(tiles.count) { task, _ in
            let tile = tiles[task]
            MaxoutKernels.forward(
                input.row(tile.slot, tile.start), into: output.row(tile.slot, tile.start),
                winner: winner(tile),
                count: tile.count * width, pieces: pieces)
        }
    }

    func backward(
        _ input: SlotMatrix, _ output: SlotMatrix, outputGradient: SlotMatrix, inputGradient: SlotMatrix?,
        _ pass: TrainingPass
    ) {
        guard let inputGradient else { return }
        let tiles = pass.pass.rows.tiles
        pass.pass.lanes.run(tiles.count) { task, _ in
            let tile = tiles[task]
            MaxoutKernels.backward(
                outputGradient.row(tile.slot, tile.start), winner: winner(tile),
                into: inputGradient.row(tile.slot, tile.start),
                count: tile.count * width, pieces: pieces)
        }
    }
}
