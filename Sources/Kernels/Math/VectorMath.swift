import CSIMD

/// exp, log, tanh and their like over arrays of floats: our own polynomials with fused multiply-adds, so that
/// the bits are the same with every C library.
///
/// `count` is rounded up to a multiple of 16, as buffers are padded; x and y may be the same. An element's
/// result does not depend on its place. Subnormal results, and subnormal arguments of `log`, are zero in
/// every floating-point mode; `tanh` and `softplus` return subnormal arguments and results as the thread's
/// mode has them (zero on a lane). NaN gives NaN.
package enum VectorMath {
    /// y = eˣ, within 0.9 ulp; infinite above 88.7228, 0 below −87.3365.
    package static func exp(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
        for i in stride(from: 0, to: count, by: 16) { exp(Vector(at: x + i)).store(at: y + i) }
    }

    /// y = ln x, within 0.8 ulp; −∞ at zeros and subnormals, NaN below.
    package static func log(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
        for i in stride(from: 0, to: count, by: 16) { log(Vector(at: x + i)).store(at: y + i) }
    }

    /// y = tanh x, within 1.5 ulp.
    package static func tanh(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
        for i in stride(from: 0, to: count, by: 16) { tanh(Vector(at: x + i)).store(at: y + i) }
    }

    /// y = 1 / (1 + e⁻ˣ), within 2.5 ulp; 0 below −87.3365.
    package static func sigmoid(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
        for i in stride(from: 0, to: count, by: 16) { sigmoid(Vector(at: x + i)).store(at: y + i) }
    }

    /// y = ln(1 + eˣ), within 2 ulp.
    package static func softplus(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
        for i in stride(from: 0, to: count, by: 16) { softplus(Vector(at: x + i)).store(at: y + i) }
    }
}

/// The same for one vector, for other kernels. Coefficients: Cephes (S. Moshier 1989), single precision.
extension VectorMath {
    private static let roundingShift: Float = 0x1.8p23  // a sum with it has no bits for fractions
    private static let ln2High: Float = 0.693359375
    private static let ln2Low: Float = -2.12194440e-4

    @inline(__always)
    static func exp(_ x: Vector) -> Vector {
        // x = n ln 2 + r, |r| ≤ ½ ln 2
        let shifted = csimd_fma(x, Vector(repeating: 1.44269504088896341), Vector(repeating: roundingShift))
        let n = shifted - Vector(repeating: roundingShift)
        let high = csimd_fma(n, Vector(repeating: -0.693147182464599609375), x)  // exact
        let low = n * Vector(repeating: 1.904654323148236017e-9)
        let r = high + low
        var p = Vector(repeating: 1.9875691500e-4)
        p = csimd_fma(p, r, Vector(repeating: 1.3981999507e-3))
        p = csimd_fma(p, r, Vector(repeating: 8.3334519073e-3))
        p = csimd_fma(p, r, Vector(repeating: 4.1665795894e-2))
        p = csimd_fma(p, r, Vector(repeating: 1.6666665459e-1))
        p = csimd_fma(p, r, Vector(repeating: 5.0000001201e-1))
        p = Vector(repeating: 1) + (high + csimd_fma(p, r * r, low))
        // 2ⁿ in two factors, as 2¹²⁸ alone is no float.
        let power = shifted.bits &- SIMD16<Int32>(repeating: Int32(bitPattern: roundingShift.bitPattern))
        let half = power &>> SIMD16<Int32>(repeating: 1)
        var y = p * powerOfTwo(half) * powerOfTwo(power &- half)
        y = csimd_select(csimd_less(Vector(repeating: 88.7228394), x), Vector(repeating: .infinity), y)
        y = csimd_select(csimd_less(x, Vector(repeating: -87.3365402)), Vector(repeating: 0), y)
        return csimd_select(csimd_equal(x, x), y, x)
    }

