import Kernels
import Testing

/// Against sums in double precision.
///
/// A float sum of at most 128 terms errs by at most 127 u Σ|x| of its block (u = 2⁻²⁴); blocks add up in double, whose errors are
/// far below. So the bound of a column's sum is 127 u Σ|x|, plus what each term lost by itself.
@Suite struct ColumnsTests {
    private static let blockError = 127 * unitRoundoff

    private static func column(_ x: FloatBuffer, _ c: Int, _ shape: (rows: Int, columns: Int)) -> [Double] {
        (0..<shape.rows).map { Double(x.pointer[$0 * shape.columns + c]) }
    }

    @Test(arguments: awkwardShapes) func addBias(shape: (rows: Int, columns: Int)) {
        let (x, bias) = (randomValues(shape.rows * shape.columns, seed: 1), randomValues(shape.columns, seed: 2))
        let before = Array(x.elements)
        Columns.addBias(bias.pointer, to: x.pointer, rows: shape.rows, columns: shape.columns)
        #expect(before.indices.allSatisfy { x.pointer[$0] == before[$0] + bias.pointer[$0 % shape.columns] })
    }

    @Test(arguments: awkwardShapes) func sum(shape: (rows: Int, columns: Int)) {
        var misses = Misses()
        let x = randomValues(shape.rows * shape.columns, seed: 3, center: 0.5)
        let (sums, scratch) = (DoubleBuffer(count: shape.columns), FloatBuffer(count: shape.columns))
        Columns.sum(x.pointer, rows: shape.rows, columns: shape.columns, into: sums.pointer, scratch: scratch.pointer)
        for c in 0..<shape.columns {
            let values = Self.column(x, c, shape)
            let bound = Self.blockError * values.reduce(0) { $0 + abs($1) }
            misses.expect(abs(sums.pointer[c] - values.reduce(0, +)) <= bound, at: c)
        }
        #expect(misses == .none)
    }

    /// A mean of 1,000 with deviations of 1: E[x²] − E[x]² in float would have no correct digit.
    @Test(arguments: awkwardShapes, [0.0, 1000]) func moments(shape: (rows: Int, columns: Int), center: Double) {
        var misses = Misses()
        let x = randomValues(shape.rows * shape.columns, seed: 4, center: center)
        let (out, scratch) = (DoubleBuffer(count: 1 + 2 * shape.columns), FloatBuffer(count: 2 * shape.columns))
        Columns.moments(x.pointer, rows: shape.rows, columns: shape.columns, into: out.pointer, scratch: scratch.pointer)
        #expect(out.pointer[0] == Double(shape.rows))
        for c in 0..<shape.columns {
            let values = Self.column(x, c, shape)
            let n = Double(shape.rows)
            let mean = values.reduce(0, +) / n
            let m2 = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            let meanBound = Self.blockError * values.reduce(0) { $0 + abs($1) } / n
            misses.expect(abs(out.pointer[1 + c] - mean) <= meanBound, at: c)
            // Deviations d from the float nearest the computed mean: exact but for 1 rounding each, squared 3, summed 127; and a mean that is δ off
            // adds n δ².
            let deviations = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            let m2Bound = (Self.blockError + 4 * unitRoundoff) * (deviations + n * meanBound * meanBound) + 2 * n * meanBound * meanBound
            misses.expect(
                abs(out.pointer[1 + shape.columns + c] - m2) <= m2Bound + 0x1p-40 * (1 + center * center) * n * unitRoundoff, at: c)
        }
        #expect(misses == .none)
    }

    @Test func constantColumnsHaveNoVariance() {
        var misses = Misses()
        let x = FloatBuffer(count: 3 * 500)
        for i in 0..<1500 { x.pointer[i] = [0.1, -3e7, 0][i % 3] }
        let (out, scratch) = (DoubleBuffer(count: 7), FloatBuffer(count: 6))
        Columns.moments(x.pointer, rows: 500, columns: 3, into: out.pointer, scratch: scratch.pointer)
        for c in 0..<3 {
            let value = Double(x.pointer[c])
            misses.expect(abs(out.pointer[1 + c] - value) <= Self.blockError * abs(value), at: c)
            // At most n times the squared error of the mean.
            let bound = 500 * (Self.blockError * value) * (Self.blockError * value)
            #expect(out.pointer[4 + c] >= 0 && out.pointer[4 + c] <= bound)
        }
        #expect(misses == .none)
    }

