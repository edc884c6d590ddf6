import Kernels

/// The shape of one BLAS call: besides the data it decides the bits of the result.
package struct MatrixProduct: Hashable, Sendable {
    package let transposeA: Bool
    package let transposeB: Bool
    package let m: Int
    package let n: Int
    package let k: Int
    /// True if the product is added to the matrix that is there.
    package let accumulates: Bool

    package init(
        transposeA: Bool = false, transposeB: Bool = false, m: Int, n: Int, k: Int, accumulates: Bool = false
    ) {
        self.transposeA = transposeA
        self.transposeB = transposeB
        self.m = m
        self.n = n
        self.k = k
        self.accumulates = accumulates
    }
}

extension NetworkPlan {
    /// Every distinct BLAS call of this network for microbatches of these sizes, in a fixed order: a
    /// fingerprint tries them out. Dense layers and many convolutions use kernels of our own.
    package func products(microbatchSizes: Set<Int>, chunkSize: Int) -> [MatrixProduct] {
        let sizes = PassSizes(microbatches: microbatchSizes.sorted(), chunk: chunkSize)
        var products: [MatrixProduct] = []
        var seen: Set<MatrixProduct> = []
        for layer in layers {
            for product in layer.plan.matrixProducts(sizes) where seen.insert(product).inserted {
                products.append(product)
            }
        }
        return products
    }
}
