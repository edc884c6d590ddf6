import Kernels

/// A forward pass by matrix products of patches and weights.
struct ProductForward: ImagePass {
    private let tiling: ProductTiling

    init(_ tiling: ProductTiling) { self.tiling = tiling }

    var imagesPerTask: Int { tiling.imagesPerTile }
    var samplesPerProduct: Int { tiling.imagesPerTile }
    func mostParts(images: Int) -> Int { tiling.blockCount(images: images) }
    var scratchCount: Int { tiling.patchFloats }
    let workspaceCount = 0

    func prepare(
        _ weights: UnsafePointer<Float>, _ lanes: LanePool, into workspace: UnsafeMutablePointer<Float>
    ) {}

    func run(
        _ from: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ workspace: UnsafePointer<Float>,
        images: Int, _ part: WorkPart, into to: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (geometry, outputs) = (tiling.geometry, tiling.outputs)
        tiling.forEachBlock(images: images, part) { lines in
            let (a, lda) = tiling.patches(from, lines, 0..<geometry.patchCount, scratch: scratch)
            BLAS.multiply(
                m: lines.count * geometry.outputWidth, n: outputs, k: geometry.patchCount, a: a, lda: lda,
                b: weights, ldb: outputs, c: to + lines.lowerBound * geometry.outputWidth * outputs,
                ldc: outputs)
        }
    }

    func matrixProducts(_ sizes: [Int]) -> [MatrixProduct] {
        tiling.blockWindows(sizes).map {
            MatrixProduct(m: $0, n: tiling.outputs, k: tiling.geometry.patchCount)
        }
    }
}

/// The input's gradient by matrix products, whose patches are added to the pixels that they came from.
struct ProductDataGradient: ImagePass {
    private let tiling: ProductTiling

    init(_ tiling: ProductTiling) { self.tiling = tiling }

    var imagesPerTask: Int { tiling.imagesPerTile }
    func mostParts(images: Int) -> Int { 1 }
    var scratchCount: Int { tiling.patchFloats }
    let workspaceCount = 0

    func prepare(
        _ weights: UnsafePointer<Float>, _ lanes: LanePool, into workspace: UnsafeMutablePointer<Float>
    ) {}

    func run(
        _ from: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ workspace: UnsafePointer<Float>,
        images: Int, _ part: WorkPart, into to: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (geometry, outputs) = (tiling.geometry, tiling.outputs)
        if !tiling.isPointwise { to.update(repeating: 0, count: images * geometry.inputCount) }
        tiling.forEachBlock(images: images) { lines in
            let first = lines.lowerBound * geometry.outputWidth
            let patches = tiling.isPointwise ? to + first * geometry.channels : scratch
            BLAS.multiply(
                transposeB: true, m: lines.count * geometry.outputWidth, n: geometry.patchCount, k: outputs,
                a: from + first * outputs, lda: outputs, b: weights, ldb: outputs, c: patches,
                ldc: geometry.patchCount)
            if !tiling.isPointwise { Patches.scatterAdd(patches, geometry, lines: lines, to: to) }
        }
    }

    func matrixProducts(_ sizes: [Int]) -> [MatrixProduct] {
        tiling.blockWindows(sizes).map {
            MatrixProduct(transposeB: true, m: $0, n: tiling.geometry.patchCount, k: tiling.outputs)
        }
    }
}

/// The gradient of the weights by matrix products, in blocks of the weights' rows.
struct ProductWeightGradient: WeightGradientMethod {
    private let tiling: ProductTiling

    init(_ tiling: ProductTiling) { self.tiling = tiling }

    var scratchCount: Int { tiling.patchFloats }
    var mostGroups: Int { tiling.mostGroups }
    var extent: Int { tiling.geometry.patchCount }
    func groups(images: Int) -> Int { tiling.groups(images: images) }
    /// The rows of a product are a part of its shape: the number does not depend on the lanes.
    func blockSize(groups: Int, lanes: Int) -> Int { tiling.weightRowsPerBlock }

    func sum(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, images: Int, block: Range<Int>,
        into sum: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        let outputs = tiling.outputs
        tiling.forEachBlock(images: images) { lines in
            let first = lines.lowerBound * tiling.geometry.outputWidth
            let (a, lda) = tiling.patches(x, lines, block, scratch: scratch)
            BLAS.multiply(
                transposeA: true, m: block.count, n: outputs, k: lines.count * tiling.geometry.outputWidth,
                a: a, lda: lda, b: dy + first * outputs, ldb: outputs, beta: first == 0 ? 0 : 1,
                c: sum + block.lowerBound * outputs, ldc: outputs)
        }
    }

    func matrixProducts(_ sizes: [Int]) -> [MatrixProduct] {
        var products: [MatrixProduct] = []
        var seen: Set<MatrixProduct> = []
        let heights = Set(
            stride(from: 0, to: extent, by: tiling.weightRowsPerBlock).map {
                min(tiling.weightRowsPerBlock, extent - $0)
            }
        ).sorted()
        for size in sizes {
            let groups = groups(images: size)
            for group in 0..<groups {
                let images = (group + 1) * size / groups - group * size / groups
                tiling.forEachBlock(images: images) { lines in
                    for rows in heights {
                        let product = MatrixProduct(
                            transposeA: true, m: rows, n: tiling.outputs,
                            k: lines.count * tiling.geometry.outputWidth, accumulates: lines.lowerBound > 0)
                        if seen.insert(product).inserted { products.append(product) }
                    }
                }
            }
        }
        return products
    }
}

extension ProductTiling {
    /// Columns of the patches of `lines`, and the distance between their rows.
    fileprivate func patches(
        _ x: UnsafePointer<Float>, _ lines: Range<Int>, _ columns: Range<Int>,
        scratch: UnsafeMutablePointer<Float>
    ) -> (UnsafePointer<Float>, Int) {
        if isPointwise {
            return (
                x + lines.lowerBound * geometry.outputWidth * geometry.channels + columns.lowerBound,
                geometry.channels
            )
        }
        Patches.gather(x, geometry, lines: lines, columns: columns, into: scratch)
        return (UnsafePointer(scratch), columns.count)
    }

    /// The distinct numbers of windows in a block, ascending, for microbatches of these sizes.
    fileprivate func blockWindows(_ sizes: [Int]) -> [Int] {
        var windows: Set<Int> = []
        for size in sizes {
            let rows = MicrobatchRows([size])
            for task in 0..<rows.tileCount(of: imagesPerTile) {
                forEachBlock(images: rows.tile(task, of: imagesPerTile).count) {
                    windows.insert($0.count * geometry.outputWidth)
                }
            }
        }
        return windows.sorted()
    }
}
