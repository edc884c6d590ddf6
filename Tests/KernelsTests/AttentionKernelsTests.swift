import Kernels
import Testing

/// Attention against its definition in double precision, and the bits of its results under cuts.
@Suite struct AttentionKernelsTests {
    struct Shape: CustomTestStringConvertible, Sendable {
        let heads: Int
        let kvHeads: Int
        let width: Int
        let length: Int
        let isCausal: Bool

        var testDescription: String {
            "\(heads)/\(kvHeads) heads of \(width), length \(length)\(isCausal ? ", causal" : "")"
        }
        var kernels: AttentionKernels {
            AttentionKernels(heads: heads, kvHeads: kvHeads, headWidth: width, isCausal: isCausal)
        }
    }

    /// Lengths on both sides of tiles of 64 keys, blocks of 64 queries and chunks of 256; widths with and
    /// without a rest.
    static let shapes = [true, false].flatMap { isCausal in
        [
            (1, 1, 1, 1), (2, 1, 3, 5), (3, 3, 16, 17), (4, 2, 32, 64), (2, 2, 24, 65), (1, 1, 64, 130),
            (4, 1, 8, 257), (1, 1, 128, 40), (1, 1, 20, 321),
        ].map { Shape(heads: $0.0, kvHeads: $0.1, width: $0.2, length: $0.3, isCausal: isCausal) }
    }

    /// The results of a pass over one sample.
    struct Results {
        let y: FloatBuffer
        let statistics: FloatBuffer
        let dx: FloatBuffer
    }

    private static func scratch(_ count: Int) -> FloatBuffer {
        let buffer = FloatBuffer(count: count)
        buffer.elements.update(repeating: .nan)
        return buffer
    }

    static func compute(
        _ shape: Shape, x: FloatBuffer, dy: FloatBuffer, dropout: AttentionKernels.SampleDropout? = nil
    ) -> Results {
        let (kernels, length) = (shape.kernels, shape.length)
        let y = FloatBuffer(count: length * kernels.outputWidth)
        let statistics = FloatBuffer(count: shape.heads * length * AttentionKernels.statistics)
        let dx = scratch(length * kernels.inputWidth)
        let (forward, backward) = (
            scratch(kernels.forwardScratchCount), scratch(kernels.backwardScratchCount)
        )
        for head in 0..<shape.heads {
            kernels.forward(
                x.pointer, head: head, .init(0..<length, length: length), into: y.pointer,
                statistics: statistics.pointer + head * length * AttentionKernels.statistics,
                dropout: dropout, scratch: forward.pointer)
        }
        for kvHead in 0..<shape.kvHeads {
            kernels.backward(
                .init(
                    x: x.pointer, output: y.pointer, outputGradient: dy.pointer, length: length,
                    dropout: dropout),
                kvHead: kvHead,
                statistics: { UnsafePointer(statistics.pointer) + $0 * length * AttentionKernels.statistics },
                into: dx.pointer, scratch: backward.pointer)
        }
        return Results(y: y, statistics: statistics, dx: dx)
    }

