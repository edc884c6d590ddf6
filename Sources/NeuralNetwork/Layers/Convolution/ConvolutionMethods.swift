import Kernels

/// How the three passes of a convolution are computed: a table by shapes alone, so that the bits are the same
/// on every machine. The first row that fits holds.
///
/// | window | stride | channels | forward | data gradient | weight gradient |
/// |---|---|---|---|---|---|
/// | 3×3 | 1 | in and out multiples of 16 | Winograd | Winograd | Winograd |
/// | other than 1×1, at least 64 on an image | any | out a multiple of 16 | direct | products | direct |
/// | other than 1×1 | any | out a multiple of 16 | direct | products | products |
/// | any | any | any | products | products | products |
///
/// * Winograd: F(4×4, 3×3), where it saves at least a quarter of the multiplications. F(2×2, 3×3) has no row:
///   its ⌈h/2⌉·⌈w/2⌉·16 multiplications are fewer than F(4×4)'s ⌈h/4⌉·⌈w/4⌉·36 only on images of at most two
///   rows or columns, which are a small part of any network's work.
/// * Direct: our own kernels read the windows where they lie. With few windows on an image, the sums of a
///   weight gradient would move between registers and memory too often. The first layer needs no data
///   gradient.
/// * Products: BLAS multiplies blocks of patches, or for a 1×1 window with stride 1 and no padding the image
///   itself.
struct ConvolutionMethods: Sendable {
    /// Windows on an image from which the weight gradient is computed directly.
    private static let directWindows = 64

    let forward: any ImagePass
    /// The forward pass of inference: the same bits from weights that are prepared once.
    let inference: any ImagePass
    let dataGradient: any ImagePass
    let weightGradient: any WeightGradientMethod

    init(_ geometry: WindowGeometry, outputs: Int) {
        let tiling = ProductTiling(geometry, outputs: outputs)
        if let winograd = Winograd(geometry, outputs: outputs) {
            forward = WinogradPass(winograd, isTransposed: false)
            inference = WinogradPass.isTooLarge(winograd) ? PackedWinogradPass(winograd) : forward
            dataGradient = WinogradPass(winograd.transposed, isTransposed: true)
            weightGradient = WinogradWeightGradient(winograd, geometry)
        } else if let direct = DirectConvolution(geometry, outputs: outputs) {
            forward = DirectForward(direct, imagesPerTask: tiling.imagesPerTile)
            inference = forward
            dataGradient = ProductDataGradient(tiling)
            weightGradient =
                geometry.positions >= Self.directWindows
                ? DirectWeightGradient(direct, geometry, outputs: outputs) : ProductWeightGradient(tiling)
        } else {
            forward = ProductForward(tiling)
            inference = forward
            dataGradient = ProductDataGradient(tiling)
            weightGradient = ProductWeightGradient(tiling)
        }
    }

    /// Floats of scratch memory that each lane needs.
    var scratchCount: Int {
        max(
            forward.scratchCount, inference.scratchCount, dataGradient.scratchCount,
            weightGradient.scratchCount)
    }

    /// Floats that all lanes share: the weights as the kernels read them.
    var workspaceCount: Int { max(forward.workspaceCount, dataGradient.workspaceCount) }

    /// Every distinct BLAS call for passes of these sizes: the part that our own kernels leave to OpenBLAS.
    func matrixProducts(_ sizes: PassSizes) -> [MatrixProduct] {
        forward.matrixProducts(sizes.microbatches + [sizes.chunk])
            + dataGradient.matrixProducts(sizes.microbatches)
            + weightGradient.matrixProducts(sizes.microbatches)
    }
}

/// A method for a pass from images to images: forward, or from the output's gradient to the input's.
protocol ImagePass: Sendable {
    /// Images of a task: a number of the shape alone.
    var imagesPerTask: Int { get }
    /// Samples that OpenBLAS multiplies together, or 1.
    var samplesPerProduct: Int { get }
    /// The most parts of some images that are worth a task each.
    func mostParts(images: Int) -> Int
    /// Floats of scratch memory that each lane needs.
    var scratchCount: Int { get }
    /// Floats of the weights as `run` reads them; 0 if it reads them where they lie.
    var workspaceCount: Int { get }
    /// Writes the weights to the workspace in the form in which `run` reads them.
    func prepare(
        _ weights: UnsafePointer<Float>, _ lanes: LanePool, into workspace: UnsafeMutablePointer<Float>)
    /// Computes a part of the images of one task. No bit depends on the number of parts.
    ///
    /// - Parameters:
    ///   - workspace: the weights that `prepare` wrote.
    ///   - scratch: `scratchCount` floats.
    func run(
        _ from: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ workspace: UnsafePointer<Float>,
        images: Int, _ part: WorkPart, into to: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>)
    /// Every distinct BLAS call for microbatches of these sizes.
    func matrixProducts(_ sizes: [Int]) -> [MatrixProduct]
}

extension ImagePass {
    var samplesPerProduct: Int { 1 }
}

/// A method for the gradient of the weights, which `WeightGradient` cuts into tasks.
protocol WeightGradientMethod: Sendable {
    /// Floats of scratch memory that each lane needs.
    var scratchCount: Int { get }
    /// The most groups into which the images of a microbatch are cut.
    var mostGroups: Int { get }
    /// Rows, input or output channels of the weights: what blocks are cut from.
    var extent: Int { get }
    /// Groups of a microbatch with so many images: a number of shapes alone, because sums depend on it.
    func groups(images: Int) -> Int
    /// Rows or channels of a block. No bit depends on it.
    func blockSize(groups: Int, lanes: Int) -> Int
    /// Writes the sum over some images, at least one, for a block of rows or channels of the weights.
    ///
    /// - Parameters:
    ///   - sum: the whole gradient, of which the block is written.
    ///   - scratch: `scratchCount` floats.
    func sum(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, images: Int, block: Range<Int>,
        into sum: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>)
    /// Every distinct BLAS call for microbatches of these sizes.
    func matrixProducts(_ sizes: [Int]) -> [MatrixProduct]
}

extension LanePool {
    /// Cuts so many panels into runs, and calls `body` for each run on a lane.
    ///
    /// - Parameter most: the runs that are worth a task each.
    func forEachRun(ofPanels panels: Int, most: Int = .max, _ body: (Range<Int>) -> Void) {
        let tasks = min(panels, 4 * lanes, most)
        run(tasks) { task, _ in body(WorkPart(index: task, count: tasks).range(of: panels)) }
    }
}
