import Kernels
import Testing

/// One update against double precision, from the same float state. Lengths are whole vectors of 16.
@Suite struct OptimizerKernelsTests {
    static let counts = [16, 48, 1024, 4112]
    private static let scale: Float = 1 / 96
    private static let common = OptimizerKernels.Common(scale: scale)

    @Test(arguments: counts) func gradientDescent(count: Int) {
        var misses = Misses()
        let (w, g) = (randomValues(count, seed: 1), randomValues(count, seed: 2, deviation: 50))
        let before = Array(w.elements)
        OptimizerKernels.gradientDescent(w.pointer, gradient: g.pointer, count: count, Self.common, rate: 0.1)
        for i in 0..<count {
            let step = Double(Float(0.1)) * g.d(i) * Double(Self.scale)
            let exact = Double(before[i]) - step
            misses.expect(abs(w.d(i) - exact) <= unitRoundoff * (2.01 * abs(step) + abs(exact) * 1.01), at: i)
        }
        #expect(misses == .none)
    }

    @Test(arguments: counts) func momentum(count: Int) {
        var misses = Misses()
        let (w, g, v) = (
            randomValues(count, seed: 3), randomValues(count, seed: 4, deviation: 50),
            randomValues(count, seed: 5)
        )
        let (before, velocity) = (Array(w.elements), Array(v.elements))
        OptimizerKernels.momentum(
            w.pointer, gradient: g.pointer, velocity: v.pointer, count: count, Self.common, rate: 0.1,
            momentum: 0.9)
        for i in 0..<count {
            let (old, new) = (Double(Float(0.9)) * Double(velocity[i]), g.d(i) * Double(Self.scale))
            misses.expect(
                abs(v.d(i) - (old + new)) <= 1.01 * unitRoundoff * (abs(old) + abs(new) + abs(old + new)),
                at: i)
            let step = Double(Float(0.1)) * v.d(i)  // from the velocity as it was stored
            let exact = Double(before[i]) - step
            misses.expect(abs(w.d(i) - exact) <= 1.01 * unitRoundoff * (abs(step) + abs(exact)), at: i)
        }
        #expect(misses == .none)
    }

    private static func adamStep(_ t: Int) -> (
        scalars: OptimizerKernels.AdamStep, rate: Double, correction: Double
    ) {
        let (beta1, beta2) = (0.9, 0.999)
        let correction1 = 1 - (1...t).reduce(1.0) { product, _ in product * beta1 }
        let correction2 = 1 - (1...t).reduce(1.0) { product, _ in product * beta2 }
        let scalars = OptimizerKernels.AdamStep(
            beta1: Float(beta1), beta2: Float(beta2), oneMinusBeta1: Float(1 - beta1),
            oneMinusBeta2: Float(1 - beta2),
            stepSize: Float(0.001 / correction1), inverseRootCorrection2: Float(1 / correction2.squareRoot()),
            epsilon: 1e-8)
        return (scalars, 0.001 / correction1, correction2)
    }

    @Test(arguments: counts, [1, 2, 1000]) func adam(count: Int, t: Int) {
        var misses = Misses()
        let (w, g) = (randomValues(count, seed: 6), randomValues(count, seed: 7, deviation: 50))
        let (m, v) = (randomValues(count, seed: 8, deviation: 0.3), randomValues(count, seed: 9))
        for i in 0..<count { v.pointer[i] *= v.pointer[i] }
        let (before, first, second) = (Array(w.elements), Array(m.elements), Array(v.elements))
        let (scalars, rate, correction) = Self.adamStep(t)
        OptimizerKernels.adam(
            w.pointer, gradient: g.pointer, m: m.pointer, v: v.pointer, count: count, Self.common,
            step: scalars)
        for i in 0..<count {
            let gradient = g.d(i) * Double(Self.scale)
            let (m1, m2) = (0.9 * Double(first[i]), 0.1 * gradient)
            let v1 = 0.999 * Double(second[i]) + 0.001 * gradient * gradient
            // Rounded scalars and products: at most 4 roundings of each part.
            misses.expect(abs(m.d(i) - (m1 + m2)) <= 5 * unitRoundoff * (abs(m1) + abs(m2)), at: i)
            misses.expect(abs(v.d(i) - v1) <= 6 * unitRoundoff * v1, at: i)
            let step = rate * m.d(i) / ((v.d(i) / correction).squareRoot() + 1e-8)
            // Scalars, root, product, sum, product, quotient: 8 roundings, and that of the difference.
            let exact = Double(before[i]) - step
            misses.expect(abs(w.d(i) - exact) <= unitRoundoff * (8.1 * abs(step) + 1.01 * abs(exact)), at: i)
        }
        #expect(misses == .none)
    }

    /// Nothing moves where nothing has been: padding stays zero for ever, with Adam's ε in the denominator.
    @Test func zerosStayZero() {
        let buffers = (0..<4).map { _ in FloatBuffer(count: 64) }
        let (w, g, m, v) = (buffers[0].pointer, buffers[1].pointer, buffers[2].pointer, buffers[3].pointer)
        for t in 1...3 {
            OptimizerKernels.adam(
                w, gradient: g, m: m, v: v, count: 64, Self.common, step: Self.adamStep(t).scalars)
        }
        OptimizerKernels.momentum(
            w, gradient: g, velocity: m, count: 64, Self.common, rate: 0.1, momentum: 0.9)
        OptimizerKernels.gradientDescent(w, gradient: g, count: 64, Self.common, rate: 0.1)
        #expect(buffers.allSatisfy { $0.elements.allSatisfy { $0 == 0 } })
    }

    /// An update in pieces has the bits of one in a whole: owners cut where they like.
    @Test func piecesChangeNoBit() {
        func run(_ cuts: [Int]) -> [UInt32] {
            let (w, g) = (randomValues(1024, seed: 10), randomValues(1024, seed: 11))
            let (m, v) = (FloatBuffer(count: 1024), FloatBuffer(count: 1024))
            for t in 1...3 {
                for (a, b) in zip(cuts, cuts.dropFirst()) {
                    OptimizerKernels.adam(
                        w.pointer + a, gradient: g.pointer + a, m: m.pointer + a, v: v.pointer + a,
                        count: b - a, Self.common,
                        step: Self.adamStep(t).scalars)
                }
            }
            return [w, m, v].flatMap { $0.elements.map(\.bitPattern) }
        }
        #expect(run([0, 1024]) == run([0, 16, 512, 528, 1024]))
    }
}
