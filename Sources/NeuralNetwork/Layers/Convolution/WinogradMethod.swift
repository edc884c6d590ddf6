import Kernels

/// A 3×3 convolution with stride 1 by Winograd's minimal filtering, forward or from the output's gradient to
/// the input's.
struct WinogradPass: ImagePass {
    /// Output tiles of 4×4 values that make a task worth a lane.
    private static let outputTilesPerTask = 64

    /// Floats of transformed weights beyond which inference keeps the weights themselves.
    private static let mostKept = 1 << 21

    private let winograd: Winograd
    private let isTransposed: Bool

    /// - Parameter isTransposed: true for the input's gradient, whose weights are rotated.
    init(_ winograd: Winograd, isTransposed: Bool) {
        self.winograd = winograd
        self.isTransposed = isTransposed
    }

    var imagesPerTask: Int { Self.imagesPerTask(winograd) }
    func mostParts(images: Int) -> Int { winograd.mostParts(images: images) }
    var scratchCount: Int { winograd.scratchCount }
    var workspaceCount: Int { winograd.transformedCount }

    func prepare(
        _ weights: UnsafePointer<Float>, _ lanes: LanePool, into workspace: UnsafeMutablePointer<Float>
    ) {
        lanes.forEachRun(ofPanels: winograd.panels) { panels in
            if isTransposed {
                winograd.transform(original: weights, panels: panels, into: workspace)
            } else {
                winograd.transform(weights, panels: panels, into: workspace)
            }
        }
    }

    func run(
        _ from: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ workspace: UnsafePointer<Float>,
        images: Int, _ part: WorkPart, into to: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        winograd.convolve(from, transformed: workspace, images: images, part, into: to, scratch: scratch)
    }

    func matrixProducts(_ sizes: [Int]) -> [MatrixProduct] { [] }
}

extension WinogradPass {
    static func imagesPerTask(_ winograd: Winograd) -> Int {
        MicrobatchRows.images(for: outputTilesPerTask, each: winograd.outputTiles)
    }

    /// True if inference transforms the weights again and again: it takes less time than to read so many.
    static func isTooLarge(_ winograd: Winograd) -> Bool { winograd.transformedCount > mostKept }
}

/// The forward pass of inference by Winograd's filtering, with weights that are transformed as they are
/// needed.
struct PackedWinogradPass: ImagePass {
    private let winograd: Winograd

    init(_ winograd: Winograd) { self.winograd = winograd }

    var imagesPerTask: Int { WinogradPass.imagesPerTask(winograd) }
    func mostParts(images: Int) -> Int { winograd.mostParts(images: images) }
    var scratchCount: Int { winograd.packedScratchCount }
    var workspaceCount: Int { winograd.packedCount }

    func prepare(
        _ weights: UnsafePointer<Float>, _ lanes: LanePool, into workspace: UnsafeMutablePointer<Float>
    ) {
        lanes.forEachRun(ofPanels: winograd.panels) { winograd.pack(weights, panels: $0, into: workspace) }
    }

    func run(
        _ from: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ workspace: UnsafePointer<Float>,
        images: Int, _ part: WorkPart, into to: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        winograd.convolve(from, packed: workspace, images: images, part, into: to, scratch: scratch)
    }

    func matrixProducts(_ sizes: [Int]) -> [MatrixProduct] { [] }
}

/// The gradient of the weights of a 3×3 convolution, in blocks of input channels.
struct WinogradWeightGradient: WeightGradientMethod {
    /// Output tiles of 4×4 values that make a group worth a task.
    private static let outputTilesPerGroup = 256
    /// Input channels of a block at the most.
    private static let channelsPerTask = 128

    private let winograd: Winograd
    private let grouping: ImageGrouping

    init(_ winograd: Winograd, _ geometry: WindowGeometry) {
        self.winograd = winograd
        grouping = ImageGrouping(
            weights: geometry.patchCount * winograd.outputs,
            images: max(1, Self.outputTilesPerGroup / winograd.outputTiles))
    }

    var scratchCount: Int {
        winograd.gradientScratchCount(channels: min(winograd.channels, Self.channelsPerTask))
    }
    var mostGroups: Int { grouping.most }
    var extent: Int { winograd.channels }
    func groups(images: Int) -> Int { grouping.groups(images: images) }
    func blockSize(groups: Int, lanes: Int) -> Int {
        ImageGrouping.blockSize(extent, limit: Self.channelsPerTask, groups: groups, lanes: lanes)
    }

    func sum(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, images: Int, block: Range<Int>,
        into sum: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        winograd.weightGradient(x, dy, images: images, channels: block, into: sum, scratch: scratch)
    }

    func matrixProducts(_ sizes: [Int]) -> [MatrixProduct] { [] }
}
