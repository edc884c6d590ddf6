import CSIMD

/// Squared Euclidean distances between samples and centres, both rows of floats. A distance is the sum of
/// squared differences, over sixteen partial sums that are added pairwise at the end. Its bits depend on the
/// two rows alone, not on the number of centres, and nothing cancels as it does in ‖x‖² − 2x·c + ‖c‖².
package enum Centres {
    @inline(__always)
    private static func total(_ v: SIMD16<Float>) -> Float {
        let eight = v.lowHalf + v.highHalf
        let four = eight.lowHalf + eight.highHalf
        let two = four.lowHalf + four.highHalf
        return two[0] + two[1]
    }

    /// The last, incomplete vector of a row, with zeros behind it.
    @inline(__always)
    private static func rest(_ p: UnsafePointer<Float>, _ start: Int, _ count: Int) -> SIMD16<Float> {
        var v = SIMD16<Float>.zero
        for i in start..<count { v[i - start] = p[i] }
        return v
    }

    /// Returns `Σ (x − c)²`.
    package static func squaredDistance(_ x: UnsafePointer<Float>, _ c: UnsafePointer<Float>, count: Int)
        -> Float
    {
        var sum = SIMD16<Float>.zero
        let whole = count & ~15
        for i in stride(from: 0, to: whole, by: 16) {
            let d = Vector(at: x + i) - Vector(at: c + i)
            sum = csimd_fma(d, d, sum)
        }
        if whole < count {
            let d = rest(x, whole, count) - rest(c, whole, count)
            sum = csimd_fma(d, d, sum)
        }
        return total(sum)
    }

    /// The same for four centres, `stride` floats apart, in one pass over the row.
    @inline(__always)
    private static func fourDistances(
        _ x: UnsafePointer<Float>, _ c: UnsafePointer<Float>, _ stride: Int, _ count: Int
    ) -> (Float, Float, Float, Float) {
        var (s0, s1, s2, s3) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
        let (c1, c2, c3) = (c + stride, c + 2 * stride, c + 3 * stride)
        let whole = count & ~15
        for i in Swift.stride(from: 0, to: whole, by: 16) {
            let v = Vector(at: x + i)
            let (d0, d1, d2, d3) = (
                v - Vector(at: c + i), v - Vector(at: c1 + i), v - Vector(at: c2 + i), v - Vector(at: c3 + i)
            )
            s0 = csimd_fma(d0, d0, s0)
            s1 = csimd_fma(d1, d1, s1)
            s2 = csimd_fma(d2, d2, s2)
            s3 = csimd_fma(d3, d3, s3)
        }
        if whole < count {
            let v = rest(x, whole, count)
            let (d0, d1) = (v - rest(c, whole, count), v - rest(c1, whole, count))
            let (d2, d3) = (v - rest(c2, whole, count), v - rest(c3, whole, count))
            s0 = csimd_fma(d0, d0, s0)
            s1 = csimd_fma(d1, d1, s1)
            s2 = csimd_fma(d2, d2, s2)
            s3 = csimd_fma(d3, d3, s3)
        }
        return (total(s0), total(s1), total(s2), total(s3))
    }

    /// Finds for each row of `x` `[rows, columns]` the nearest of the `count` centres `[count, columns]`, the
    /// first of equals, and its squared distance.
    package static func nearest(
        _ x: UnsafePointer<Float>, rows: Int, columns: Int, centres: UnsafePointer<Float>, count: Int,
        labels: UnsafeMutablePointer<Int32>, distances: UnsafeMutablePointer<Float>
    ) {
        for r in 0..<rows {
            let row = x + r * columns
            var (best, label) = (Float.infinity, 0)
            var k = 0
            while k + 4 <= count {
                let (d0, d1, d2, d3) = fourDistances(row, centres + k * columns, columns, columns)
                if d0 < best { (best, label) = (d0, k) }
                if d1 < best { (best, label) = (d1, k + 1) }
                if d2 < best { (best, label) = (d2, k + 2) }
                if d3 < best { (best, label) = (d3, k + 3) }
                k += 4
            }
            while k < count {
                let d = squaredDistance(row, centres + k * columns, count: columns)
                if d < best { (best, label) = (d, k) }
                k += 1
            }
            labels[r] = Int32(truncatingIfNeeded: label)
            distances[r] = best
        }
    }

    /// `sums[label of the row] += row`, for the rows in order; `sums` is `[centres, columns]`.
    package static func addRows(
        _ x: UnsafePointer<Float>, rows: Int, columns: Int, labels: UnsafePointer<Int32>,
        to sums: UnsafeMutablePointer<Double>
    ) {
        for r in 0..<rows { DoubleVectors.add(x + r * columns, to: sums + Int(labels[r]) * columns, columns) }
    }
}

extension Centres {
    /// `sums += row`, for the rows in order.
    package static func addRows(
        _ x: UnsafePointer<Float>, rows: Int, columns: Int, to sums: UnsafeMutablePointer<Double>
    ) {
        for r in 0..<rows { DoubleVectors.add(x + r * columns, to: sums, columns) }
    }
}
