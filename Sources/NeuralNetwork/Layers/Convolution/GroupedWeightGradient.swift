import Kernels

/// How the weights' gradient of a convolution is summed over a microbatch: in groups of images, which are added in their order, each in blocks of channels.
///
/// How many groups there are follows from shapes alone; blocks change no bit, so that there are as many as keep the lanes busy.
final class GroupedWeightGradient {
    private static let mostGroups = 8
    /// Only weights as small as this are summed in several groups.
    private static let mostGroupedWeights = 9 * 64 * 64

    private let weight: Int
    private let bias: Int?
    private let outputs: Int
    private let count: Int
    private let positions: Int
    /// Images of a group.
    private let groupImages: Int
    /// Channels in a block at the most.
    private let mostChannels: Int
    /// The groups' sums but the first, which is written to its place.
    private let partials: FloatBuffer

    /// - Parameters:
    ///   - weight, bias: where they begin in the flat vectors.
    ///   - groupImages: images that make a group worth a task.
    ///   - mostChannels: channels in a block at the most.
    init(
        _ geometry: WindowGeometry, outputs: Int, weight: Int, bias: Int?, groupImages: Int, mostChannels: Int
    ) {
        (self.weight, self.bias, self.outputs, positions) = (weight, bias, outputs, geometry.positions)
        (self.groupImages, self.mostChannels, count) = (
            groupImages, mostChannels, geometry.patchCount * outputs
        )
        partials = FloatBuffer(count: count <= Self.mostGroupedWeights ? (Self.mostGroups - 1) * count : 0)
    }

    private func groups(images: Int) -> Int {
        count <= Self.mostGroupedWeights ? max(1, min(Self.mostGroups, images / groupImages)) : 1
    }

    /// Enough blocks for the lanes, each of some sixteens of channels.
    private func blockChannels(_ channels: Int, groups: Int, lanes: Int) -> Int {
        var block = min(channels, mostChannels)
        while block > 16, groups * ((channels + block - 1) / block) < lanes {
            block = (block / 2 + 15) / 16 * 16
        }
        return block
    }

    /// Writes and merges a slot's gradients of weights and bias.
    ///
    /// - Parameters:
    ///   - channels: that blocks are cut from, a multiple of 16.
    ///   - body: writes the sum over some images for some channels.
    func run(
        _ slot: Int, _ outputGradient: SlotMatrix, channels: Int, _ pass: TrainingPass,
        _ body: (
            _ images: Range<Int>, _ channels: Range<Int>, _ sum: UnsafeMutablePointer<Float>,
            _ scratch: UnsafeMutablePointer<Float>
        ) -> Void
    ) {
        let (images, lanes) = (pass.pass.rows.rows[slot], pass.pass.lanes)
        let leaf = pass.gradients.leaf(slot) + weight
        let groups = groups(images: images)
        let block = blockChannels(channels, groups: groups, lanes: lanes.lanes)
        let blocks = images == 0 ? 0 : (channels + block - 1) / block
        if images == 0 { leaf.update(repeating: 0, count: count) }
        lanes.run(groups * blocks + (bias == nil ? 0 : 1)) { task, lane in
            let scratch = pass.pass.scratch[lane].pointer
            guard task < groups * blocks else {
                if let bias {
                    BiasGradient.write(
                        slot, outputGradient, rows: images * positions, outputs: outputs, to: bias, pass,
                        scratch: scratch)
                }
                return
            }
            let (group, index) = task.quotientAndRemainder(dividingBy: blocks)
            body(
                (group * images / groups)..<((group + 1) * images / groups),
                (index * block)..<min((index + 1) * block, channels),
                group == 0 ? leaf : partials.pointer + (group - 1) * count, scratch)
        }
        add(slot, leaf, groups: groups, pass)
    }

    /// Adds the groups up and merges the slot, a run of memory in each task.
    private func add(_ slot: Int, _ leaf: UnsafeMutablePointer<Float>, groups: Int, _ pass: TrainingPass) {
        let (lanes, vectors) = (pass.pass.lanes, count / 16)
        let tasks = max(1, min(2 * lanes.lanes, groups * count >> 14))
        lanes.run(tasks) { task, _ in
            let (start, end) = (task * vectors / tasks * 16, (task + 1) * vectors / tasks * 16)
            for group in stride(from: 1, to: groups, by: 1) {
                Elementwise.add(
                    partials.pointer + (group - 1) * count + start, to: leaf + start, count: end - start)
            }
            pass.gradients.merge(after: slot, start: weight + start, count: end - start)
        }
    }
}
