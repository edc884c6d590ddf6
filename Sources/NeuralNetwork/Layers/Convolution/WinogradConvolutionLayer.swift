import Kernels

/// A 3×3 convolution with stride 1 (see `ConvolutionLayer` for the formulas) by Winograd's minimal filtering.
///
/// The weights are transformed once for each pass, into memory that all such layers share. Forward and for the input's gradient a task is a few images; for the weights'
/// see `GroupedWeightGradient`.
final class WinogradConvolutionLayer: Layer, MomentsProducer {
    /// Tiles that make a task worth a lane.
    private static let tilesPerTask = 64
    /// Tiles that make a group.
    private static let tilesPerGroup = 256
    /// Input channels of a task for the weights' gradient.
    private static let channelsPerTask = 128

    private let winograd: Winograd
    private let transposed: Winograd
    private let geometry: WindowGeometry
    private let outputs: Int
    private let weightGradient: GroupedWeightGradient
    private let weight: Int
    private let bias: Int?
    var moments: TileMoments?

    /// - Parameters weight, bias: where they begin in the flat vectors.
    init(_ winograd: Winograd, _ geometry: WindowGeometry, weight: Int, bias: Int?) {
        (self.winograd, transposed, self.geometry, outputs) = (
            winograd, winograd.transposed, geometry, winograd.outputs
        )
        (self.weight, self.bias) = (weight, bias)
        weightGradient = GroupedWeightGradient(
            geometry, outputs: winograd.outputs, weight: weight, bias: bias,
            groupImages: max(1, Self.tilesPerGroup / winograd.tiles),
            mostChannels: Self.channelsPerTask)
    }

    func forward(_ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass) {
        let (w, u) = (pass.parameters + weight, pass.workspace.pointer)
        forEachPanel(winograd, pass.lanes) { winograd.transform(w, panels: $0, into: u) }
        let b = bias.map { pass.parameters + $0 }
        convolve(winograd, input, output, pass) { tile, y, scratch in
            if let b { Columns.addBias(b, to: y, rows: tile.count * geometry.positions, columns: outputs) }
            moments?.measure(tile, y, scratch: scratch)
        }
    }

    func backward(
        _ input: SlotMatrix, _ output: SlotMatrix, outputGradient: SlotMatrix, inputGradient: SlotMatrix?,
        _ pass: TrainingPass
    ) {
        if !pass.isFrozen {
            for slot in 0..<pass.pass.rows.slots {
                weightGradient.run(slot, outputGradient, channels: winograd.channels, pass) {
                    images, channels, sum, scratch in
                    winograd.weightGradient(
                        input.row(slot, images.lowerBound), outputGradient.row(slot, images.lowerBound),
                        images: images.count,
                        channels: channels, into: sum, scratch: scratch)
                }
            }
        }
        guard let inputGradient else { return }
        let (w, u) = (pass.pass.parameters + weight, pass.pass.workspace.pointer)
        forEachPanel(transposed, pass.pass.lanes) { transposed.transform(original: w, panels: $0, into: u) }
        convolve(transposed, outputGradient, inputGradient, pass.pass) { _, _, _ in }
    }

    private func forEachPanel(_ winograd: Winograd, _ lanes: LanePool, _ body: (Range<Int>) -> Void) {
        let tasks = min(winograd.panels, 4 * lanes.lanes)
        lanes.run(tasks) { task, _ in
            body((task * winograd.panels / tasks)..<((task + 1) * winograd.panels / tasks))
        }
    }

    /// - Parameter finish: is given what a task has written, as long as it is hot in the cache.
    private func convolve(
        _ winograd: Winograd, _ input: SlotMatrix, _ output: SlotMatrix, _ pass: Pass,
        finish: (Tile, UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>) -> Void
    ) {
        let (size, u) = (Self.imagesPerTask(winograd), UnsafePointer(pass.workspace.pointer))
        pass.lanes.run(pass.rows.tileCount(of: size)) { task, lane in
            let tile = pass.rows.tile(task, of: size)
            let y = output.row(tile.slot, tile.start)
            winograd.convolve(
                input.row(tile.slot, tile.start), transformed: u, images: tile.count, into: y,
                scratch: pass.scratch[lane].pointer)
            finish(tile, y, pass.scratch[lane].pointer)
        }
    }

    /// Images of a task of the forward pass: a number of the shape alone.
    static func imagesPerTask(_ winograd: Winograd) -> Int {
        SlotRows.images(for: tilesPerTask, each: winograd.tiles)
    }

    /// Floats of scratch that a lane needs.
    static func scratchCount(_ winograd: Winograd) -> Int {
        max(
            winograd.scratchCount, winograd.transposed.scratchCount,
            winograd.gradientScratchCount(channels: min(winograd.channels, channelsPerTask)),
            BiasGradient.scratchCount(outputs: winograd.outputs))
    }
}
