import Kernels

/// The gradients of a convolution's weights and bias, summed over a microbatch: in groups of images, which
/// are added in their order, and each in blocks of rows or channels.
///
/// The number of groups follows from shapes alone. Blocks change no bit.
final class WeightGradient {
    private let method: any WeightGradientMethod
    private let weight: Int
    private let bias: Int?
    private let outputs: Int
    private let positions: Int
    /// Floats of the weights.
    private let count: Int
    /// The sums of all groups but the first, whose sum is written to the gradient itself.
    private let partials: FloatBuffer
    private let partialStride: Int

    /// - Parameters weight, bias: their first indices in the flat vectors.
    init(
        _ method: any WeightGradientMethod, _ geometry: WindowGeometry, outputs: Int, weight: Int, bias: Int?
    ) {
        self.method = method
        self.weight = weight
        self.bias = bias
        self.outputs = outputs
        positions = geometry.positions
        count = geometry.patchCount * outputs
        partialStride = FlatVector.aligned(count)
        partials = FloatBuffer(count: (method.mostGroups - 1) * partialStride)
    }

    /// Writes and merges a local microbatch's gradients of weights and bias.
    func run(
        localMicrobatch: Int, _ input: MicrobatchMatrix, outputGradient: MicrobatchMatrix,
        _ pass: BackwardPass
    ) {
        let images = pass.rows.rows[localMicrobatch]
        let leaf = pass.gradients.leaf(localMicrobatch) + weight
        let groups = method.groups(images: images)
        let size = method.blockSize(groups: groups, lanes: pass.lanes.lanes)
        let blocks = images == 0 ? 0 : (method.extent + size - 1) / size
        if images == 0 { leaf.update(repeating: 0, count: count) }
        pass.lanes.run(groups * blocks + (bias == nil ? 0 : 1)) { task, lane in
            let scratch = pass.scratch[lane].pointer
            guard task < groups * blocks else {
                if let bias {
                    BiasGradient.write(
                        localMicrobatch, outputGradient, rows: images * positions, outputs: outputs, to: bias,
                        pass,
                        scratch: scratch)
                }
                return
            }
            let (group, block) = task.quotientAndRemainder(dividingBy: blocks)
            let (first, end) = (group * images / groups, (group + 1) * images / groups)
            method.sum(
                input.row(localMicrobatch, first), outputGradient.row(localMicrobatch, first),
                images: end - first,
                block: (block * size)..<min((block + 1) * size, method.extent),
                into: group == 0 ? leaf : partials.pointer + (group - 1) * partialStride, scratch: scratch)
        }
        add(localMicrobatch, leaf, groups: groups, pass)
    }

    /// Adds the groups up and merges the local microbatch, a run of memory in each task.
    private func add(
        _ localMicrobatch: Int, _ leaf: UnsafeMutablePointer<Float>, groups: Int, _ pass: BackwardPass
    ) {
        let vectors = (count + 15) / 16
        let tasks = max(1, min(2 * pass.lanes.lanes, groups * count >> 14))
        pass.lanes.run(tasks) { task, _ in
            let start = task * vectors / tasks * 16
            let end = min(count, (task + 1) * vectors / tasks * 16)
            for group in stride(from: 1, to: groups, by: 1) {
                Elementwise.add(
                    partials.pointer + (group - 1) * partialStride + start, to: leaf + start,
                    count: end - start)
            }
            pass.gradients.merge(after: localMicrobatch, start: weight + start, count: end - start)
        }
    }
}

/// The groups of images of the methods with kernels of our own.
struct ImageGrouping: Sendable {
    private static let mostGroups = 8
    /// The most weights that are summed in several groups.
    private static let mostGroupedWeights = 9 * 64 * 64

    let most: Int
    private let images: Int

    /// - Parameters:
    ///   - weights: floats of the weights.
    ///   - images: images that make a group worth a task.
    init(weights: Int, images: Int) {
        most = weights <= Self.mostGroupedWeights ? Self.mostGroups : 1
        self.images = images
    }

    func groups(images: Int) -> Int { max(1, min(most, images / self.images)) }

    /// Channels of a block, a multiple of 16: as many blocks as keep the lanes busy.
    static func blockSize(_ channels: Int, limit: Int, groups: Int, lanes: Int) -> Int {
        var block = min(channels, limit)
        while block > 16, groups * ((channels + block - 1) / block) < lanes {
            block = (block / 2 + 15) / 16 * 16
        }
        return block
    }
}
