import Kernels

/// `y_c = e^{x_c} / Σ e^{x}` over the channels; `dx = y · (dy − Σ dy·y)`. A softmax before cross-entropy is fused into the loss instead.
final class SoftmaxLayer: Layer {
    private let channels: Int
    private let positions: Int

    init(shape: TensorShape) { (channels, positions) = (shape.channels, shape.positions) }

    func forward(_ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass) {
        let tiles = pass.rows.tiles
        pass.lanes.run(tiles.count) { task, lane in
            let tile = tiles[task]
            LossKernels.softmax(
                input.row(tile.slot, tile.start), into: output.row(tile.slot, tile.start),
                rows: tile.count * positions,
                columns: channels, scratch: pass.scratch[lane].pointer)
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
            LossKernels.softmaxBackward(
                y: output.row(tile.slot, tile.start), dy: outputGradient.row(tile.slot, tile.start),
                into: inputGradient.row(tile.slot, tile.start), rows: tile.count * positions,
                columns: channels)
        }
    }
}
