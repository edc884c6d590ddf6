import Kernels

/// A 3×3 convolution with stride 1 (see `ConvolutionLayer` for the formulas) by Winograd's minimal filtering.
///
/// The weights are transformed once for each pass, into memory that all such layers share. Forward and for the input's gradient a task is a few images. The weights'
/// gradient is summed over groups of a microbatch's images, which are added in their order: how many there are follows from shapes alone. How channels are spread
/// over tasks changes no bit, and follows the lanes.
final class WinogradConvolutionLayer: Layer, MomentsProducer {
    /// Tiles that make a task worth a lane.
    private static let tilesPerTask = 64
    /// Tiles that make a group.
    private static let tilesPerGroup = 256
    private static let mostGroups = 8
    /// Only weights as small as this are summed in several groups.
    private static let mostGroupedWeights = 64 * 64
    /// Input channels of a task for the weights' gradient.
    private static let channelsPerTask = 128

    private let winograd: Winograd
    private let transposed: Winograd
    private let geometry: WindowGeometry
    private let outputs: Int
    private let weight: Int
    private let bias: Int?
    /// The weight gradients of a microbatch's groups of images but the first, which is written to its place.
    private let partials: FloatBuffer
    private let partialStride: Int
    var moments: TileMoments?

    /// - Parameters weight, bias: where they begin in the flat vectors.
    init(_ winograd: Winograd, _ geometry: WindowGeometry, weight: Int, bias: Int?) {
        (self.winograd, transposed, self.geometry, outputs) = (winograd, winograd.transposed, geometry, winograd.outputs)
        (self.weight, self.bias) = (weight, bias)
        partialStride = geometry.patchCount * outputs
        let isGrouped = winograd.channels * outputs <= Self.mostGroupedWeights
        partials = FloatBuffer(count: isGrouped ? (Self.mostGroups - 1) * partialStride : 0)
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
        _ input: SlotMatrix, _ output: SlotMatrix, outputGradient: SlotMatrix, inputGradient: SlotMatrix?, _ pass: TrainingPass
    ) {
        if !pass.isFrozen {
            for slot in 0..<pass.pass.rows.slots { weightGradient(slot, input, outputGradient, pass) }
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
                input.row(tile.slot, tile.start), transformed: u, images: tile.count, into: y, scratch: pass.scratch[lane].pointer)
            finish(tile, y, pass.scratch[lane].pointer)
        }
    }

    /// Images of a task of the forward pass: a number of the shape alone.
    static func imagesPerTask(_ winograd: Winograd) -> Int { SlotRows.images(for: tilesPerTask, each: winograd.tiles) }

    // MARK: The parameters' gradients

    private func weightGradient(_ slot: Int, _ input: SlotMatrix, _ outputGradient: SlotMatrix, _ pass: TrainingPass) {
        let (images, lanes) = (pass.pass.rows.rows[slot], pass.pass.lanes)
        let leaf = pass.gradients.leaf(slot) + weight
        let groups = groups(images: images)
        let channels = channelsPerTask(groups: groups, lanes: lanes.lanes)
        let blocks = (winograd.channels + channels - 1) / channels
        lanes.run(groups * blocks + (bias == nil ? 0 : 1)) { task, lane in
            let scratch = pass.pass.scratch[lane].pointer
            guard task < groups * blocks else {
                if let bias {
                    BiasGradient.write(
                        slot, outputGradient, rows: images * geometry.positions, outputs: outputs, to: bias, pass, scratch: scratch)
                }
                return
            }
            let (group, block) = task.quotientAndRemainder(dividingBy: blocks)
            let range = (group * images / groups)..<((group + 1) * images / groups)
            let first = block * channels
            winograd.weightGradient(
                input.row(slot, range.lowerBound), outputGradient.row(slot, range.lowerBound), images: range.count,
                channels: first..<min(first + channels, winograd.channels),
                into: group == 0 ? leaf : partials.pointer + (group - 1) * partialStride, scratch: scratch)
        }
        // A run of rows of the weights, which is one of memory, in each task.
        let rows = geometry.patchCount
        let tasks = min(rows, groups == 1 && outputs * rows < 1 << 14 ? 1 : 2 * lanes.lanes)
        lanes.run(tasks) { task, _ in
            let (start, end) = (task * rows / tasks * outputs, (task + 1) * rows / tasks * outputs)
            for group in 1..<max(1, groups) {
                Elementwise.add(partials.pointer + (group - 1) * partialStride + start, to: leaf + start, count: end - start)
            }
            pass.gradients.merge(after: slot, start: weight + start, count: end - start)
        }
    }

    /// The groups of a microbatch of so many images: a number of shapes alone.
    private func groups(images: Int) -> Int {
        guard winograd.channels * outputs <= Self.mostGroupedWeights else { return 1 }
        return max(1, min(Self.mostGroups, images, images * winograd.tiles / Self.tilesPerGroup))
    }

    /// Enough tasks for the lanes, each of some sixteens of channels.
    private func channelsPerTask(groups: Int, lanes: Int) -> Int {
        var channels = min(winograd.channels, Self.channelsPerTask)
        while channels > 16, groups * ((winograd.channels + channels - 1) / channels) < lanes { channels = (channels / 2 + 15) / 16 * 16 }
        return channels
    }

    /// Floats of scratch that a lane needs.
    static func scratchCount(_ winograd: Winograd) -> Int {
        max(
            winograd.scratchCount, winograd.transposed.scratchCount,
            winograd.gradientScratchCount(channels: min(winograd.channels, channelsPerTask)),
            BiasGradient.scratchCount(outputs: winograd.outputs))
    }
}