    /// The definition: the outputs and the input's gradient.
    ///
    /// - Parameter factor: that of a probability, for (head, query, key).
    private static func definition(
        _ shape: Shape, _ x: [Double], _ dy: [Double], factor: (Int, Int, Int) -> Double = { _, _, _ in 1 }
    ) -> (y: [Double], dx: [Double]) {
        let (n, d, group) = (shape.length, shape.width, shape.heads / shape.kvHeads)
        let (inputs, outputs) = ((shape.heads + 2 * shape.kvHeads) * d, shape.heads * d)
        var (y, dx) = ([Double](repeating: 0, count: n * outputs), [Double](repeating: 0, count: n * inputs))
        let scale = 1 / Double(d).squareRoot()
        for head in 0..<shape.heads {
            let (q, k) = (head * d, (shape.heads + head / group) * d)
            let v = k + shape.kvHeads * d
            for i in 0..<n {
                let seen = shape.isCausal ? i + 1 : n
                func product(_ a: [Double], _ ai: Int, _ b: [Double], _ bi: Int) -> Double {
                    (0..<d).reduce(0) { $0 + a[ai + $1] * b[bi + $1] }
                }
                let scores = (0..<seen).map { scale * product(x, i * inputs + q, x, $0 * inputs + k) }
                let largest = scores.max() ?? 0
                let exponentials = scores.map { ScalarMath.exp($0 - largest) }
                let sum = exponentials.reduce(0, +)
                let weights = exponentials.map { $0 / sum }
                let factors = (0..<seen).map { factor(head, i, $0) }
                let products = (0..<seen).map {
                    factors[$0] * product(dy, i * outputs + q, x, $0 * inputs + v)
                }
                let mean = zip(weights, products).reduce(0) { $0 + $1.0 * $1.1 }
                for j in 0..<seen {
                    let slope = scale * weights[j] * (products[j] - mean)
                    for c in 0..<d {
                        y[i * outputs + q + c] += factors[j] * weights[j] * x[j * inputs + v + c]
                        dx[j * inputs + v + c] += factors[j] * weights[j] * dy[i * outputs + q + c]
                        dx[i * inputs + q + c] += slope * x[j * inputs + k + c]
                        dx[j * inputs + k + c] += slope * x[i * inputs + q + c]
                    }
                }
            }
        }
        return (y, dx)
    }

    private static func doubles(_ buffer: FloatBuffer) -> [Double] { buffer.elements.map(Double.init) }

    private static func data(_ shape: Shape) -> (x: FloatBuffer, dy: FloatBuffer) {
        (
            randomValues(shape.length * shape.kernels.inputWidth, seed: 3),
            randomValues(shape.length * shape.kernels.outputWidth, seed: 4)
        )
    }

    /// An output is a mean of values near 1; a gradient of a key is a sum over the queries. Both err by some
    /// roundings of the sums of sizes.
    @Test(arguments: shapes) func agreesWithTheDefinition(_ shape: Shape) {
        let (x, dy) = Self.data(shape)
        let results = Self.compute(shape, x: x, dy: dy)
        let exact = Self.definition(shape, Self.doubles(x), Self.doubles(dy))
        let (yBound, dxBound) = (
            64 * unitRoundoff, 64 * unitRoundoff * (4 + Double(shape.length).squareRoot())
        )
        for (found, expected, bound) in [(results.y, exact.y, yBound), (results.dx, exact.dx, dxBound)] {
            var misses = Misses()
            for (i, value) in expected.enumerated() {
                misses.expect(abs(Double(found.pointer[i]) - value) <= bound, at: i)
            }
            #expect(misses == .none)
        }
    }

    // MARK: Dropout

    private static let stream = RandomStream(
        seed: 0x1_0000_0003, purpose: .attentionDropout, major: 7, minor: 2)

    private static func dropout(_ shape: Shape, rate: Double, sample: Int = 5)
        -> AttentionKernels.SampleDropout
    {
        .init(ProbabilityDropout(rate: rate, stream: stream, heads: shape.heads), sample: sample)
    }

    /// The factor of a probability, from the layout of the draws.
    private static func factor(_ shape: Shape, rate: Double, sample: Int = 5) -> (Int, Int, Int) -> Double {
        let heads = (0..<shape.heads).map { stream.block(UInt64(sample * shape.heads + $0)) }
        return { head, query, key in
            let own = heads[head]
            let block = Philox.block(
                counter: SIMD4(UInt32(16 * (key / 64) + key % 16), UInt32(query), own[2], own[3]),
                key: SIMD2(own[0], own[1]))
            return Double(block[key % 64 / 16]) >= rate * 0x1p32 ? 1 / (1 - rate) : 0
        }
    }

