import CSIMD

/// Double-precision functions whose bits are the same on every platform: they use + − × ÷, the square root
/// (all correctly rounded), the fused multiply-add where it says `addingProduct`, and bit patterns; never the
/// C library's.
///
/// For what decides bits outside the hot loops: schedules, bias correction, initialisers, augmentation.
/// Errors are below 2 units in the last place (`tanh` and the powers; the others 1). Subnormal arguments and
/// results follow the thread's floating-point mode, and those of the powers may be zero in any.
///
/// Source of the coefficients of `exp`, `log`, `sin` and `cos`: fdlibm (Sun Microsystems 1993, freely
/// distributable).
package enum ScalarMath {
    static let ln2High = 6.93147180369123816490e-01  // 32 bits, so that its product with an exponent is exact
    static let ln2Low = 1.90821492927058770002e-10

    private static let expCoefficients = [
        1.66666666666666019037e-01, -2.77777777770155933842e-03, 6.61375632143793436117e-05,
        -1.65339022054652515390e-06, 4.13813679705723846039e-08,
    ]
    private static let logCoefficients = [
        6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
        2.222219843214978396e-01,
        1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01,
    ]
    private static let tanhNumerator = [
        -1.61468768441708447952e3, -9.92877231001918586564e1, -9.64399179425052238628e-1,
    ]
    private static let tanhDenominator = [
        4.84406305325125486048e3, 2.23548839060100448583e3, 1.12811678491632931402e2, 1,
    ]

    package static func sqrt(_ x: Double) -> Double { csimd_sqrt_double(x) }

    /// eˣ: infinite above 709.78, 0 below −745.13.
    package static func exp(_ x: Double) -> Double {
        if x.isNaN { return x }
        if x > 709.782712893383973096 { return .infinity }
        if x < -745.133219101941108420 { return 0 }
        // x = k ln 2 + r, |r| ≤ ½ ln 2, with r = high − low
        let k = nearest(x * 1.44269504088896338700)
        let high = x - k * ln2High
        let low = k * ln2Low
        let r = high - low
        let t = r * r
        let c = r - t * polynomial(t, expCoefficients)
        let y = 1 - ((low - (r * c) / (2 - c)) - high)
        return scale(y, by: Int(k))
    }

    /// The natural logarithm: −∞ at 0, NaN below.
    package static func log(_ x: Double) -> Double {
        guard x > 0 else { return x == 0 ? -.infinity : .nan }
        guard x < .infinity else { return x }
        // x = 2ᵏ (1 + f), √½ < 1 + f < √2; log(1 + f) = f − f²/2 + s (f²/2 + R), s = f / (2 + f)
        let (k, m) = splitAtSquareRootOfHalf(x)
        let f = m - 1
        let s = f / (2 + f)
        let z = s * s
        let r = z * polynomial(z, logCoefficients)
        let half = 0.5 * f * f
        return k * ln2High - ((half - (s * (half + r) + k * ln2Low)) - f)
    }

    /// The hyperbolic tangent.
    ///
    /// Source of the rational form near 0: Cephes (S. Moshier 1984).
    package static func tanh(_ x: Double) -> Double {
        let size = x.magnitude
        if size < 0x1p-28 { return x }
        if size < 0.625 {
            let z = x * x
            return x + x * (z * (polynomial(z, tanhNumerator) / polynomial(z, tanhDenominator)))
        }
        if x.isNaN { return x }
        let y = size > 22 ? 1 : 1 - 2 / (exp(2 * size) + 1)
        return x < 0 ? -y : y
    }

    /// c₀ + c₁ z + c₂ z² + …
    @inline(__always)
    static func polynomial(_ z: Double, _ coefficients: [Double]) -> Double {
        var sum = 0.0
        for c in coefficients.reversed() { sum = sum * z + c }
        return sum
    }

    /// The nearest integer, |x| < 2⁵¹: adding 1.5 · 2⁵² rounds there.
    @inline(__always)
    static func nearest(_ x: Double) -> Double { (x + 0x1.8p52) - 0x1.8p52 }

    /// x = 2ᵏ m with √½ < m < √2, for positive finite x.
    @inline(__always)
    static func splitAtSquareRootOfHalf(_ x: Double) -> (k: Double, m: Double) {
        var bits = x.bitPattern
        var k = -1023
        if bits >> 52 == 0 {
            bits = (x * 0x1p54).bitPattern
            k -= 54
        }
        let squareRootOfHalf: UInt64 = 0x3FE6_A09E_667F_3BCD
        // The sum carries into the exponent where m would exceed √2.
        bits &+= 0x3FF0_0000_0000_0000 - squareRootOfHalf
        k += Int(bits >> 52)
        return (Double(k), Double(bitPattern: bits & 0xF_FFFF_FFFF_FFFF &+ squareRootOfHalf))
    }

    /// y · 2ᵏ for y in [½, 2], rounded once.
    @inline(__always)
    static func scale(_ y: Double, by k: Int) -> Double {
        if k > 1000 { return y * powerOfTwo(1000) * powerOfTwo(k - 1000) }
        if k < -1000 { return y * powerOfTwo(-960) * powerOfTwo(k + 960) }
        return y * powerOfTwo(k)
    }

    @inline(__always)
    private static func powerOfTwo(_ k: Int) -> Double { Double(bitPattern: UInt64(k + 1023) << 52) }
}
