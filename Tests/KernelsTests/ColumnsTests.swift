import Kernels
import Testing

/// Against sums in double precision.
///
/// A float sum of at most 128 terms errs by at most 127 u Σ|x| of its block (u = 2⁻²⁴); blocks add up in
/// double, whose errors are far below. So the bound of a column's sum is 127 u Σ|x|, plus what each term lost
/// by itself.
@Suite struct ColumnsTests {
    private static let blockError = 127 * unitRoundoff

    private static func column(_ x: FloatBuffer, _ c: Int, _ shape: (rows: Int, columns: Int)) -> [Double] {
        (0..<shape.rows).map { Double(x.pointer[$0 * shape.columns + c]) }
    }

    @Test(arguments: awkwardShapes) func addBias(shape: (rows: Int, columns: Int)) {
        let (x, bias) = (
            randomValues(shape.rows * shape.columns, seed: 1), randomValues(shape.columns, seed: 2)
        )
        let before = Array(x.elements)
        Columns.addBias(bias.pointer, to: x.pointer, rows: shape.rows, columns: shape.columns)
        #expect(before.indices.allSatisfy { x.pointer[$0] == before[$0] + bias.pointer[$0 % shape.columns] })
    }

    @Test(arguments: awkwardShapes) func sum(shape: (rows: Int, columns: Int)) {
        var misses = Misses()
        let x = randomValues(shape.rows * shape.columns, seed: 3, center: 0.5)
        let (sums, scratch) = (DoubleBuffer(count: shape.columns), FloatBuffer(count: shape.columns))
        Columns.sum(
            x.pointer, rows: shape.rows, columns: shape.columns, into: sums.pointer, scratch: scratch.pointer)
        for c in 0..<shape.columns {
            let values = Self.column(x, c, shape)
            let bound = Self.blockError * values.reduce(0) { $0 + abs($1) }
            misses.expect(abs(sums.pointer[c] - values.reduce(0, +)) <= bound, at: c)
        }
        #expect(misses == .none)
    }
}

extension AlignedBuffer<Float> {
    func d(_ i: Int) -> Double { Double(pointer[i]) }
}
