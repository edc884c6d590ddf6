import Kernels
import Platform
import Testing

/// Against the definitions in double precision.
///
/// With the exponentials' 1 ulp (2u), the rounding of x − max (u, which scales eˣ by up to u·|x − max|) and a
/// sum of n terms that are all positive, a softmax value errs by (n + 6 + 2 range) u relative to itself.
@Suite struct LossKernelsTests {
    private static func softmax(_ row: [Double]) -> [Double] {
        let largest = row.max() ?? 0
        let exps = row.map { exp($0 - largest) }
        let sum = exps.reduce(0, +)
        return exps.map { $0 / sum }
    }

    private static func row(_ x: FloatBuffer, _ r: Int, _ columns: Int) -> [Double] {
        (0..<columns).map { x.d(r * columns + $0) }
    }

    private static func relativeError(_ row: [Double]) -> Double {
        (Double(row.count) + 6 + 2 * ((row.max() ?? 0) - (row.min() ?? 0))) * unitRoundoff
    }

    private static func scratch(_ columns: Int) -> FloatBuffer {
        FloatBuffer(count: FlatVector.aligned(columns) + 16)
    }

    @Test(arguments: awkwardShapes, [1.0, 20]) func softmax(
        shape: (rows: Int, columns: Int), deviation: Double
    ) {
        let (rows, columns) = shape
        let (x, y) = (
            randomValues(rows * columns, seed: 1, center: 50, deviation: deviation),
            FloatBuffer(count: rows * columns)
        )
        let scratch = Self.scratch(columns)
        LossKernels.softmax(
            x.pointer, into: y.pointer, rows: rows, columns: columns, scratch: scratch.pointer)
        for r in 0..<rows {
            let values = Self.row(x, r, columns)
            let exact = Self.softmax(values)
            let bound = Self.relativeError(values)
            // Values that float cannot hold become zero.
            #expect(
                (0..<columns).allSatisfy {
                    abs(y.d(r * columns + $0) - exact[$0]) <= bound * exact[$0] + 0x1p-126
                })
        }
    }

    @Test(arguments: awkwardShapes) func softmaxBackward(shape: (rows: Int, columns: Int)) {
        var misses = Misses()
        let (rows, columns) = shape
        let (y, dy) = (randomValues(rows * columns, seed: 2), randomValues(rows * columns, seed: 3))
        let dx = FloatBuffer(count: rows * columns)
        LossKernels.softmaxBackward(
            y: y.pointer, dy: dy.pointer, into: dx.pointer, rows: rows, columns: columns)
        for r in 0..<rows {
            let (yr, dyr) = (Self.row(y, r, columns), Self.row(dy, r, columns))
            let products = zip(yr, dyr).map { $0 * $1 }
            let dot = products.reduce(0, +)
            let dotBound = Double(columns) * unitRoundoff * products.reduce(0) { $0 + abs($1) }
            for c in 0..<columns {
                let exact = yr[c] * (dyr[c] - dot)
                let bound = abs(yr[c]) * (dotBound + 3 * unitRoundoff * (abs(dyr[c]) + abs(dot) + dotBound))
                misses.expect(abs(dx.d(r * columns + c) - exact) <= bound, at: c)
            }
        }
        #expect(misses == .none)
    }

    @Test(arguments: awkwardShapes, [1.0, 20]) func crossEntropy(
        shape: (rows: Int, columns: Int), deviation: Double
    ) {
        var misses = Misses()
        let (rows, columns) = shape
        let (x, dx) = (
            randomValues(rows * columns, seed: 4, center: -30, deviation: deviation),
            FloatBuffer(count: rows * columns)
        )
        var random = RandomStream(seed: 5, purpose: .test)
        let labels = (0..<rows).map { _ in Int32(random.below(columns)) }
        let scratch = Self.scratch(columns)
        let found = LossKernels.crossEntropy(
            logits: x.pointer, labels: labels, rows: rows, columns: columns, dx: dx.pointer,
            scratch: scratch.pointer)
        var (loss, bound) = (0.0, 0.0)
        for r in 0..<rows {
            let (values, label) = (Self.row(x, r, columns), Int(labels[r]))
            let (largest, probabilities) = (values.max() ?? 0, Self.softmax(values))
            let sum = values.reduce(0) { $0 + exp($1 - largest) }
            let own = log(sum) - (values[label] - largest)
            loss += own
            // The sum's relative error passes the logarithm as an absolute one; then two roundings of what is
            // subtracted.
            bound +=
                Self.relativeError(values) + 4 * unitRoundoff * (abs(log(sum)) + abs(values[label] - largest))
            for c in 0..<columns {
                let exact = probabilities[c] - (c == label ? 1 : 0)
                let allowed = Self.relativeError(values) * probabilities[c] + unitRoundoff + 0x1p-126
                misses.expect(abs(dx.d(r * columns + c) - exact) <= allowed, at: c)
            }
        }
        #expect(abs(found - loss) <= bound)
        let withoutGradient = LossKernels.crossEntropy(
            logits: x.pointer, labels: labels, rows: rows, columns: columns, dx: nil, scratch: scratch.pointer
        )
        #expect(withoutGradient == found)
        #expect(misses == .none)
    }

    /// Logits that would overflow e: the loss is finite and the gradient that of a sure prediction.
    @Test func extremeLogits() {
        let (x, dx) = (FloatBuffer(count: 6), FloatBuffer(count: 6))
        for (i, value) in [Float(3e4), 0, -3e4, 3e4, 0, -3e4].enumerated() { x.pointer[i] = value }
        let scratch = Self.scratch(3)
        let found = LossKernels.crossEntropy(
            logits: x.pointer, labels: [0, 2], rows: 2, columns: 3, dx: dx.pointer, scratch: scratch.pointer)
        #expect(found == 6e4)
        #expect(Array(dx.elements) == [0, 0, 0, 1, 0, -1])
    }

    /// A row that is not a number must not count as a small loss.
    @Test(arguments: 0..<3) func notANumber(place: Int) {
        let x = FloatBuffer(count: 3)
        x.pointer[place] = .nan
        let scratch = Self.scratch(3)
        let found = LossKernels.crossEntropy(
            logits: x.pointer, labels: [1], rows: 1, columns: 3, dx: nil, scratch: scratch.pointer)
        #expect(found.isNaN)
    }

    /// The definitions with exponents that would overflow, and those where a difference would lose all
    /// digits.
    @Test func extremeBinaryLogits() {
        let (x, t, q, dx) = (
            FloatBuffer(count: 6), FloatBuffer(count: 6), FloatBuffer(count: 1), FloatBuffer(count: 6)
        )
        for (i, value) in [Float(3e4), 3e4, -3e4, -3e4, 20, -20].enumerated() { x.pointer[i] = value }
        for (i, value) in [Float(1), 0, 1, 0, 1, 0].enumerated() { t.pointer[i] = value }
        q.pointer[0] = 3
        let scratch = Self.scratch(32)
        func loss(_ row: Int) -> Double {
            LossKernels.binaryCrossEntropy(
                logits: x.pointer + row, targets: t.pointer + row, positiveWeights: q.pointer, rows: 1,
                columns: 1, dx: dx.pointer + row,
                scratch: scratch.pointer)
        }
        #expect((0..<4).map(loss) == [0, 3e4, 9e4, 0])
        let small = log1p(exp(-20.0))
        #expect(abs(loss(4) - 3 * small) < 1e-6 * small && abs(loss(5) - small) < 1e-6 * small)
        #expect(Array(dx.elements)[..<4] == [0, 1, -3, 0])
    }

    @Test func ranksAmongEquals() {
        let x = FloatBuffer(count: 5)
        for (i, value) in [Float(1), 3, 3, -1, .nan].enumerated() { x.pointer[i] = value }
        #expect((0..<5).map { LossKernels.rank(of: $0, in: x.pointer, columns: 5) } == [2, 0, 1, 3, 5])
    }

    @Test func argmaxTakesTheLowestIndex() {
        let x = FloatBuffer(count: 5)
        for (i, value) in [Float(1), 3, 3, -1, 3].enumerated() { x.pointer[i] = value }
        #expect(LossKernels.argmax(x.pointer, columns: 5) == 1)
        #expect(LossKernels.argmax(x.pointer, columns: 1) == 0)
        #expect(LossKernels.argmax(x.pointer + 3, columns: 2) == 1)
    }

    @Test(arguments: awkwardShapes) func squaredError(shape: (rows: Int, columns: Int)) {
        var misses = Misses()
        let (rows, columns) = shape
        let (y, targets) = (
            randomValues(rows * columns, seed: 6, center: 1), randomValues(rows * columns, seed: 7)
        )
        let dx = FloatBuffer(count: rows * columns)
        let loss = LossKernels.squaredError(
            y.pointer, targets: targets.pointer, rows: rows, columns: columns, dx: dx.pointer)
        var exact = 0.0
        for i in 0..<(rows * columns) {
            let d = y.d(i) - targets.d(i)
            exact += d * d / Double(columns)
            // Three roundings: the share, the difference, the product (2 · share is exact).
            misses.expect(
                abs(dx.d(i) - 2 * d / Double(columns)) <= 3.01 * unitRoundoff * abs(2 * d / Double(columns)),
                at: i)
        }
        // All terms are positive: the difference twice, the square, the sum over a row, the share twice.
        #expect(abs(loss - exact) <= (Double(columns) + 5) * unitRoundoff * exact)
        #expect(
            LossKernels.squaredError(
                y.pointer, targets: targets.pointer, rows: rows, columns: columns, dx: nil) == loss)
        #expect(misses == .none)
    }
}
