import Platform

/// The exact confidence interval of a proportion (Clopper and Pearson 1934): the proportions for which what
/// was observed, or anything further away, is not less likely than 2.5 % on either side.
///
///     lower: I_p(k, n − k + 1) = α/2      upper: I_p(k + 1, n − k) = 1 − α/2
package enum BinomialInterval {
    /// - Parameters:
    ///   - successes: 0 … `count`.
    ///   - count: at least 1.
    package static func exact(successes: Int, of count: Int, confidence: Double = Resampling.confidence)
        -> ClosedRange<Double>
    {
        precondition(count > 0 && (0...count).contains(successes), "successes are some of the trials")
        let (k, n, tail) = (Double(successes), Double(count), (1 - confidence) / 2)
        let lower = successes == 0 ? 0 : root(a: k, b: n - k + 1, probability: tail)
        // 1 − upper is the lower end for the failures.
        let upper = successes == count ? 1 : 1 - root(a: n - k, b: k + 1, probability: tail)
        return lower...upper
    }

    /// The x for which I_x(a, b) is `probability`, by bisection down to neighbouring doubles.
    private static func root(a: Double, b: Double, probability: Double) -> Double {
        var (low, high) = (0.0, 1.0)
        while true {
            let middle = low + (high - low) / 2
            guard middle > low, middle < high else { return middle }
            if IncompleteBeta.value(middle, a: a, b: b) < probability { low = middle } else { high = middle }
        }
    }
}

/// The regularized incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22, evaluated by
/// Lentz's method).
enum IncompleteBeta {
    static func value(_ x: Double, a: Double, b: Double) -> Double {
        guard x > 0 else { return 0 }
        guard x < 1 else { return 1 }
        // The fraction converges quickly below the mean.
        return x < (a + 1) / (a + b + 2)
            ? belowMean(x, a: a, b: b) : 1 - belowMean(1 - x, a: b, b: a)
    }

    private static func belowMean(_ x: Double, a: Double, b: Double) -> Double {
        let logarithm = logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log1p(-x)
        return exp(logarithm) * fraction(x, a: a, b: b) / a
    }

    private static func fraction(_ x: Double, a: Double, b: Double) -> Double {
        let tiny = Double.leastNormalMagnitude
        func apart(_ value: Double) -> Double { value.magnitude < tiny ? tiny : value }
        var c = 1.0
        var d = 1 / apart(1 - (a + b) * x / (a + 1))
        var result = d
        for m in 1...100_000 {
            let m = Double(m)
            for term in [
                m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
            ] {
                d = 1 / apart(1 + term * d)
                c = apart(1 + term / c)
                result *= d * c
            }
            if (d * c - 1).magnitude < 0x1p-52 { break }
        }
        return result
    }

    /// ln Γ(x) for x ≥ 1: Stirling's series (DLMF 5.11.1), from 15 on, where its error is below 2⁻⁵³.
    private static func logGamma(_ x: Double) -> Double {
        var (x, product) = (x, 1.0)
        while x < 15 {
            product *= x
            x += 1
        }
        let coefficients = [
            1.0 / 12, -1.0 / 360, 1.0 / 1_260, -1.0 / 1_680, 1.0 / 1_188, -691.0 / 360_360, 1.0 / 156,
        ]
        let square = x * x
        let series = coefficients.reversed().reduce(0) { $0 / square + $1 } / x
        return (x - 0.5) * log(x) - x + 0.5 * log(2 * .pi) + series - log(product)
    }
}
