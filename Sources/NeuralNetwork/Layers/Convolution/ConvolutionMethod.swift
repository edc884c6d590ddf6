import Kernels

/// How a convolution is computed: a table by shapes alone, so that the bits are the same on every machine.
///
/// | window | stride | channels | method |
/// |---|---|---|---|
/// | 3×3 | 1 | in and out multiples of 16; at least a quarter of the multiplications saved | Winograd F(4×4, 3×3) |
/// | other than a plain 1×1 | any | out a multiple of 16 | windows read where they lie, by kernels of our own |
/// | plain 1×1 | 1 | any | one matrix product |
/// | any | any | any | blocks of patches, and matrix products |
///
/// F(2×2, 3×3) has no row: its ⌈h/2⌉·⌈w/2⌉·16 multiplications are fewer than F(4×4)'s ⌈h/4⌉·⌈w/4⌉·36 only on images of at most two lines or columns, which are little of
/// any network's work.
enum ConvolutionMethod {
    case winograd(Winograd)
    case direct(DirectConvolution)
    case products

    init(_ geometry: WindowGeometry, outputs: Int) {
        if let winograd = Winograd(geometry, outputs: outputs) {
            self = .winograd(winograd)
        } else if let direct = DirectConvolution(geometry, outputs: outputs) {
            self = .direct(direct)
        } else {
            self = .products
        }
    }
}

extension ConvolutionMethod {
    /// - Parameters weight, bias: where they begin in the flat vectors.
    func makeLayer(_ geometry: WindowGeometry, outputs: Int, weight: Int, bias: Int?) -> any Layer {
        switch self {
        case .winograd(let winograd): WinogradConvolutionLayer(winograd, geometry, weight: weight, bias: bias)
        case .direct(let direct):
            DirectConvolutionLayer(direct, geometry, outputs: outputs, weight: weight, bias: bias)
        case .products: ConvolutionLayer(geometry, outputs: outputs, weight: weight, bias: bias)
        }
    }

    /// Floats of scratch that a lane needs.
    func scratchCount(_ geometry: WindowGeometry, outputs: Int) -> Int {
        switch self {
        case .winograd(let winograd): WinogradConvolutionLayer.scratchCount(winograd)
        case .direct(let direct): DirectConvolutionLayer.scratchCount(direct, geometry, outputs: outputs)
        case .products: ConvolutionLayer.scratchCount(geometry, outputs: outputs)
        }
    }

    /// Floats that the lanes share during the layer's passes: the weights as the kernels want them.
    var workspaceCount: Int {
        switch self {
        case .winograd(let winograd): winograd.transformedCount
        case .direct(let direct): direct.packedCount
        case .products: 0
        }
    }

    /// Images of a forward task.
    func imagesPerTask(_ geometry: WindowGeometry, outputs: Int) -> Int {
        switch self {
        case .winograd(let winograd): WinogradConvolutionLayer.imagesPerTask(winograd)
        case .direct, .products: ConvolutionTiling(geometry, outputs: outputs).imagesPerTile
        }
    }

    /// Every distinct BLAS call for microbatches of these sizes, and of the forward pass for `chunkSize`: what our own kernels leave to OpenBLAS.
    func products(_ geometry: WindowGeometry, outputs: Int, sizes: [Int], chunkSize: Int) -> [MatrixProduct] {
        let tiling = ConvolutionTiling(geometry, outputs: outputs)
        switch self {
        case .winograd: return []
        case .direct:
            let weightProducts =
                DirectConvolutionLayer.sumsWeights(geometry) ? [] : tiling.weightProducts(sizes: sizes)
            return tiling.dataProducts(sizes: sizes) + weightProducts
        case .products: return tiling.products(sizes: sizes, chunkSize: chunkSize)
        }
    }
}
