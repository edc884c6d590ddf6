import Kernels

/// How a convolution is cut into tasks and matrix products: a fixed table, from shapes alone.
///
/// Forward and for the input's gradient a task is a tile of whole images, with a product for every block of
/// lines (output rows). For the weights' gradient a task is a block of the weight's rows and a group of a
/// microbatch's images, whose products add up in the order of lines. The numbers are constants: about 1 MB of
/// patches at a time, and enough tasks for eight lanes.
struct ProductTiling: Sendable {
    private static let tileWindows = 256
    private static let blockFloats = 1 << 18
    private static let blockWindows = 128...1024
    private static let weightRows = 256
    private static let weightTasks = 8
    private static let groupWindows = 512

    let geometry: WindowGeometry
    let outputs: Int
    /// True if images are multiplied as they are, without patches.
    let isPointwise: Bool
    let imagesPerTile: Int
    private let linesPerBlock: Int
    let weightRowsPerBlock: Int
    private let weightBlocks: Int

    init(_ geometry: WindowGeometry, outputs: Int) {
        self.geometry = geometry
        self.outputs = outputs
        isPointwise = geometry.isPointwise
        imagesPerTile = MicrobatchRows.images(for: Self.tileWindows, each: geometry.positions)
        let patch = geometry.patchCount
        let windows = min(
            max(Self.blockFloats / patch, Self.blockWindows.lowerBound), Self.blockWindows.upperBound)
        linesPerBlock = isPointwise ? .max : max(1, windows / geometry.outputWidth)
        let blocks = (patch + Self.weightRows - 1) / Self.weightRows
        weightRowsPerBlock = FlatVector.aligned((patch + blocks - 1) / blocks)
        weightBlocks = (patch + weightRowsPerBlock - 1) / weightRowsPerBlock
    }

    /// Calls `body` with the lines of each block of `images` images, or of a part of the blocks.
    func forEachBlock(images: Int, _ part: WorkPart = .whole, _ body: (Range<Int>) -> Void) {
        let lines = images * geometry.outputHeight
        for block in part.range(of: blockCount(images: images)) {
            let start = block * linesPerBlock
            body(start..<(start + min(linesPerBlock, lines - start)))
        }
    }

    func blockCount(images: Int) -> Int {
        let lines = images * geometry.outputHeight
        return lines / linesPerBlock + (lines % linesPerBlock == 0 ? 0 : 1)
    }

    /// The most groups that a microbatch is cut into.
    var mostGroups: Int { max(1, (Self.weightTasks + weightBlocks - 1) / weightBlocks) }

    /// The groups of a microbatch of so many images.
    func groups(images: Int) -> Int {
        max(1, min(mostGroups, images, images * geometry.positions / Self.groupWindows))
    }

    /// Floats of patches that a lane needs.
    var patchFloats: Int {
        if isPointwise { return 0 }
        let lines = min(linesPerBlock, imagesPerTile * geometry.outputHeight)
        // A group of the weights' gradient may have more lines than a tile, but fewer columns at a time.
        return max(lines * geometry.patchCount, linesPerBlock * weightRowsPerBlock) * geometry.outputWidth
    }
}