    /// The mask is given to the definition explicitly. Factors are at most 2.
    @Test(arguments: shapes) func dropoutAgreesWithTheDefinition(_ shape: Shape) {
        let (x, dy) = Self.data(shape)
        let results = Self.compute(shape, x: x, dy: dy, dropout: Self.dropout(shape, rate: 0.5))
        let exact = Self.definition(
            shape, Self.doubles(x), Self.doubles(dy), factor: Self.factor(shape, rate: 0.5))
        let bound = 128 * unitRoundoff * (4 + Double(shape.length).squareRoot())
        for (found, expected) in [(results.y, exact.y), (results.dx, exact.dx)] {
            var misses = Misses()
            for (i, value) in expected.enumerated() {
                misses.expect(abs(Double(found.pointer[i]) - value) <= bound, at: i)
            }
            #expect(misses == .none)
        }
    }

    /// With values of 1 an output is the sum of the probabilities that are kept, times their factor: its mean
    /// is 1. Without a rate nothing is drawn.
    @Test func dropoutKeepsTheExpectedValue() {
        let shape = Shape(heads: 2, kvHeads: 2, width: 16, length: 320, isCausal: false)
        let (x, dy) = Self.data(shape)
        for row in 0..<shape.length {
            for c in 64..<96 { x.pointer[row * 96 + c] = 1 }
        }
        for rate in [0.1, 0.5] {
            var sum = 0.0
            for sample in 0..<20 {
                let y = Self.compute(
                    shape, x: x, dy: dy, dropout: Self.dropout(shape, rate: rate, sample: sample)
                ).y
                sum += Self.doubles(y).reduce(0, +) / Double(20 * y.count)
            }
            // 4 million draws, whose weights are far from equal: a standard error is below 0.002.
            #expect(abs(sum - 1) < 0.008)
        }
        let (without, none) = (
            Self.compute(shape, x: x, dy: dy),
            Self.compute(shape, x: x, dy: dy, dropout: Self.dropout(shape, rate: 0))
        )
        #expect(Self.doubles(without.y) == Self.doubles(none.y))
        #expect(Self.doubles(without.dx) == Self.doubles(none.dx))
    }

    /// Queries in runs of other sizes draw the same.
    @Test(arguments: [true, false]) func cutsChangeNoDraw(isCausal: Bool) {
        let shape = Shape(heads: 2, kvHeads: 1, width: 20, length: 300, isCausal: isCausal)
        let (x, dy) = Self.data(shape)
        let (kernels, dropout) = (shape.kernels, Self.dropout(shape, rate: 0.25))
        let whole = Self.compute(shape, x: x, dy: dy, dropout: dropout).y
        #expect(Self.doubles(whole) != Self.doubles(Self.compute(shape, x: x, dy: dy).y))
        let scratch = Self.scratch(kernels.forwardScratchCount)
        for size in [1, 13, 100] {
            let y = FloatBuffer(count: whole.count)
            for head in 0..<shape.heads {
                for first in stride(from: 0, to: shape.length, by: size) {
                    let end = min(shape.length, first + size)
                    kernels.forward(
                        x.pointer, head: head, .init(first..<end, length: isCausal ? end : shape.length),
                        into: y.pointer + first * kernels.outputWidth, statistics: nil, dropout: dropout,
                        scratch: scratch.pointer)
                }
            }
            #expect(Self.doubles(y) == Self.doubles(whole), "runs of \(size)")
        }
    }

