import Kernels

/// A forward pass window by window, for shapes that Winograd does not serve: few input channels, strides,
/// other windows. The weights are packed once for each pass.
struct DirectForward: ImagePass {
    private let convolution: DirectConvolution
    let imagesPerTask: Int

    init(_ convolution: DirectConvolution, imagesPerTask: Int) {
        self.convolution = convolution
        self.imagesPerTask = imagesPerTask
    }

    func mostParts(images: Int) -> Int { convolution.mostParts }
    var scratchCount: Int { convolution.scratchCount }
    var workspaceCount: Int { convolution.packedCount }

    func prepare(
        _ weights: UnsafePointer<Float>, _ lanes: LanePool, into workspace: UnsafeMutablePointer<Float>
    ) {
        lanes.forEachRun(ofPanels: convolution.panels) {
            convolution.pack(weights, panels: $0, into: workspace)
        }
    }

    func run(
        _ from: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ workspace: UnsafePointer<Float>,
        images: Int, _ part: WorkPart, into to: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        convolution.convolve(from, packed: workspace, images: images, part, into: to, scratch: scratch)
    }

    func matrixProducts(_ sizes: [Int]) -> [MatrixProduct] { [] }
}

/// The gradient of the weights window by window, in blocks of output channels.
struct DirectWeightGradient: WeightGradientMethod {
    /// Windows that make a group worth a task.
    private static let windowsPerGroup = 4096

    private let convolution: DirectConvolution
    private let grouping: ImageGrouping
    let extent: Int

    init(_ convolution: DirectConvolution, _ geometry: WindowGeometry, outputs: Int) {
        self.convolution = convolution
        extent = outputs
        grouping = ImageGrouping(
            weights: geometry.patchCount * outputs,
            images: max(1, Self.windowsPerGroup / geometry.positions))
    }

    var scratchCount: Int { convolution.scratchCount }
    var mostGroups: Int { grouping.most }
    func groups(images: Int) -> Int { grouping.groups(images: images) }
    func blockSize(groups: Int, lanes: Int) -> Int {
        ImageGrouping.blockSize(extent, limit: extent, groups: groups, lanes: lanes)
    }

    func sum(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, images: Int, block: Range<Int>,
        into sum: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        convolution.weightGradient(x, dy, images: images, outputs: block, into: sum, scratch: scratch)
    }

    func matrixProducts(_ sizes: [Int]) -> [MatrixProduct] { [] }
}
