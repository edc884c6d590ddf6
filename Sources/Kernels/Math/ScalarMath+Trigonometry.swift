extension ScalarMath {
    /// The sine of an angle in radians, of any size.
    package static func sin(_ x: Double) -> Double {
        guard x.isFinite else { return .nan }
        let (quadrant, high, low) = reduce(x)
        switch quadrant {
        case 0: return sineKernel(high, low)
        case 1: return cosineKernel(high, low)
        case 2: return -sineKernel(high, low)
        default: return -cosineKernel(high, low)
        }
    }

    /// The cosine of an angle in radians, of any size.
    package static func cos(_ x: Double) -> Double {
        guard x.isFinite else { return .nan }
        let (quadrant, high, low) = reduce(x)
        switch quadrant {
        case 0: return cosineKernel(high, low)
        case 1: return -sineKernel(high, low)
        case 2: return -cosineKernel(high, low)
        default: return sineKernel(high, low)
        }
    }

    private static let sineCoefficients = [
        8.33333333332248946124e-03, -1.98412698298579493134e-04, 2.75573137070700676789e-06,
        -2.50507602534068634195e-08, 1.58969099521155010221e-10,
    ]
    private static let cosineCoefficients = [
        4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05,
        -2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11,
    ]

    /// sin(x + low) for |x| ≤ π/4.
    private static func sineKernel(_ x: Double, _ low: Double) -> Double {
        let z = x * x
        let v = z * x
        let r = polynomial(z, sineCoefficients)
        return x - ((z * (0.5 * low - v * r) - low) - v * -1.66666666666666324348e-01)
    }

    /// cos(x + low) for |x| ≤ π/4.
    private static func cosineKernel(_ x: Double, _ low: Double) -> Double {
        let z = x * x
        let r = z * polynomial(z, cosineCoefficients)
        let half = 0.5 * z
        let w = 1 - half
        return w + (((1 - w) - half) + (z * r - x * low))
    }

    /// 2/π in binary: 64 zero bits before the point, 1,280 bits after it.
    private static let twoOverPi: [UInt64] = [
        0, 0xA2F9_836E_4E44_1529, 0xFC27_57D1_F534_DDC0, 0xDB62_9599_3C43_9041, 0xFE51_63AB_DEBB_C561,
        0xB724_6E3A_424D_D2E0, 0x0649_2EEA_09D1_921C, 0xFE1D_EB1C_B129_A73E, 0xE882_35F5_2EBB_4484,
        0xE99C_7026_B45F_7E41, 0x3991_D639_8353_39F4, 0x9C84_5F8B_BDF9_283B, 0x1FF8_97FF_DE05_980F,
        0xEF2F_118B_5A0A_6D1F, 0x6D36_7ECF_27CB_09B7, 0x4F46_3F66_9E5F_EA2D, 0x7527_BAC7_EBE5_F17B,
        0x3D07_39F7_8A52_92EA, 0x6BFB_5FB1_1F8D_5D08, 0x5603_3046_FC7B_6BAB, 0xF0CF_BC20_9AF4_361D,
    ]

    /// x = quadrant · π/2 + high + low (modulo 2π), |high + low| ≤ π/4, by integers of 192 bits for every
    /// finite x.
    ///
    /// Source: Payne and Hanek 1983, "Radian reduction for trigonometric functions".
    private static func reduce(_ x: Double) -> (quadrant: Int, high: Double, low: Double) {
        if x.magnitude < 0.785 { return (0, x, 0) }
        // |x| = m · 2ᵉ. Bits of 2/π above 2^(1 − e) give whole turns: the window of 192 bits starts there, so
        // that the product's two top bits (of 192) count quadrants and the others are the fraction of one.
        let m = x.significandBitPattern | 1 << 52
        let start = Int(x.exponentBitPattern) - 1075 + 62
        let product0 = m &* twoOverPiBits(at: start)
        let product1 = m.multipliedFullWidth(by: twoOverPiBits(at: start + 64))
        let product2 = m.multipliedFullWidth(by: twoOverPiBits(at: start + 128))
        let (word1, carry) = product1.low.addingReportingOverflow(product2.high)
        let word0 = product0 &+ product1.high &+ (carry ? 1 : 0)
        let quadrant = Int((word0 &+ 1 << 61) >> 62)
        let fraction = UInt128(word0 << 2 | word1 >> 62) << 64 | UInt128(word1 << 2 | product2.low >> 62)
        let (high, low) = angle(Int128(truncatingIfNeeded: fraction))
        return x < 0 ? ((4 - quadrant) & 3, -high, -low) : (quadrant, high, low)
    }

    private static func twoOverPiBits(at index: Int) -> UInt64 {
        let (word, shift) = (index >> 6, UInt64(index & 63))
        return twoOverPi[word] << shift | twoOverPi[word + 1] >> (64 - shift)  // Swift shifts by 64 to zero
    }

    /// fraction · 2⁻¹²⁸ · π/2 as the sum of two numbers.
    private static func angle(_ fraction: Int128) -> (high: Double, low: Double) {
        let zeros = fraction.magnitude.leadingZeroBitCount
        let bits = fraction.magnitude << zeros
        let head = Double(UInt64(bits >> 75))  // 53 bits
        let tail = Double(UInt64(truncatingIfNeeded: bits >> 22) & 0x1F_FFFF_FFFF_FFFF)  // the next 53
        let unit = Double(bitPattern: UInt64(1023 - 53 - zeros) << 52)
        let a = head * (fraction < 0 ? -unit : unit)
        let b = tail * 0x1p-53 * (fraction < 0 ? -unit : unit)
        let (halfPi, halfPiRest) = (0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54)
        let product = a * halfPi
        let error = (-product).addingProduct(a, halfPi)
        let rest = error + a * halfPiRest + b * halfPi
        let high = product + rest
        return (high, (product - high) + rest)
    }
}