    /// A cached step: each query alone, with the keys and values up to its own position in memory that ends
    /// with them.
    @Test(arguments: [1, 3, 16, 32, 64, 72]) func cachedStepsHaveTheBitsOfTheWhole(width: Int) {
        let shape = Shape(heads: 2, kvHeads: 1, width: width, length: 200, isCausal: true)
        let (x, dy) = Self.data(shape)
        let whole = Self.compute(shape, x: x, dy: dy)
        let kernels = shape.kernels
        let scratch = Self.scratch(kernels.forwardScratchCount)
        for position in 0..<shape.length {
            let cache = FloatBuffer(count: (position + 1) * kernels.inputWidth)
            cache.pointer.update(from: x.pointer, count: cache.count)
            let y = FloatBuffer(count: kernels.outputWidth)
            for head in 0..<shape.heads {
                kernels.forward(
                    cache.pointer, head: head, .init(position..<(position + 1), length: position + 1),
                    into: y.pointer, statistics: nil, scratch: scratch.pointer)
            }
            var misses = Misses()
            for c in 0..<kernels.outputWidth {
                let expected = whole.y.pointer[position * kernels.outputWidth + c]
                misses.expect(y.pointer[c].bitPattern == expected.bitPattern, at: c)
            }
            #expect(misses == .none, "position \(position)")
        }
    }

    /// Queries in runs of other sizes have the same bits, and so has a head among others.
    @Test(arguments: [true, false]) func cutsChangeNoBit(isCausal: Bool) {
        let shape = Shape(heads: 3, kvHeads: 3, width: 20, length: 300, isCausal: isCausal)
        let (x, dy) = Self.data(shape)
        let (whole, kernels) = (Self.compute(shape, x: x, dy: dy), shape.kernels)
        let scratch = Self.scratch(kernels.forwardScratchCount)
        for size in [1, 7, 13, 64, 100] {
            let y = FloatBuffer(count: whole.y.count)
            for head in 0..<shape.heads {
                for first in stride(from: 0, to: shape.length, by: size) {
                    let end = min(shape.length, first + size)
                    kernels.forward(
                        x.pointer, head: head, .init(first..<end, length: isCausal ? end : shape.length),
                        into: y.pointer + first * kernels.outputWidth, statistics: nil,
                        scratch: scratch.pointer)
                }
            }
            var misses = Misses()
            for i in 0..<y.count {
                misses.expect(y.pointer[i].bitPattern == whole.y.pointer[i].bitPattern, at: i)
            }
            #expect(misses == .none, "runs of \(size)")
        }
        let alone = Shape(heads: 1, kvHeads: 1, width: 20, length: 300, isCausal: isCausal)
        let second = FloatBuffer(count: alone.length * alone.kernels.inputWidth)
        let secondGradient = FloatBuffer(count: alone.length * 20)
        for r in 0..<alone.length {
            for c in 0..<60 {
                second.pointer[r * 60 + c] = x.pointer[r * 180 + c / 20 * 60 + 20 + c % 20]
            }
            for c in 0..<20 { secondGradient.pointer[r * 20 + c] = dy.pointer[r * 60 + 20 + c] }
        }
        let found = Self.compute(alone, x: second, dy: secondGradient)
        var misses = Misses()
        for r in 0..<alone.length {
            for c in 0..<60 {
                let expected = whole.dx.pointer[r * 180 + c / 20 * 60 + 20 + c % 20]
                misses.expect(found.dx.pointer[r * 60 + c].bitPattern == expected.bitPattern, at: r * 60 + c)
            }
        }
        #expect(misses == .none)
    }

    /// Scores far apart: a weight that underflows is 0, and nothing overflows.
    @Test func largeScores() {
        let shape = Shape(heads: 1, kvHeads: 1, width: 16, length: 150, isCausal: true)
        let (x, dy) = Self.data(shape)
        for i in 0..<x.count where i % 48 < 32 { x.pointer[i] *= 30 }
        let results = Self.compute(shape, x: x, dy: dy)
        let exact = Self.definition(shape, Self.doubles(x), Self.doubles(dy))
        var misses = Misses()
        for (i, value) in exact.y.enumerated() {
            misses.expect(abs(Double(results.y.pointer[i]) - value) <= 2e-3, at: i)
        }
        for i in 0..<results.dx.count { misses.expect(results.dx.pointer[i].isFinite, at: i) }
        #expect(misses == .none)
    }
}