    @Test(arguments: awkwardShapes) func normalize(shape: (rows: Int, columns: Int)) {
        var misses = Misses()
        let count = shape.rows * shape.columns
        let (x, y) = (randomValues(count, seed: 5, center: 3), FloatBuffer(count: count))
        let (mean, factor) = (randomValues(shape.columns, seed: 6, center: 3), randomValues(shape.columns, seed: 7, center: 2))
        let shift = randomValues(shape.columns, seed: 8)
        Columns.normalize(
            x.pointer, mean: mean.pointer, factor: factor.pointer, shift: shift.pointer, into: y.pointer, rows: shape.rows,
            columns: shape.columns)
        for i in 0..<count {
            let c = i % shape.columns
            let product = (Double(x.pointer[i]) - Double(mean.pointer[c])) * Double(factor.pointer[c])
            let exact = product + Double(shift.pointer[c])
            // One rounding each of the difference, the product and the sum.
            misses.expect(abs(Double(y.pointer[i]) - exact) <= 1.01 * unitRoundoff * (2 * abs(product) + abs(exact)), at: i)
        }
        #expect(misses == .none)
    }

    @Test(arguments: awkwardShapes) func batchNormBackwardSums(shape: (rows: Int, columns: Int)) {
        var misses = Misses()
        let count = shape.rows * shape.columns
        let (x, dy) = (randomValues(count, seed: 9, center: 3), randomValues(count, seed: 10, center: 0.2))
        let (mean, invStd) = (randomValues(shape.columns, seed: 11, center: 3), randomValues(shape.columns, seed: 12, center: 2))
        let (out, scratch) = (DoubleBuffer(count: 2 * shape.columns), FloatBuffer(count: 2 * shape.columns))
        Columns.batchNormBackwardSums(
            x: x.pointer, dy: dy.pointer, mean: mean.pointer, invStd: invStd.pointer, rows: shape.rows, columns: shape.columns,
            into: out.pointer, scratch: scratch.pointer)
        for c in 0..<shape.columns {
            let gradients = Self.column(dy, c, shape)
            let terms = zip(Self.column(x, c, shape), gradients).map {
                ($0 - Double(mean.pointer[c])) * Double(invStd.pointer[c]) * $1
            }
            let dyBound = Self.blockError * gradients.reduce(0) { $0 + abs($1) }
            misses.expect(abs(out.pointer[c] - gradients.reduce(0, +)) <= dyBound, at: c)
            // Three roundings make each term.
            let termBound = (Self.blockError + 3.01 * unitRoundoff) * terms.reduce(0) { $0 + abs($1) }
            misses.expect(abs(out.pointer[shape.columns + c] - terms.reduce(0, +)) <= termBound, at: c)
        }
        #expect(misses == .none)
    }

    @Test(arguments: awkwardShapes) func batchNormBackward(shape: (rows: Int, columns: Int)) {
        var misses = Misses()
        let count = shape.rows * shape.columns
        let (x, dy, dx) = (randomValues(count, seed: 13, center: 3), randomValues(count, seed: 14), FloatBuffer(count: count))
        let rows = (0..<5).map { randomValues(shape.columns, seed: 20 + $0, center: $0 == 0 ? 3 : 0.5) }
        Columns.batchNormBackward(
            x: x.pointer, dy: dy.pointer, mean: rows[0].pointer, invStd: rows[1].pointer, scale: rows[2].pointer,
            meanDy: rows[3].pointer, meanDyX: rows[4].pointer, into: dx.pointer, rows: shape.rows, columns: shape.columns)
        for i in 0..<count {
            let (mean, invStd, scale, meanDy, meanDyX) = {
                (rows[0].d($0), rows[1].d($0), rows[2].d($0), rows[3].d($0), rows[4].d($0))
            }(i % shape.columns)
            let xHat = (x.d(i) - mean) * invStd
            let exact = scale * (dy.d(i) - meanDy - xHat * meanDyX)
            // Six roundings of values no larger than the sum of the terms' sizes.
            let size = abs(scale) * (abs(dy.d(i)) + abs(meanDy) + abs(xHat * meanDyX))
            misses.expect(abs(dx.d(i) - exact) <= 6 * unitRoundoff * size, at: i)
        }
        #expect(misses == .none)
    }
}

extension AlignedBuffer<Float> {
    func d(_ i: Int) -> Double { Double(pointer[i]) }
}
