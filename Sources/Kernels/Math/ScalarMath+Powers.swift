/// Powers need a logarithm with more bits than a number has, because its error is multiplied by the exponent.
/// They compute with sums of two numbers (Dekker 1971): `high` is rounded, and `low` is the rounding error.
extension ScalarMath {
    /// Returns xⁿ for an integer n: 1 for n = 0.
    package static func power(_ base: Double, _ exponent: Int) -> Double {
        guard exponent >= 0 else {
            let positive = repeatedProduct(base, exponent.magnitude)
            // 1 / (high + low) = (1 − low / high) / high, nearly
            let quotient = 1 / positive.high
            guard quotient.isFinite, quotient != 0 else { return quotient }
            let rest = 1.0.addingProduct(-quotient, positive.high) - quotient * positive.low
            return quotient.addingProduct(quotient, rest)
        }
        let product = repeatedProduct(base, exponent.magnitude)
        return product.high
    }

    /// Returns xʸ. For negative x, y must be an integer.
    package static func pow(_ x: Double, _ y: Double) -> Double {
        if y == 0 { return 1 }
        if x.isNaN || y.isNaN { return .nan }
        if let n = Int(exactly: y), n.magnitude <= 1 << 20 { return power(x, n) }
        guard x > 0 else {
            if x == 0 { return y < 0 ? .infinity : 0 }
            guard y.rounded() == y else { return .nan }
            let isOdd = y.magnitude < 0x1p53 && Int(y) & 1 == 1
            return isOdd ? -pow(-x, y) : pow(-x, y)
        }
        if x == 1 { return 1 }
        guard x < .infinity, y.isFinite else { return (x > 1) == (y > 0) ? .infinity : 0 }
        let logarithm = logInTwoParts(x)
        let product = multiply(logarithm, (y, 0))
        guard product.high.magnitude < 1000 else { return product.high > 0 ? .infinity : 0 }
        let y = exp(product.high)
        return y.isFinite ? y.addingProduct(y, product.low) : y
    }

    private typealias TwoParts = (high: Double, low: Double)

    private static func repeatedProduct(_ base: Double, _ exponent: UInt) -> TwoParts {
        var result: TwoParts = (1, 0)
        var square: TwoParts = (base, 0)
        var left = exponent
        while left > 0 {
            if left & 1 == 1 { result = multiply(result, square) }
            square = multiply(square, square)
            left >>= 1
        }
        return result
    }

    /// ln x = k ln 2 + 2 (s + s³/3 + s⁵/5 + …), s = (m − 1) / (m + 1), |s| < 0.172: sixteen terms reach 2⁻⁸⁴.
    private static func logInTwoParts(_ x: Double) -> TwoParts {
        let (k, m) = splitAtSquareRootOfHalf(x)
        let numerator = m - 1  // exact
        let denominator = sum(m, 1)
        let s = divide((numerator, 0), denominator)
        let z = multiply(s, s)
        var series: TwoParts = (0, 0)
        var n = 33.0
        while n >= 1 {
            series = add(multiply(series, z), divide((1, 0), (n, 0)))
            n -= 2
        }
        let logOfM = multiply(multiply(series, s), (2, 0))
        return add(multiply((0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56), (k, 0)), logOfM)
    }

    private static func sum(_ a: Double, _ b: Double) -> TwoParts {
        let high = a + b
        let rest = high - a
        return (high, (a - (high - rest)) + (b - rest))
    }

    private static func add(_ a: TwoParts, _ b: TwoParts) -> TwoParts {
        let heads = sum(a.high, b.high)
        return normalized(heads.high, heads.low + (a.low + b.low))
    }

    private static func multiply(_ a: TwoParts, _ b: TwoParts) -> TwoParts {
        let product = a.high * b.high
        guard product.isFinite, product != 0 else { return (product, 0) }
        let rest = (-product).addingProduct(a.high, b.high)
        return normalized(product, rest + (a.high * b.low + a.low * b.high))
    }

    private static func divide(_ a: TwoParts, _ b: TwoParts) -> TwoParts {
        let quotient = a.high / b.high
        let rest = a.high.addingProduct(-quotient, b.high)
        return normalized(quotient, (rest + (a.low - quotient * b.low)) / b.high)
    }

    private static func normalized(_ high: Double, _ low: Double) -> TwoParts {
        let total = high + low
        return (total, (high - total) + low)
    }
}
