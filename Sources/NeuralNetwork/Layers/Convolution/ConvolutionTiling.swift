import Kernels

/// How a convolution is cut into tasks and matrix products: a fixed table, from shapes alone.
///
/// Forward and for the input's gradient a task is a tile of whole images, within it a product for every block of lines (output rows). For the weights'
/// gradient a task is a block of the weight's rows and a group of a microbatch's images, whose products add up in the order of lines; groups are
/// added in their order. The numbers are constants: about 1 MB of patches at a time, and enough tasks for eight lanes.
struct ConvolutionTiling: Sendable {
    private static let tileWindows = 256
    private static let blockFloats = 1 << 18
    private static let blockWindows = 128...1024
    private static let weightRows = 256
    private static let weightTasks = 8
    private static let groupWindows = 512

    let geometry: WindowGeometry
    let outputs: Int
    /// Whether images are multiplied as they are, without patches.
    let isDirect: Bool
    let imagesPerTile: Int
    private let linesPerBlock: Int
    let weightRowsPerBlock: Int
    let weightBlocks: Int

    init(_ geometry: WindowGeometry, outputs: Int) {
        (self.geometry, self.outputs) = (geometry, outputs)
        isDirect = geometry.isPointwise
        imagesPerTile = SlotRows.images(for: Self.tileWindows, each: geometry.positions)
        let patch = geometry.patchCount
        let windows = min(
            max(Self.blockFloats / patch, Self.blockWindows.lowerBound), Self.blockWindows.upperBound)
        linesPerBlock = isDirect ? .max : max(1, windows / geometry.outputWidth)
        let blocks = (patch + Self.weightRows - 1) / Self.weightRows
        weightRowsPerBlock = FlatVector.aligned((patch + blocks - 1) / blocks)
        weightBlocks = (patch + weightRowsPerBlock - 1) / weightRowsPerBlock
    }

    /// Calls `body` with the lines of each block of `images` images.
    func forEachBlock(images: Int, _ body: (Range<Int>) -> Void) {
        let lines = images * geometry.outputHeight
        var start = 0
        while start < lines {
            let end = start + min(linesPerBlock, lines - start)
            body(start..<end)
            start = end
        }
    }

    func weightRows(_ block: Int) -> Range<Int> {
        let first = block * weightRowsPerBlock
        return first..<min(first + weightRowsPerBlock, geometry.patchCount)
    }

    /// The most groups that a microbatch is cut into.
    var mostGroups: Int { max(1, (Self.weightTasks + weightBlocks - 1) / weightBlocks) }

    /// The groups of a microbatch of so many images.
    func groups(images: Int) -> Int {
        max(1, min(mostGroups, images, images * geometry.positions / Self.groupWindows))
    }

    func group(_ index: Int, images: Int) -> Range<Int> {
        let groups = groups(images: images)
        return (index * images / groups)..<((index + 1) * images / groups)
    }

    /// Floats of patches that a lane needs.
    var patchFloats: Int {
        if isDirect { return 0 }
        let lines = min(linesPerBlock, imagesPerTile * geometry.outputHeight)
        // A group of the weights' gradient may have more lines than a tile, but fewer columns at a time.
        return max(lines * geometry.patchCount, linesPerBlock * weightRowsPerBlock) * geometry.outputWidth
    }
}

extension ConvolutionTiling {
    /// Every distinct BLAS call for microbatches of these sizes, and of the forward pass for `chunkSize`.
    func products(sizes: [Int], chunkSize: Int) -> [MatrixProduct] {
        blockWindows(tiles(sizes + [chunkSize])).flatMap { windows in
            [
                MatrixProduct(
                    transposeA: false, transposeB: false, m: windows, n: outputs, k: geometry.patchCount),
                dataProduct(windows),
            ]
        } + weightProducts(sizes: sizes)
    }

    /// Those for the input's gradient alone.
    func dataProducts(sizes: [Int]) -> [MatrixProduct] { blockWindows(tiles(sizes)).map(dataProduct) }

    private func dataProduct(_ windows: Int) -> MatrixProduct {
        MatrixProduct(transposeA: false, transposeB: true, m: windows, n: geometry.patchCount, k: outputs)
    }

    /// Images of every tile that there is.
    private func tiles(_ sizes: [Int]) -> Set<Int> {
        Set(
            sizes.flatMap { size in
                let rows = SlotRows([size])
                return (0..<rows.tileCount(of: imagesPerTile)).map { rows.tile($0, of: imagesPerTile).count }
            })
    }

    /// Those for the weights' gradient alone.
    func weightProducts(sizes: [Int]) -> [MatrixProduct] {
        var products: [MatrixProduct] = []
        let heights = Set((0..<weightBlocks).map { weightRows($0).count }).sorted()
        var seen: Set<MatrixProduct> = []
        for size in sizes {
            for index in 0..<groups(images: size) {
                forEachBlock(images: group(index, images: size).count) { lines in
                    for rows in heights {
                        let product = MatrixProduct(
                            transposeA: true, transposeB: false, m: rows, n: outputs,
                            k: lines.count * geometry.outputWidth,
                            accumulates: lines.lowerBound > 0)
                        if seen.insert(product).inserted { products.append(product) }
                    }
                }
            }
        }
        return products
    }

    /// The windows in a block, for runs of so many images.
    private func blockWindows(_ images: Set<Int>) -> [Int] {
        var windows: Set<Int> = []
        for count in images {
            forEachBlock(images: count) { windows.insert($0.count * geometry.outputWidth) }
        }
        return windows.sorted()
    }
}
