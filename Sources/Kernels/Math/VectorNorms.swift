import CSIMD

/// Norms of runs of a flat vector, the same bits on every worker: each fixed cell of at most 1,024 floats has
/// its own sums, in double and in one order, and the cells' sums go over the fixed tree on their indices.
package enum VectorNorms {
    /// Doubles that describe a cell: Σ x², Σ |x| and max |x|. With a width of 1 only the first is computed.
    package static let width = 3

    /// Writes the sums of `count` floats, of which none lie beyond the cell; the first lies at a multiple of
    /// 16. Eight partial sums take every eighth value each and are added in a fixed order; the values behind
    /// the last whole vector follow one by one.
    package static func measure(
        _ x: UnsafePointer<Float>, count: Int, width: Int, into sums: UnsafeMutablePointer<Double>
    ) {
        let vectors = UnsafeRawPointer(x).assumingMemoryBound(to: SIMD8<Float>.self)
        let whole = count / 8
        var square = SIMD8<Double>.zero
        for i in 0..<whole {
            let value = SIMD8<Double>(vectors[i])
            square += value * value
        }
        var total = fold(square)
        for i in (8 * whole)..<count { total += Double(x[i]) * Double(x[i]) }
        sums[0] = total
        if width == 3 { measureMagnitudes(x, count: count, into: sums) }
    }

    private static func measureMagnitudes(
        _ x: UnsafePointer<Float>, count: Int, into sums: UnsafeMutablePointer<Double>
    ) {
        var (total, largest) = (0.0, Float(0))
        for i in 0..<count {
            let magnitude = x[i].magnitude
            total += Double(magnitude)
            if !(magnitude <= largest) { largest = magnitude }  // NaN stays
        }
        (sums[1], sums[2]) = (total, Double(largest))
    }

    @inline(__always)
    private static func fold(_ v: SIMD8<Double>) -> Double {
        ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]))
    }

    /// The sums of a run of neighbouring cells (not none), over the tree on their indices.
    package static func combine(_ cells: UnsafePointer<Double>, _ range: Range<Int>, width: Int) -> (
        square: Double, magnitude: Double, largest: Double
    ) {
        guard let (left, right) = ReductionTree.children(of: range) else {
            let cell = cells + range.lowerBound * width
            return width == 3 ? (cell[0], cell[1], cell[2]) : (cell[0], 0, 0)
        }
        let (a, b) = (combine(cells, left, width: width), combine(cells, right, width: width))
        return (
            a.square + b.square, a.magnitude + b.magnitude,
            a.largest >= b.largest || a.largest.isNaN ? a.largest : b.largest
        )
    }

    /// Counts the values above 0 in each column of `x` `[rows, columns]`.
    package static func countPositive(
        _ x: UnsafePointer<Float>, rows: Int, columns: Int, into counts: UnsafeMutablePointer<Double>
    ) {
        for c in 0..<columns { counts[c] = 0 }
        for r in 0..<rows {
            let row = x + r * columns
            for c in 0..<columns { counts[c] += row[c] > 0 ? 1 : 0 }
        }
    }
}
