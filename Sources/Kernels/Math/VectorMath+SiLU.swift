import CSIMD

/// The sigmoid linear unit `y = x · σ(x)` (https://arxiv.org/abs/1702.03118), by the rules of `VectorMath`,
/// and gated units (https://arxiv.org/abs/2002.05202).
extension VectorMath {
    /// y = x · σ(x), within 3 ulp; −0 below −87.3365.
    package static func silu(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
        for i in stride(from: 0, to: count, by: 16) { silu(Vector(at: x + i)).store(at: y + i) }
    }

    /// The same and its slopes, dy/dx = σ(x) + x · σ(x) σ(−x).
    package static func silu(
        _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, slopes: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        for i in stride(from: 0, to: count, by: 16) {
            let v = Vector(at: x + i)
            silu(v).store(at: y + i)
            siluSlope(v).store(at: slopes + i)
        }
    }

    @inline(__always)
    static func silu(_ x: Vector) -> Vector {
        // −∞ · 0 would be no number.
        csimd_max(x, Vector(repeating: -.greatestFiniteMagnitude)) * sigmoid(x)
    }

    @inline(__always)
    static func siluSlope(_ x: Vector) -> Vector {
        let e = exp(-csimd_abs(x))
        let one = Vector(repeating: 1)
        let (small, large) = (e / (one + e), one / (one + e))
        let isNegative = csimd_less(x, Vector(repeating: 0))
        let (sigmoid, complement) = (
            csimd_select(isNegative, small, large), csimd_select(isNegative, large, small)
        )
        // Beyond ±88 the product is 0.
        let size = csimd_max(csimd_min(x, Vector(repeating: 88)), Vector(repeating: -88))
        return sigmoid * csimd_fma(size, complement, one)
    }
}
