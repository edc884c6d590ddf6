import Kernels

/// The shape of one BLAS call: what decides its bits besides the data.
package struct MatrixProduct: Hashable, Sendable {
    package let transposeA: Bool
    package let transposeB: Bool
    package let m: Int
    package let n: Int
    package let k: Int
    /// Whether it is added to what is there.
    package let accumulates: Bool

    package init(
        transposeA: Bool = false, transposeB: Bool = false, m: Int, n: Int, k: Int, accumulates: Bool = false
    ) {
        (self.transposeA, self.transposeB, self.accumulates) = (transposeA, transposeB, accumulates)
        (self.m, self.n, self.k) = (m, n, k)
    }
}

extension NetworkPlan {
    /// Every distinct BLAS call of this network for microbatches of these sizes, in a fixed order: what a fingerprint tries out. Dense layers and many convolutions
    /// use kernels of our own.
    package func products(microbatchSizes: Set<Int>, chunkSize: Int) -> [MatrixProduct] {
        var products: [MatrixProduct] = []
        var seen: Set<MatrixProduct> = []
        for layer in layers {
            for product in layer.products(sizes: microbatchSizes.sorted(), chunkSize: chunkSize)
            where seen.insert(product).inserted {
                products.append(product)
            }
        }
        return products
    }
}

extension PlannedLayer {
    fileprivate func products(sizes: [Int], chunkSize: Int) -> [MatrixProduct] {
        if case .whitening(let plan) = places {
            return WhiteningLayer.products(
                inputs: plan.inputs, outputs: plan.outputs, sizes: sizes, chunkSize: chunkSize)
        }
        if case .convolution(let geometry, _, _) = places {
            let (method, outputs) = (ConvolutionMethod(geometry, outputs: output.channels), output.channels)
            return method.products(geometry, outputs: outputs, sizes: sizes, chunkSize: chunkSize)
        }
        return []
    }
}
