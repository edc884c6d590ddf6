import Kernels
import Testing

@Suite struct DropoutKernelsTests {
    private static func mask(_ rate: Double, rows: Int, width: Int, firstSample: Int = 0, seed: UInt64 = 3)
        -> (mask: [UInt8], y: [Float])
    {
        var mask = [UInt8](repeating: 2, count: rows * width)
        var y = [Float](repeating: .nan, count: rows * width)
        let x = (0..<(rows * width)).map { Float($0 % 7 + 1) }
        DropoutKernels.forward(
            x, into: &y, mask: &mask, rows: rows, width: width,
            stream: RandomStream(seed: seed, purpose: .dropout, major: 5, minor: 2),
            firstSample: firstSample, threshold: UInt32(rate * 0x1p32), scale: Float(1 / (1 - rate)))
        return (mask, y)
    }

    /// The kept fraction of 100,000 draws is within five deviations of 1 − rate, and the kept values preserve
    /// the sum's expectation.
    @Test(arguments: [0, 0.1, 0.5, 0.9]) func keepsTheRightFraction(rate: Double) {
        let (mask, y) = Self.mask(rate, rows: 100, width: 1000)
        #expect(mask.allSatisfy { $0 < 2 })
        let kept = Double(mask.count { $0 == 1 })
        #expect(abs(kept / 1e5 - (1 - rate)) <= 5 * (rate * (1 - rate) / 1e5).squareRoot())
        for (i, value) in y.enumerated() {
            #expect(value == (mask[i] == 1 ? Float(i % 7 + 1) * Float(1 / (1 - rate)) : 0))
        }
        // No column is kept or dropped for all samples alike.
        if rate == 0.5 {
            #expect((0..<1000).allSatisfy { c in (0..<100).contains { mask[$0 * 1000 + c] != mask[c] } })
        }
    }

    /// A sample's mask depends on its place in the global batch, not on the tile or microbatch that it is
    /// computed in. Widths that are no multiple of 4 too.
    @Test(arguments: [1, 3, 4, 10, 33]) func aSamplesMaskIsItsOwn(width: Int) {
        let whole = Self.mask(0.4, rows: 20, width: width).mask
        for start in [0, 1, 7, 19] {
            #expect(
                Self.mask(0.4, rows: 20 - start, width: width, firstSample: start).mask
                    == Array(whole[(start * width)...]))
        }
        #expect(Self.mask(0.4, rows: 20, width: width, seed: 4).mask != whole || width == 1)
    }

    /// The gradient goes where values were kept, with the same factor.
    @Test func backward() {
        let (mask, _) = Self.mask(0.25, rows: 9, width: 11)
        let dy = (0..<99).map { Float($0) - 50 }
        var dx = [Float](repeating: .nan, count: 99)
        DropoutKernels.backward(dy, mask: mask, into: &dx, count: 99, scale: 4 / 3)
        for i in 0..<99 { #expect(dx[i] == (mask[i] == 1 ? dy[i] * Float(4.0 / 3) : 0)) }
    }
}
