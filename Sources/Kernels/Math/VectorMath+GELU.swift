import CSIMD

/// The Gaussian error linear unit (https://arxiv.org/abs/1606.08415) and its derivative over arrays of
/// floats, by the rules of `VectorMath`.
///
/// Exact: `y = x · Φ(x)` with the normal distribution function `Φ(x) = ½ erfc(−x/√2)`,
/// `dy/dx = Φ(x) + x · φ(x)` with its density φ. The error function is our own: `Φ(−a) = e^{−a²/2} · G(a)`
/// for a ≥ 0, where `(2 + √(2π) a) · G(a)` is a polynomial of degree 10 in `(a − 2.5)/(a + 2.5)`, fitted for
/// a ≤ 14 by least squares on Chebyshev points, with a relative error of 4e-9. Beyond 13.3, `Φ(−a)` is less
/// than any normal number.
///
/// Approximate: `y = x · σ(v)` with `v = 2 √(2/π) · (x + 0.044715 x³)`, which is `½ x (1 + tanh(v/2))`.
extension VectorMath {
    /// y = Φ(x), within 4.5 ulp; 0 below −13.22.
    package static func normalDistribution(
        _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
    ) {
        for i in stride(from: 0, to: count, by: 16) {
            let v = Vector(at: x + i)
            let (density, ratio) = normalTail(csimd_abs(v))
            let tail = density * ratio
            let value = csimd_select(csimd_less(v, Vector(repeating: 0)), tail, Vector(repeating: 1) - tail)
            csimd_select(csimd_equal(v, v), value, v).store(at: y + i)
        }
    }

    /// y = x · Φ(x), within 5 ulp; −0 below −13.22, and at −∞.
    package static func gelu(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
        for i in stride(from: 0, to: count, by: 16) { gelu(Vector(at: x + i)).store(at: y + i) }
    }

    /// The same and its slopes, dy/dx = Φ(x) + x · φ(x). A slope errs by at most
    /// 5 · 2⁻²⁴ · (Φ(x) + |x| · φ(x)): it has a zero at −0.7518, where no relative bound holds.
    package static func gelu(
        _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, slopes: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        for i in stride(from: 0, to: count, by: 16) {
            let v = Vector(at: x + i)
            gelu(v).store(at: y + i)
            geluSlope(v).store(at: slopes + i)
        }
    }

    @inline(__always)
    static func gelu(_ v: Vector) -> Vector {
        let size = csimd_min(csimd_abs(v), Vector(repeating: mostSize))
        let (density, ratio) = normalTail(size)
        let below = -(size * density * ratio)
        let above = v * (Vector(repeating: 1) - density * ratio)
        return csimd_select(csimd_less(v, Vector(repeating: 0)), below, above)
    }

    @inline(__always)
    static func geluSlope(_ v: Vector) -> Vector {
        let size = csimd_min(csimd_abs(v), Vector(repeating: mostSize))
        let (density, ratio) = normalTail(size)
        // |x| · φ(x) − Φ(−|x|), without the density that both have
        let rest = csimd_fma(Vector(repeating: 0.3989422804), size, -ratio)
        let above = csimd_fma(density, rest, Vector(repeating: 1))
        let slope = csimd_select(csimd_less(v, Vector(repeating: 0)), -(density * rest), above)
        return csimd_select(csimd_equal(v, v), slope, v)
    }

    /// From here on, Φ(−x) is 0 in floats.
    private static let mostSize: Float = 14

    /// The factors of Φ(−size): e^{−size²/2}, and G(size).
    @inline(__always)
    private static func normalTail(_ size: Vector) -> (density: Vector, ratio: Vector) {
        let size = csimd_min(size, Vector(repeating: mostSize))
        // The square in two parts: its rounding error alone would be many units of the exponential.
        let square = size * size
        let rest = csimd_fma(size, size, -square)
        let rounded = exp(Vector(repeating: -0.5) * square)
        let density = csimd_fma(rounded, Vector(repeating: -0.5) * rest, rounded)
        let q = (size - Vector(repeating: 2.5)) / (size + Vector(repeating: 2.5))
        var p = Vector(repeating: -1.762833708e-4)
        p = csimd_fma(p, q, Vector(repeating: -5.886978470e-4))
        p = csimd_fma(p, q, Vector(repeating: 1.025150050e-4))
        p = csimd_fma(p, q, Vector(repeating: 3.358351998e-3))
        p = csimd_fma(p, q, Vector(repeating: 2.801821334e-3))
        p = csimd_fma(p, q, Vector(repeating: -1.665840670e-2))
        p = csimd_fma(p, q, Vector(repeating: -1.921151392e-2))
        p = csimd_fma(p, q, Vector(repeating: 1.279005408e-1))
        p = csimd_fma(p, q, Vector(repeating: -1.518593878e-1))
        p = csimd_fma(p, q, Vector(repeating: -1.140291989e-1))
        p = csimd_fma(p, q, Vector(repeating: 1.168325424))
        let scale = csimd_fma(Vector(repeating: 2.5066283), size, Vector(repeating: 2))
        return (density, p / scale)
    }
}

// MARK: - The approximation

extension VectorMath {
    /// y = x · σ(v), within (5 + 3|v|) · 2⁻²⁴ of itself: v is rounded before the exponential. −0 below −14,
    /// and at −∞.
    package static func geluTanh(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
        for i in stride(from: 0, to: count, by: 16) { geluTanh(Vector(at: x + i)).store(at: y + i) }
    }

    /// The same and its slopes, dy/dx = σ(v) + x · σ(v) σ(−v) · dv/dx. A slope errs by at most
    /// (6 + 3|v|) · 2⁻²⁴ of the sum of both terms' sizes.
    package static func geluTanh(
        _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, slopes: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        for i in stride(from: 0, to: count, by: 16) {
            let v = Vector(at: x + i)
            geluTanh(v).store(at: y + i)
            geluTanhSlope(v).store(at: slopes + i)
        }
    }

    @inline(__always)
    static func geluTanh(_ v: Vector) -> Vector {
        let parts = GELUTanhParts(v)
        return csimd_select(csimd_less(v, Vector(repeating: 0)), parts.x, v) * parts.sigmoid
    }

    @inline(__always)
    static func geluTanhSlope(_ v: Vector) -> Vector {
        let parts = GELUTanhParts(v)
        let growth = csimd_fma(parts.x * parts.complement, parts.slope, Vector(repeating: 1))
        return csimd_select(csimd_equal(v, v), parts.sigmoid * growth, v)
    }

    /// The values that the function and its derivative share.
    private struct GELUTanhParts {
        /// x between −14 and 14: beyond, σ(v) is 0 or 1 in floats.
        let x: Vector
        /// σ(v)
        let sigmoid: Vector
        /// σ(−v)
        let complement: Vector
        /// dv/dx
        let slope: Vector

        @inline(__always)
        init(_ value: Vector) {
            let limit = Vector(repeating: 14)
            x = csimd_max(csimd_min(value, limit), -limit)
            let square = x * x
            let v = x * csimd_fma(Vector(repeating: 0.0713548163), square, Vector(repeating: 1.5957691216))
            slope = csimd_fma(Vector(repeating: 0.2140644488), square, Vector(repeating: 1.5957691216))
            // An exponential of a negative number cannot overflow.
            let e = exp(-csimd_abs(v))
            let one = Vector(repeating: 1)
            let (small, large) = (e / (one + e), one / (one + e))
            let isNegative = csimd_less(v, Vector(repeating: 0))
            sigmoid = csimd_select(isNegative, small, large)
            complement = csimd_select(isNegative, large, small)
        }
    }
}
