import Kernels
import Platform
import TestSupport
import Testing

/// Against the C library, whose double functions are within 1 ulp.
@Suite struct ScalarMathTests {
    private static func ulps(_ ours: Double, _ oracle: Double) -> Double {
        if ours.isNaN || oracle.isNaN { return ours.isNaN && oracle.isNaN ? 0 : .infinity }
        if ours == oracle { return 0 }
        return abs(ours - oracle) / max(oracle.ulp, 0x1p-1074)
    }

    private static func worst(
        _ ours: (Double) -> Double, _ oracle: (Double) -> Double, _ arguments: [Double]
    ) -> (ulps: Double, at: Double) {
        var worst = (0.0, 0.0)
        for x in arguments {
            let error = ulps(ours(x), oracle(x))
            if error > worst.0 { worst = (error, x) }
        }
        return worst
    }

    /// Bit patterns over the whole range, without subnormals (which threads treat differently), and many
    /// usual numbers.
    private static let arguments: [Double] = {
        var stream = RandomStream(seed: 5, purpose: .test)
        let patterns = (0..<200_000).map { _ in Double(bitPattern: stream.nextUInt64()) }
        let usual = [1.0, 10, 700, 1e5].flatMap { size in
            (0..<100_000).map { _ in stream.uniform(in: -size..<size) }
        }
        let quarters = (-5000...5000).flatMap { i in
            let x = Double(i) * Double.pi / 4
            return [x.nextDown, x, x.nextUp]
        }
        return (patterns + usual + quarters).filter { !$0.isSubnormal }
    }()

    @Test func exponentialIsAccurate() {
        onThread(in: .standard) {
            let normal = Self.arguments.filter { $0 > -708 }
            let worst = Self.worst(ScalarMath.exp, { exp($0) }, normal)
            #expect(worst.ulps <= 1, "at \(worst.at)")
        }
    }

    @Test func logarithmIsAccurate() {
        onThread(in: .standard) {
            let nearOne = (0..<100_000).map { 1 + (Double($0) - 50_000) * 1e-7 }
            let worst = Self.worst(ScalarMath.log, { log($0) }, Self.arguments + nearOne)
            #expect(worst.ulps <= 1, "at \(worst.at)")
        }
    }

    @Test func sineAndCosineAreAccurate() {
        onThread(in: .standard) {
            let hardest = Self.arguments + [.greatestFiniteMagnitude]
            let sine = Self.worst(ScalarMath.sin, { sin($0) }, hardest)
            #expect(sine.ulps <= 1, "at \(sine.at)")
            let cosine = Self.worst(ScalarMath.cos, { cos($0) }, hardest)
            #expect(cosine.ulps <= 1, "at \(cosine.at)")
        }
    }

    /// The double nearest to a multiple of π/2 relative to its size (J.-M. Muller, "Elementary Functions",
    /// section on range reduction); the C library is 8 ulp off, hence the value of mpmath.
    @Test func theHardestReduction() {
        #expect(ScalarMath.cos(6_381_956_970_095_103 * 0x1p797) == -4.6871659242546276111e-19)
    }

    @Test func hyperbolicTangentIsAccurate() {
        onThread(in: .standard) {
            let worst = Self.worst(ScalarMath.tanh, { tanh($0) }, Self.arguments)
            #expect(worst.ulps <= 2, "at \(worst.at)")
        }
    }

    @Test func powersAreAccurate() {
        onThread(in: .standard) {
            var stream = RandomStream(seed: 6, purpose: .test)
            var worst = (ulps: 0.0, x: 0.0, y: 0.0)
            for i in 0..<300_000 {
                let x = i % 2 == 0 ? stream.uniform(in: 0..<2) : exp(stream.uniform(in: -700..<700))
                let y = stream.uniform(in: -700..<700) / max(abs(log(x)), 1e-3)
                let oracle = pow(x, y)
                guard oracle.isNormal else { continue }
                let error = Self.ulps(ScalarMath.pow(x, y), oracle)
                if error > worst.ulps { worst = (error, x, y) }
            }
            #expect(worst.ulps <= 2, "\(worst.x) to the power \(worst.y)")
        }
    }

    @Test func integerPowersAreAccurate() {
        onThread(in: .standard) {
            for base in [0.9, 0.99, 0.999, 0.9999, 1.1, 2, -1.5, 10, 0.1] {
                for exponent in Array(-300...300) + [1000, 100_000, 1_000_000] {
                    let oracle = pow(base, Double(exponent))
                    guard oracle.isNormal else { continue }
                    #expect(
                        Self.ulps(ScalarMath.power(base, exponent), oracle) <= 2,
                        "\(base) to the power \(exponent)")
                }
            }
        }
    }

    @Test func specialValues() {
        onThread(in: .standard) {
            let inf = Double.infinity
            #expect(ScalarMath.exp(0) == 1)
            #expect(ScalarMath.exp(inf) == inf)
            #expect(ScalarMath.exp(710) == inf)
            #expect(ScalarMath.exp(-inf) == 0)
            #expect(ScalarMath.exp(-746) == 0)
            #expect(ScalarMath.exp(.nan).isNaN)
            #expect(ScalarMath.log(0) == -inf)
            #expect(ScalarMath.log(-0.0) == -inf)
            #expect(ScalarMath.log(1) == 0)
            #expect(ScalarMath.log(inf) == inf)
            #expect(ScalarMath.log(-1).isNaN)
            #expect(ScalarMath.log(.nan).isNaN)
            #expect(ScalarMath.sin(-0.0).sign == .minus)
            #expect(ScalarMath.sin(inf).isNaN)
            #expect(ScalarMath.cos(0) == 1)
            #expect(ScalarMath.cos(-inf).isNaN)
            #expect(ScalarMath.tanh(inf) == 1)
            #expect(ScalarMath.tanh(-inf) == -1)
            #expect(ScalarMath.tanh(-0.0).sign == .minus)
            #expect(ScalarMath.tanh(.nan).isNaN)
            #expect(ScalarMath.power(0, 0) == 1)
            #expect(ScalarMath.power(0, 3) == 0)
            #expect(ScalarMath.power(0, -1) == inf)
            #expect(ScalarMath.power(-2, 3) == -8)
            #expect(ScalarMath.power(2, -3) == 0.125)
            #expect(ScalarMath.power(10, 400) == inf)
            #expect(ScalarMath.power(0.1, 400) == 0)
            #expect(ScalarMath.pow(0, 2) == 0)
            #expect(ScalarMath.pow(0, -2) == inf)
            #expect(ScalarMath.pow(-1, 0.5).isNaN)
            #expect(ScalarMath.pow(-2, 3) == -8)
            #expect(ScalarMath.pow(7, 0) == 1)
            #expect(ScalarMath.pow(10, 309) == inf)
            #expect(ScalarMath.pow(10, -400) == 0)
            #expect(ScalarMath.pow(inf, 0.5) == inf)
            #expect(ScalarMath.pow(inf, -0.5) == 0)
            #expect(ScalarMath.pow(.nan, 1).isNaN)
            #expect(ScalarMath.sqrt(2) == 2.0.squareRoot())
        }
    }
}