    @inline(__always)
    private static func powerOfTwo(_ n: SIMD16<Int32>) -> Vector {
        Vector(bits: (n &+ SIMD16<Int32>(repeating: 127)) &<< SIMD16<Int32>(repeating: 23))
    }

    @inline(__always)
    static func log(_ x: Vector) -> Vector {
        // x = 2ᵏ (1 + f), √½ ≤ 1 + f < √2
        let power = (x.bits &- SIMD16<Int32>(repeating: 0x3F35_04F3)) &>> SIMD16<Int32>(repeating: 23)
        let k = csimd_to_float(power)
        let f = Vector(bits: x.bits &- (power &<< SIMD16<Int32>(repeating: 23))) - Vector(repeating: 1)
        var p = Vector(repeating: 7.0376836292e-2)
        p = csimd_fma(p, f, Vector(repeating: -1.1514610310e-1))
        p = csimd_fma(p, f, Vector(repeating: 1.1676998740e-1))
        p = csimd_fma(p, f, Vector(repeating: -1.2420140846e-1))
        p = csimd_fma(p, f, Vector(repeating: 1.4249322787e-1))
        p = csimd_fma(p, f, Vector(repeating: -1.6668057665e-1))
        p = csimd_fma(p, f, Vector(repeating: 2.0000714765e-1))
        p = csimd_fma(p, f, Vector(repeating: -2.4999993993e-1))
        p = csimd_fma(p, f, Vector(repeating: 3.3333331174e-1))
        let square = f * f
        var y = csimd_fma(p, f * square, k * Vector(repeating: ln2Low))
        y = csimd_fma(square, Vector(repeating: -0.5), y)
        y = csimd_fma(k, Vector(repeating: ln2High), f + y)
        // Positive infinity and NaN give themselves; so do negative NaNs.
        y = csimd_select(csimd_less(x, Vector(repeating: .infinity)), y, x)
        y = csimd_select(csimd_less(x, Vector(repeating: 0)), Vector(repeating: .nan), y)
        let size = x.bits & SIMD16<Int32>(repeating: 0x7FFF_FFFF)
        let isZero = csimd_less_int(size, SIMD16<Int32>(repeating: 0x0080_0000))
        return csimd_select(isZero, Vector(repeating: -.infinity), y)
    }

    @inline(__always)
    static func tanh(_ x: Vector) -> Vector {
        let size = csimd_abs(x)
        let z = x * x
        var p = Vector(repeating: -5.70498872745e-3)
        p = csimd_fma(p, z, Vector(repeating: 2.06390887954e-2))
        p = csimd_fma(p, z, Vector(repeating: -5.37397155531e-2))
        p = csimd_fma(p, z, Vector(repeating: 1.33314422036e-1))
        p = csimd_fma(p, z, Vector(repeating: -3.33332819422e-1))
        let near = csimd_fma(p, z * x, x)
        let far = Vector(repeating: 1) - Vector(repeating: 2) / (exp(size + size) + Vector(repeating: 1))
        let y = csimd_select(csimd_less(size, Vector(repeating: 0.625)), near, far)
        return Vector(bits: y.bits | (x.bits & SIMD16<Int32>(repeating: .min)))
    }

    @inline(__always)
    static func sigmoid(_ x: Vector) -> Vector {
        // eˡ of a negative number only: it cannot overflow
        let e = exp(-csimd_abs(x))
        let one = Vector(repeating: 1)
        return csimd_select(csimd_less(x, Vector(repeating: 0)), e, one) / (one + e)
    }

    @inline(__always)
    static func softplus(_ x: Vector) -> Vector {
        let e = exp(-csimd_abs(x))
        // ln(1 + e) = ln w + (what rounding took from w) / w
        let one = Vector(repeating: 1)
        let w = one + e
        let rest = (e - (w - one)) / w
        return csimd_max(x, Vector(repeating: 0)) + (log(w) + rest)
    }
}
